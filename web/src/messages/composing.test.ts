import { describe, expect, test } from "vitest";
import { charactersLeft, isSendKey, needsOtherWords, stepOf, takenBack } from "./composing";

const enter = { key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, isComposing: false, keyCode: 13 };

describe("Enter", () => {
  test("sends", () => {
    expect(isSendKey(enter, true)).toBe(true);
  });

  test("with Shift begins a new line", () => {
    expect(isSendKey({ ...enter, shiftKey: true }, true)).toBe(false);
  });

  test("begins a new line where there is only a keyboard on the screen", () => {
    expect(isSendKey(enter, false)).toBe(false);
    expect(isSendKey({ ...enter, ctrlKey: true }, false)).toBe(true);
  });

  test("that chooses a candidate of the input method does not send", () => {
    expect(isSendKey({ ...enter, isComposing: true }, true)).toBe(false);
  });

  test("that ends a composition in Safari does not send", () => {
    expect(isSendKey({ ...enter, keyCode: 229 }, true)).toBe(false);
  });
});

describe("what still fits", () => {
  test("is counted in code points, as the server counts", () => {
    expect(charactersLeft("🎹".repeat(3900), 4000)).toBe(100);
  });

  test("is negative when it is too much", () => {
    expect(charactersLeft("x".repeat(4001), 4000)).toBe(-1);
  });
});

test("what still fits is said in steps, and not with every key", () => {
  expect([4000, 400, 399, 101, 100, 21, 20, 1, 0, -1, -50].map(stepOf)).toEqual([
    null, null, 399, 399, 100, 100, 20, 20, 0, "over", "over",
  ]);
});

test("only a letter that is refused for its words is given back to be mended", () => {
  expect(needsOtherWords("forbidden_characters")).toBe(true);
  expect(needsOtherWords("expired")).toBe(false);
  expect(needsOtherWords(undefined)).toBe(false);
});

test("a letter taken back stands above what was begun meanwhile", () => {
  expect(takenBack("first", "")).toBe("first");
  expect(takenBack("first", "second")).toBe("first\nsecond");
});
