import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { untilMidnight, whenDayChanges } from "./today";

let seen: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(2026, 10, 24, 23, 59, 30) });
  vi.stubGlobal("document", {
    addEventListener: (_: string, look: () => void) => (seen = look),
    removeEventListener: () => (seen = () => undefined),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a page that stays open is told at midnight, each time", () => {
  const days: number[] = [];
  whenDayChanges(() => days.push(new Date().getDate()));
  vi.advanceTimersByTime(29_000);
  expect(days).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(days).toEqual([25]);
  vi.advanceTimersByTime(24 * 3_600_000);
  expect(days).toEqual([25, 26]);
});

test("a page that slept through midnight looks as soon as it is seen", () => {
  const changed = vi.fn();
  whenDayChanges(changed);
  vi.setSystemTime(new Date(2026, 10, 26, 9, 0));
  seen();
  seen();
  expect(changed).toHaveBeenCalledOnce();
});

test("a page that shows no day any more does not look", () => {
  const changed = vi.fn();
  whenDayChanges(changed)();
  vi.advanceTimersByTime(3 * 24 * 3_600_000);
  expect(changed).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("a day with a change of the clock still ends at midnight", () => {
  const now = new Date(2026, 9, 25, 0, 0);
  expect(new Date(now.getTime() + untilMidnight(now)).getDate()).toBe(26);
});
