import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latest, WINDOW_SIZE, type RowWindow } from "../core/window";
import type { Row } from "../state/contract";
import { windowAfter } from "./place";

function message(key: string): Row {
  return {
    kind: "message", key, cid: key, seq: 1, author: { id: "p", name: "Ada" }, mine: false, startsGroup: true, body: key,
    at: "2026-11-24T06:30:00.000Z", editedAt: null, deleted: false, replyTo: null, delivery: "sent", failure: null, waitingFor: null,
  };
}

const day: Row = { kind: "day", key: "day", day: "2026-11-24", at: "2026-11-24T00:00:00.000Z" };
const messages = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => message(`m${from + index}`));
const keysOf = (rows: readonly Row[], view: RowWindow) => rows.slice(view.start, view.end).map((row) => row.key);

describe("the window of a reader who is not at the end", () => {
  test("shows the same messages after older ones came", () => {
    const before = [day, ...messages(500, 900)];
    const view = { start: 1, end: 1 + WINDOW_SIZE };
    const now = [day, ...messages(450, 900)];
    expect(keysOf(now, windowAfter(view, before, now))).toEqual(keysOf(before, view));
  });

  test("follows the messages and not the day's line, which moves to the front", () => {
    const before = [day, ...messages(500, 900)];
    const now = [day, ...messages(450, 900)];
    const shown = keysOf(now, windowAfter({ start: 0, end: WINDOW_SIZE }, before, now));
    expect(shown).toContain("m500");
    expect(shown[1]).toBe("m500");
  });

  test("stays where it is when new messages come", () => {
    const before = messages(0, 400);
    const view = { start: 100, end: 300 };
    expect(windowAfter(view, before, messages(0, 405))).toEqual(view);
  });

  test("begins anew at the end when nothing of it is left", () => {
    const now = messages(1000, 1300);
    expect(windowAfter({ start: 0, end: 200 }, messages(0, 300), now)).toEqual(latest(300));
  });
});

test("the window never holds more rows than fit, and never rows that are not there", () => {
  fc.assert(
    fc.property(fc.nat(600), fc.nat(300), fc.nat(300), fc.nat(600), (count, older, newer, start) => {
      const before = messages(1000, 1000 + count);
      const now = messages(1000 - older, 1000 + count + newer);
      const from = Math.min(start, Math.max(0, count - WINDOW_SIZE));
      const view = windowAfter({ start: from, end: Math.min(count, from + WINDOW_SIZE) }, before, now);
      expect(view.start).toBeGreaterThanOrEqual(0);
      expect(view.end).toBeLessThanOrEqual(now.length);
      expect(view.end - view.start).toBeLessThanOrEqual(WINDOW_SIZE);
    }),
  );
});
