/**
 * Checks of what arrives from outside, small enough to read in one breath. A shape names every
 * field of a record; unknown fields pass, because a server may add some (protocol.md).
 */

export type Check = (value: unknown) => boolean;

/** Sequence numbers and refs fit a double exactly; the server never sends a larger one. */
export const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const text: Check = (value) => typeof value === "string";
export const flag: Check = (value) => typeof value === "boolean";
export const number: Check = (value) => typeof value === "number";
export const record = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.some((word) => word === value);

export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** The compiler insists that no field of T is forgotten. */
export function shape<T>(fields: { readonly [Key in keyof Required<T>]: Check }) {
  const checks = Object.entries<Check>(fields);
  return (value: unknown): value is T =>
    record(value) && checks.every(([name, check]) => check(value[name]));
}
