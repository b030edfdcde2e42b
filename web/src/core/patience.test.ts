import { expect, it } from "vitest";
import { someOf, waitAfter } from "./patience";

it("waits longer after every failure, up to half a minute", () => {
  expect([0, 1, 2, 5, 99].map((tries) => waitAfter(tries).maxMs)).toEqual([1_000, 2_000, 4_000, 30_000, 30_000]);
});

it("comes at no fixed time, and never before the server asked", () => {
  const wait = waitAfter(3, 7_000);
  expect([0, 0.5, 1].map((dice) => someOf(wait, () => dice))).toEqual([7_500, 11_250, 15_000]);
});
