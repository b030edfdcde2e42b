import { expect, test } from "vitest";
import { isGesture } from "./emoji";

test.each(["👋", "🎹🎶", "❤️", "👩‍🚀", "👍🏽 👍🏿", "🇫🇮"])("%s is a gesture", (text) => {
  expect(isGesture(text)).toBe(true);
});

test.each(["", " ", "hi 👋", "4", "#", "👋👋👋👋", "©", "👋".repeat(4000)])("%j is a text", (text) => {
  expect(isGesture(text)).toBe(false);
});
