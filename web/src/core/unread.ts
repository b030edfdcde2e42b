/**
 * How far the room was read, and where the "new since you left" line stands. Positions only:
 * what counts as seen is the screen's to say.
 */

import type { Entry } from "./timeline";

export class Unread {
  #seen = 0;
  #lineAfter: number | null = null;

  /** The last seq that was seen. */
  get seen(): number {
    return this.#seen;
  }

  /** The line stands behind this seq; null: no line. */
  get lineAfter(): number | null {
    return this.#lineAfter;
  }

  /** A room is opened: `seen` is from an earlier visit, null on the first one, when nothing is new. */
  begin(seen: number | null, head: number): void {
    this.#seen = Math.min(seen ?? head, head);
    this.#lineAfter = seen === null ? null : this.#seen;
  }

  /** Another log begins: its positions mean something else, so nothing in it is called new. */
  restart(head: number): void {
    this.#seen = head;
    this.#lineAfter = null;
  }

  /** Answers whether that was news. */
  see(seq: number): boolean {
    if (seq <= this.#seen) return false;
    this.#seen = seq;
    return true;
  }

  drawLine(): void {
    this.#lineAfter = this.#seen;
  }

  clearLine(): void {
    this.#lineAfter = null;
  }

  /** Whether there may be more unseen messages than count() finds, in pages that are not loaded. */
  isMore(entries: readonly Entry[], hasOlder: boolean): boolean {
    return hasOlder && (entries[0]?.seq ?? 0) > this.#seen + 1;
  }

  /** Messages of others that were not seen yet, among those that are loaded. */
  count(entries: readonly Entry[], myId: string): number {
    let unread = 0;
    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index];
      if (!entry || entry.seq <= this.#seen) break;
      if (entry.kind === "message" && entry.message.author.id !== myId) unread += 1;
    }
    return unread;
  }
}
