/** Reads protocol/vectors/ for tests: the same files that the server's tests read. */

import { readFileSync } from "node:fs";

/** A row, or a step of a row, with a key that is not among `keys` was not understood: it must
 * not pass unseen (protocol/README.md). */
export function vectors(name: string, keys: readonly string[]): readonly object[] {
  const file = new URL(`../../../../protocol/vectors/${name}.json`, import.meta.url);
  const rows = JSON.parse(readFileSync(file, "utf8")) as readonly { readonly steps?: readonly object[] }[];
  const strange = rows.flatMap((row) => [row, ...(row.steps ?? [])]).flatMap(Object.keys).find((key) => !keys.includes(key));
  if (strange !== undefined) throw new Error(`${name}.json has a key that this test does not know: ${strange}`);
  return rows;
}
