import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HUES } from "../ui/avatar";
import { contrast, parseOklch } from "./colour";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

function tokensOf(theme: "light" | "dark"): Map<string, string> {
  const block = css.split(`:root[data-theme="${theme}"] {`)[1]?.split("\n}")[0] ?? "";
  return new Map([...block.matchAll(/--([\w-]+): ([^;]+);/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

const AAA = 7;
const AA = 4.5;
/** Edges of fields and what is not text. */
const EDGE = 3;

const PAIRS: readonly (readonly [text: string, ground: string, atLeast: number])[] = [
  ["ink", "paper", AAA],
  ["ink", "raised", AAA],
  ["ink", "mine", AAA],
  ["ink", "danger-soft", AAA],
  ["ink", "sunken", AAA],
  ["ink-soft", "paper", AA],
  ["ink-soft", "raised", AA],
  ["ink-soft", "sunken", AA],
  ["ink-soft", "idle", AA],
  ["ink-soft", "mine", AA],
  ["accent", "paper", AA],
  ["accent", "raised", AA],
  ["accent", "mine", AA],
  ["accent", "danger-soft", AA],
  ["accent-ink", "accent", AA],
  ["accent-ink", "accent-hover", AA],
  ["tile-ink", "tile", AAA],
  ["danger", "paper", AA],
  ["danger", "raised", AA],
  ["warning-ink", "warning-soft", AA],
  ["line-strong", "paper", EDGE],
  ["line-strong", "raised", EDGE],
  ["here", "paper", EDGE],
  ["here", "raised", EDGE],
];

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  const tokens = tokensOf(theme);
  const colour = (name: string) => parseOklch(tokens.get(name) ?? "");

  test.each(PAIRS)("%s is readable on %s", (text, ground, atLeast) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(atLeast);
  });

  test("what is idle lies on a card and is no hole in it", () => {
    const [idle, raised, paper] = ["idle", "raised", "paper"].map((name) => colour(name).lightness) as [number, number, number];
    expect(Math.sign(idle - raised)).toBe(theme === "dark" ? 1 : -1);
    expect(theme === "dark" ? idle > paper : true).toBe(true);
  });

  test.each(HUES)("the initials are readable on the avatar of hue %d", (hue) => {
    const ground = { lightness: Number(tokens.get("avatar-ground")), chroma: Number(tokens.get("avatar-chroma")), hue };
    const ink = parseOklch(tokens.get("avatar-ink") ?? tokensOf("light").get("avatar-ink") ?? "");
    expect(contrast(ink, ground)).toBeGreaterThanOrEqual(AA);
  });
});

test("black on white is 21 to 1, as WCAG says", () => {
  expect(contrast({ lightness: 0, chroma: 0, hue: 0 }, { lightness: 1, chroma: 0, hue: 0 })).toBeCloseTo(21, 1);
});
