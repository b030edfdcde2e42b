// Where the reader is in a long list, and how to keep that place to the pixel while rows come and
// go around it. Knows elements and rows; decides nothing about when.

import { latest, shifted, type RowWindow } from "../core/window";
import type { Row } from "../state/contract";

/** A row on the screen and how far its top is from the top of what is seen. */
export interface Place {
  readonly key: string;
  readonly offset: number;
}

/** A day's line and the unread line go elsewhere when older rows come: they hold no place. */
const STEADY = "[data-kind=message], [data-kind=note]";

/** The first steady row that is at least partly seen. Its element carries `data-key`. */
export function placeIn(scroller: HTMLElement): Place | null {
  const edge = scroller.getBoundingClientRect().top;
  for (const row of scroller.querySelectorAll<HTMLElement>(STEADY)) {
    const box = row.getBoundingClientRect();
    if (box.bottom > edge) return { key: row.dataset["key"] ?? "", offset: box.top - edge };
  }
  return null;
}

/** Scrolls so that the row of `place` is where it was. A row that is gone changes nothing. */
export function returnTo(scroller: HTMLElement, place: Place): void {
  const row = scroller.querySelector<HTMLElement>(`[data-key="${CSS.escape(place.key)}"]`);
  if (row === null) return;
  const moved = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - place.offset;
  if (moved !== 0) scroller.scrollTop += moved;
}

/**
 * The window on `now` that shows the rows which `view` showed of `before`. It follows a row that
 * is in both: a day's line or the unread line may move when older rows come in front of it.
 */
export function windowAfter(view: RowWindow, before: readonly Row[], now: readonly Row[]): RowWindow {
  if (before.length === 0) return latest(now.length);
  const places = new Map(now.map((row, index) => [row.key, index]));
  for (let index = view.start; index < view.end; index += 1) {
    const row = before[index];
    const found = row && isSteady(row) ? places.get(row.key) : undefined;
    if (found !== undefined) return shifted(view, now.length, found - index);
  }
  return latest(now.length);
}

function isSteady(row: Row): boolean {
  return row.kind === "message" || row.kind === "note";
}
