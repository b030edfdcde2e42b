/**
 * Which rows of a long list are in the document. Pure: it knows counts, not rows, and nothing
 * of pixels. A window holds at most SIZE rows, so a room of 10,000 messages scrolls like one
 * of 200.
 */

export interface RowWindow {
  /** Index of the first row in the document. */
  readonly start: number;
  /** Index after the last one. */
  readonly end: number;
}

export const WINDOW_SIZE = 200;

/** How many rows move in or out at once when the reader nears an edge: few enough to be laid out
 * between two frames. With 50, scrolling 10,000 messages had tasks over 50 ms; with 20, none. */
export const WINDOW_STEP = 20;

/** The newest rows: where a room opens. */
export function latest(count: number, size = WINDOW_SIZE): RowWindow {
  return { start: Math.max(0, count - size), end: count };
}

/** Moves towards older rows (negative) or newer ones (positive), never past an end. */
export function shifted(view: RowWindow, count: number, by: number, size = WINDOW_SIZE): RowWindow {
  const start = clamp(view.start + by, 0, Math.max(0, count - size));
  return { start, end: Math.min(count, start + size) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
