/** How long to wait before what failed is tried again, the same everywhere on the page. */

export interface Wait {
  readonly minMs: number;
  readonly maxMs: number;
}

const MIN_MS = 500;
const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/** Full jitter under a doubling bound: thousands who were cut off together come back spread out
 * (Rocket.Chat#21182). `askedMs` is what the server asked for; nobody comes before it. */
export function waitAfter(failedTries: number, askedMs = 0): Wait {
  const boundMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failedTries, 10));
  return { minMs: askedMs + MIN_MS, maxMs: askedMs + boundMs };
}

/** Some time within the wait. */
export function someOf({ minMs, maxMs }: Wait, random: () => number = Math.random): number {
  return minMs + random() * (maxMs - minMs);
}
