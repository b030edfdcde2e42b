import { expect, test } from "vitest";
import { codeIn } from "./code";

test.each([
  ["k7p3", "K7P3"],
  [" K7 p3 ", "K7P3"],
  ["k7-p3", "K7P3"],
  ["Ｋ７Ｐ３", "K7P3"],
  ["https://parlour.example/r/k7p3", "K7P3"],
  ["http://192.168.1.20:8000/r/K7P3?from=qr#x", "K7P3"],
  ["K7P3AB9Z22", "K7P3AB9Z"],
  ["…", ""],
])("%j says %j", (text, code) => {
  expect(codeIn(text)).toBe(code);
});
