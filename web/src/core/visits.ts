/**
 * Which rooms this device has been in, and how far they were read: so that a room that is gone
 * can be told from one that never was, and "new since you left" has a place.
 */

import { count, optional, shape, text } from "../protocol/shapes";
import type { Memory } from "./storage";

export interface Visit {
  readonly title: string;
  /** Of which log `seen` is a position. */
  readonly epoch: string;
  /** The last seq that was on the screen. */
  readonly seen: number;
  /** The room's id. */
  readonly room?: string;
}

const isVisit = shape<Visit>({ title: text, epoch: text, seen: count, room: optional(text) });
const KEY = "visits";
const MOST_VISITS = 100;

/** Keyed by code, because that is all there is to ask with when a room is gone. */
export class Visits {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  find(code: string): Visit | null {
    return this.#load().get(code) ?? null;
  }

  note(code: string, visit: Visit): void {
    const visits = this.#load();
    const before = visits.get(code);
    // Another tab may have read further: within one log nothing becomes unread again.
    const seen = before?.epoch === visit.epoch ? Math.max(before.seen, visit.seen) : visit.seen;
    // The latest stand last, so that the oldest are forgotten first.
    visits.delete(code);
    visits.set(code, { ...visit, seen });
    this.#save([...visits].slice(-MOST_VISITS));
  }

  forget(code: string): void {
    const visits = this.#load();
    if (visits.delete(code)) this.#save([...visits]);
  }

  forgetAll(): void {
    this.#memory.forget(KEY);
  }

  #load(): Map<string, Visit> {
    try {
      const kept: unknown = JSON.parse(this.#memory.recall(KEY) ?? "[]");
      return new Map(Array.isArray(kept) ? kept.filter(isEntry) : []);
    } catch {
      return new Map();
    }
  }

  #save(visits: readonly (readonly [string, Visit])[]): void {
    // A list, not an object: an object would put codes that look like numbers first.
    this.#memory.remember(KEY, JSON.stringify(visits));
  }
}

function isEntry(entry: unknown): entry is [string, Visit] {
  return Array.isArray(entry) && text(entry[0]) && isVisit(entry[1]);
}
