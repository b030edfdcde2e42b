/**
 * One room's log as a client follows it, pure: every event once, in order, none missing,
 * whatever the network does to them. It knows positions and moments, never what an event
 * means. The same machine exists in Python; both pass protocol/vectors/stream.json.
 */

import type { Entered, LogEvent, Snapshot } from "../protocol/frames";
import { USUAL_LIMITS } from "../protocol/frames";

export type StreamEffect =
  /** The next event of the log: its seq is one more than that of the one before. */
  | { readonly do: "apply"; readonly event: LogEvent }
  /** Forget everything known of the room and begin with this snapshot, taken at `head`. */
  | { readonly do: "reload"; readonly snapshot: Snapshot; readonly head: number }
  /** Send `fill` with these fields; hand its answer to filled(). */
  | { readonly do: "fill"; readonly after: number; readonly limit: number }
  /** The server resumed a log that is not ours: send `enter` again, with the fields it has now. */
  | { readonly do: "enter_again" };

/** Events that came too early wait for their turn; beyond that the farthest goes, because a fill
 * brings it again. */
const HELD_EVENTS = 256;
/** Behind for this long without one step forward: ask for the missing events. */
const STALL_MS = 250;
/** A fill that has no answer after this time counts as refused. */
const FILL_WITHIN_MS = 10_000;
/** The waits between fruitless fills double up to this: no server is to be asked four times a
 * second for ever. */
const SLOWEST_RETRY_MS = 4_000;

export interface ResumePoint {
  readonly epoch?: string;
  readonly after?: number;
}

/** Every `nowMs` is a reading of one clock. */
export class Stream {
  /** The last seq that was applied; null before the first snapshot. */
  #position: number | null;
  #epoch: string | null = null;
  #isEntered = false;
  #knownHead = 0;
  /** While behind: when to ask, or to give a fill up. */
  #dueMs: number | null = null;
  #isAsking = false;
  #fruitless = 0;
  readonly #held = new Map<number, LogEvent>();

  /** `position` 0 follows the whole log; without it a snapshot comes first. */
  constructor(position: number | null = null) {
    this.#position = position;
  }

  /** The last seq that was applied. */
  get position(): number {
    return this.#position ?? 0;
  }

  /** The optional fields of the next `enter`. */
  get resumePoint(): ResumePoint {
    return {
      ...(this.#epoch === null ? {} : { epoch: this.#epoch }),
      ...(this.#position === null ? {} : { after: this.#position }),
    };
  }

  /** Whether the room is followed on the connection of now. */
  get isEntered(): boolean {
    return this.#isEntered;
  }

  /** When tick() wants to be called; null while nothing is missing. */
  get dueMs(): number | null {
    return this.#dueMs;
  }

  /** The answer to `enter` came. */
  entered(frame: Entered, nowMs: number): StreamEffect[] {
    if (frame.snapshot !== null) return this.#begin(frame, frame.snapshot);
    // Nothing was asked to be resumed; a second `enter` would only earn the same answer.
    if (this.#position === null) return [];
    if ((this.#epoch ?? frame.epoch) !== frame.epoch) {
      this.disconnected();
      this.#held.clear();
      this.#position = this.#epoch = null;
      return [{ do: "enter_again" }];
    }
    this.#isEntered = true;
    this.#epoch = frame.epoch;
    return this.#advance([], frame.head, nowMs);
  }

  /** One event came by itself. */
  event(event: LogEvent, nowMs: number): StreamEffect[] {
    return this.#advance([event], event.seq, nowMs);
  }

  /** The server said how long the log is. A head below ours is old news, not a shorter log. */
  head(head: number, nowMs: number): StreamEffect[] {
    return this.#advance([], head, nowMs);
  }

  /** The answer to a fill; while that helps and the end is not reached, the next is asked for at once. */
  filled(events: readonly LogEvent[], head: number, nowMs: number): StreamEffect[] {
    const wasAsking = this.#isAsking;
    this.#isAsking = false;
    const effects = this.#advance(events, head, nowMs);
    if (!this.#isBehind()) return effects;
    if (effects.length > 0) return [...effects, this.#ask(nowMs)];
    if (wasAsking) this.#waitLonger(nowMs);
    return [];
  }

  /** The fill was refused, for now. */
  fillRefused(nowMs: number): void {
    if (!this.#isAsking) return;
    this.#isAsking = false;
    this.#waitLonger(nowMs);
  }

  /** Called at `dueMs`, or a few times a second while there is one. */
  tick(nowMs: number): StreamEffect[] {
    if (this.#dueMs === null) return [];
    // A clock that was set back must not stretch what is waited for.
    this.#dueMs = Math.min(this.#dueMs, nowMs + FILL_WITHIN_MS);
    if (nowMs < this.#dueMs) return [];
    if (!this.#isAsking) return [this.#ask(nowMs)];
    this.fillRefused(nowMs);
    return [];
  }

  /** The connection is gone: nothing may be asked before the next `entered`. What is held stays true. */
  disconnected(): void {
    this.#isEntered = false;
    this.#isAsking = false;
    this.#knownHead = 0;
    this.#fruitless = 0;
    this.#dueMs = null;
  }

  #begin({ epoch, head }: Entered, snapshot: Snapshot): StreamEffect[] {
    this.disconnected();
    this.#held.clear();
    this.#isEntered = true;
    this.#epoch = epoch;
    this.#position = head;
    return [{ do: "reload", snapshot, head }];
  }

  /** Applies what is next in line, keeps what is early, and notes since when we stand still. */
  #advance(events: readonly LogEvent[], head: number, nowMs: number): StreamEffect[] {
    if (!this.#isEntered) return [];
    this.#knownHead = Math.max(this.#knownHead, head);
    const effects: StreamEffect[] = [];
    for (const event of events) {
      this.#hold(event);
      this.#release(effects);
    }
    if (!this.#isBehind()) {
      this.#dueMs = null;
      this.#isAsking = false;
    } else if (!this.#isAsking && (effects.length > 0 || this.#dueMs === null)) {
      this.#dueMs = nowMs + STALL_MS;
      this.#fruitless = 0;
    }
    return effects;
  }

  #hold(event: LogEvent): void {
    const ahead = event.seq - this.position;
    if (ahead < 1) return;
    this.#held.set(event.seq, event);
    if (ahead > 1 && this.#held.size > HELD_EVENTS) this.#held.delete(Math.max(...this.#held.keys()));
  }

  #release(effects: StreamEffect[]): void {
    for (let next = this.#next(); next; next = this.#next()) {
      this.#held.delete(next.seq);
      this.#position = next.seq;
      effects.push({ do: "apply", event: next });
    }
  }

  #isBehind(): boolean {
    return this.#knownHead > this.position;
  }

  #ask(nowMs: number): StreamEffect {
    this.#isAsking = true;
    this.#dueMs = nowMs + FILL_WITHIN_MS;
    return { do: "fill", after: this.position, limit: USUAL_LIMITS.fill_events };
  }

  #waitLonger(nowMs: number): void {
    this.#dueMs = nowMs + Math.min(SLOWEST_RETRY_MS, STALL_MS * 2 ** Math.min(this.#fruitless, 10));
    this.#fruitless += 1;
  }

  #next(): LogEvent | undefined {
    return this.#held.get(this.position + 1);
  }
}
