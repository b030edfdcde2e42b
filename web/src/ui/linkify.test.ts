import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linkify } from "./linkify";

const linksOf = (text: string) => linkify(text).flatMap((piece) => (piece.kind === "link" ? [piece.text] : []));

describe("an address becomes a link", () => {
  test.each([
    ["https://example.org", ["https://example.org"]],
    ["see HTTPS://Example.org/a?b=c#d there", ["HTTPS://Example.org/a?b=c#d"]],
    ["http://192.168.1.20:8000/r/K7P3", ["http://192.168.1.20:8000/r/K7P3"]],
    ["two: https://a.example and https://b.example", ["https://a.example", "https://b.example"]],
    ["https://例え.jp/パス", ["https://例え.jp/パス"]],
  ])("%s", (text, links) => {
    expect(linksOf(text)).toEqual(links);
  });
});

describe("the sentence around an address is not part of it", () => {
  test.each([
    ["Look at https://example.org.", "https://example.org"],
    ["(https://example.org/a)", "https://example.org/a"],
    ["https://en.wikipedia.org/wiki/Parlour_(room)", "https://en.wikipedia.org/wiki/Parlour_(room)"],
    ["Is it https://example.org/?!", "https://example.org/"],
    ["*https://example.org*", "https://example.org"],
    ["([https://example.org/x].)", "https://example.org/x"],
  ])("%s", (text, link) => {
    expect(linksOf(text)).toEqual([link]);
  });
});

test("an address that is too long to lead anywhere stays text, whole", () => {
  const tail = "x".repeat(2048 - "https://a.example/".length);
  expect(linksOf(`https://a.example/${tail}`)).toHaveLength(1);
  expect(linksOf(`https://a.example/${tail}x`)).toEqual([]);
});

// Each of them once took a second of everybody's time, or fifteen.
test.each([
  ["dots before a character", `https://a.bb/${".".repeat(2600)}x${")".repeat(1300)}`],
  ["brackets that nothing opened", `https://a.bb/${")".repeat(3900)}`],
  ["brackets between dots", `https://a.bb/${").".repeat(1900)}`],
  ["addresses one after another", "https://a.bb/).".repeat(260)],
])("a room full of %s opens at once", (_, body) => {
  const began = performance.now();
  for (let message = 0; message < 30; message += 1) linkify(body);
  expect(performance.now() - began).toBeLessThan(500);
});

describe("what could harm or mislead stays text", () => {
  test.each([
    "javascript:alert(1)",
    "data:text/html,<script>",
    "xhttps://example.org",
    "https://",
    "https://bank.example@evil.example/",
    "https://user:secret@evil.example/",
  ])("%s", (text) => {
    expect(linksOf(text)).toEqual([]);
  });

  test("an address ends where a bidi override begins", () => {
    expect(linksOf("https://example.org/\u202egpj.exe")).toEqual(["https://example.org/"]);
  });
});

test("no character of the text is lost or added", () => {
  const words = fc.constantFrom("https://a.example/x", "http://b.example).", "(", " ", "\n", "hello", "🎹", "https://", "@");
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      const text = parts.join("");
      expect(linkify(text).map((piece) => piece.text).join("")).toBe(text);
    }),
  );
});

test("every link leads to http or https and names no user", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (tail) => {
      for (const piece of linkify(`https://${tail}`)) {
        if (piece.kind === "link") expect(new URL(piece.href)).toMatchObject({ username: "", password: "" });
      }
    }),
  );
});
