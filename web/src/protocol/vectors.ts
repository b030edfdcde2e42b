/** Reads protocol/vectors/ for tests: the same files that the server's tests read. */

import { readFileSync } from "node:fs";

export function vectors<T>(name: string): readonly T[] {
  const file = new URL(`../../../protocol/vectors/${name}.json`, import.meta.url);
  // The test names the shape; a file of another shape fails it.
  return JSON.parse(readFileSync(file, "utf8")) as readonly T[];
}
