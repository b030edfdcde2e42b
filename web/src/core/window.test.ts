import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latest, shifted } from "./window";

describe("the rows in the document", () => {
  it("are the newest ones at first", () => {
    expect(latest(10_000)).toEqual({ start: 9_800, end: 10_000 });
    expect(latest(7)).toEqual({ start: 0, end: 7 });
  });

  it("move by steps and stop at both ends", () => {
    expect(shifted(latest(1_000), 1_000, -50)).toEqual({ start: 750, end: 950 });
    expect(shifted({ start: 20, end: 220 }, 1_000, -50)).toEqual({ start: 0, end: 200 });
    expect(shifted({ start: 790, end: 990 }, 1_000, 50)).toEqual({ start: 800, end: 1_000 });
  });

  it("are never more than the window holds, nor beyond the list", () => {
    const numbers = [fc.nat(5_000), fc.nat(5_000), fc.integer({ min: -6_000, max: 6_000 })] as const;
    fc.assert(
      fc.property(...numbers, (start, count, by) => {
        const view = shifted({ start, end: start + 200 }, count, by);
        expect(view.start).toBeGreaterThanOrEqual(0);
        expect(view.end).toBeLessThanOrEqual(count);
        expect(view.end - view.start).toBe(Math.min(200, count));
      }),
    );
  });
});
