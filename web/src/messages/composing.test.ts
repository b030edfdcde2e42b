import { describe, expect, test } from "vitest";
import { BODY_LIMIT, charactersLeft, isSendKey } from "./composing";

const enter = { key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, isComposing: false, keyCode: 13 };

describe("Enter", () => {
  test("sends", () => {
    expect(isSendKey(enter)).toBe(true);
  });

  test("with Shift begins a new line", () => {
    expect(isSendKey({ ...enter, shiftKey: true })).toBe(false);
  });

  test("that chooses a candidate of the input method does not send", () => {
    expect(isSendKey({ ...enter, isComposing: true })).toBe(false);
  });

  test("that ends a composition in Safari does not send", () => {
    expect(isSendKey({ ...enter, keyCode: 229 })).toBe(false);
  });
});

describe("what still fits", () => {
  test("is counted in code points, as the server counts", () => {
    expect(charactersLeft("🎹".repeat(3900))).toBe(BODY_LIMIT - 3900);
  });

  test("is negative when it is too much", () => {
    expect(charactersLeft("x".repeat(4001))).toBe(-1);
  });
});
