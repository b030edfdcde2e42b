import { expect, test } from "vitest";
import { hueOf, HUES, initialsOf } from "./avatar";

test.each([
  ["Ada Lovelace", "AL"],
  ["maria", "M"],
  ["  Jean  Luc  Picard ", "JP"],
  ["éloïse", "É"],
  ["👩‍🚀 Zoe", "👩‍🚀"],
  ["蕾 Lei", "蕾"],
  ["نور الهدى", "نا"],
  ["", ""],
])("the initials of %j are %j", (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

test("a person has one colour, whatever the name", () => {
  expect(hueOf("k3J9x_-aBcDeFgHiJkLmNo")).toBe(hueOf("k3J9x_-aBcDeFgHiJkLmNo"));
});

test("people spread over the colours", () => {
  const counts = new Map<number, number>();
  for (let index = 0; index < 1200; index += 1) {
    const hue = hueOf(`person-${index}-of-a-crowded-room`);
    counts.set(hue, (counts.get(hue) ?? 0) + 1);
  }
  expect(counts.size).toBe(HUES.length);
  // 100 each if it were perfect.
  expect(Math.min(...counts.values())).toBeGreaterThan(60);
});
