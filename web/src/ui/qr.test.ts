import { expect, test } from "vitest";
import { drawQr, pathOf } from "./qr";

test("a run of dark modules is one rectangle", () => {
  expect(pathOf([[true, true, false, true]])).toBe("M0 0h2v1H0zM3 0h1v1H3z");
});

test("rows go downwards", () => {
  expect(pathOf([[false], [true]])).toBe("M0 1h1v1H0z");
});

test("a code has the quiet zone that scanners need", async () => {
  const { size, path } = await drawQr("https://parlour.example/r/K7P3");
  const xs = [...path.matchAll(/M(\d+) (\d+)/g)].flatMap((match) => [Number(match[1]), Number(match[2])]);
  expect(Math.min(...xs)).toBe(4);
  expect(Math.max(...xs)).toBeLessThan(size - 4);
});
