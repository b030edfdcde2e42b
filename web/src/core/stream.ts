/**
 * One room's log as a client follows it, pure: every event once, in order, none missing,
 * whatever the network does to them. It knows positions and moments, never what an event
 * means. The same machine exists in Python; both pass protocol/vectors/stream.json.
 */

import type { Entered, LogEvent, Snapshot } from "../protocol/frames";
import { FILL_EVENTS } from "../protocol/frames";

export type StreamEffect =
  /** The next event of the log: its seq is one more than that of the one before. */
  | { readonly do: "apply"; readonly event: LogEvent }
  /** Forget everything known of the room and begin with this snapshot, taken at `head`. */
  | { readonly do: "reload"; readonly snapshot: Snapshot; readonly head: number }
  /** Send `fill` with these fields; hand its answer to filled(). */
  | { readonly do: "fill"; readonly after: number; readonly limit: number }
  /** The server resumed a log that is not ours: send `enter` again, with the fields it has now. */
  | { readonly do: "enter_again" };

/** Events that came too early wait for their turn; what comes on top is dropped, because a
 * fill brings it again. */
const HELD_EVENTS = 256;
/** Behind for this long without one step forward: ask for the missing events. */
const STALL_MS = 250;
/** A fill unanswered for this long, or refused, is asked again. */
const FILL_PATIENCE_MS = 2_000;

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
  #stalledAtMs: number | null = null;
  #askedAtMs: number | null = null;
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

  /** Whether events are known to be missing; only then does tick() matter. */
  get isBehind(): boolean {
    return this.#isEntered && this.#knownHead > this.position;
  }

  /** The answer to `enter` came. */
  entered(frame: Entered, nowMs: number): StreamEffect[] {
    if (frame.snapshot !== null) return this.#begin(frame, frame.snapshot);
    // Nothing was asked to be resumed; a second `enter` would only earn the same answer.
    if (this.#position === null) return [];
    if ((this.#epoch ?? frame.epoch) !== frame.epoch || frame.head < this.#position) {
      this.disconnected();
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

  /** The answer to a fill; while it helps and the end is not reached, the next one follows at once. */
  filled(events: readonly LogEvent[], head: number, nowMs: number): StreamEffect[] {
    this.#askedAtMs = null;
    const effects = this.#advance(events, head, nowMs);
    return effects.length > 0 && this.isBehind ? [...effects, this.#ask(nowMs)] : effects;
  }

  /** Called a few times a second while `isBehind`. */
  tick(nowMs: number): StreamEffect[] {
    if (this.#stalledAtMs === null || nowMs - this.#stalledAtMs < STALL_MS) return [];
    if (this.#askedAtMs !== null && nowMs - this.#askedAtMs < FILL_PATIENCE_MS) return [];
    return [this.#ask(nowMs)];
  }

  /** The connection is gone: nothing may be asked before the next `entered`. What is held stays true. */
  disconnected(): void {
    this.#isEntered = false;
    this.#knownHead = 0;
    this.#stalledAtMs = this.#askedAtMs = null;
  }

  #begin({ epoch, head }: Entered, snapshot: Snapshot): StreamEffect[] {
    this.disconnected();
    this.#held.clear();
    this.#isEntered = true;
    this.#epoch = epoch;
    this.#position = this.#knownHead = head;
    return [{ do: "reload", snapshot, head }];
  }

  #ask(nowMs: number): StreamEffect {
    this.#askedAtMs = nowMs;
    return { do: "fill", after: this.position, limit: FILL_EVENTS };
  }

  /** Applies what is next in line, keeps what is early, and notes whether we stand still. */
  #advance(events: readonly LogEvent[], head: number, nowMs: number): StreamEffect[] {
    if (!this.#isEntered) return [];
    this.#knownHead = Math.max(this.#knownHead, head);
    const effects: StreamEffect[] = [];
    this.#release(effects);
    for (const event of events) {
      this.#hold(event);
      this.#release(effects);
    }
    if (!this.isBehind) this.#stalledAtMs = this.#askedAtMs = null;
    else if (effects.length > 0 || this.#stalledAtMs === null) this.#stalledAtMs = nowMs;
    return effects;
  }

  #hold(event: LogEvent): void {
    const isNext = event.seq === this.position + 1;
    if (event.seq > this.position && (isNext || this.#held.size < HELD_EVENTS)) this.#held.set(event.seq, event);
  }

  #release(effects: StreamEffect[]): void {
    for (let next = this.#next(); next; next = this.#next()) {
      this.#held.delete(next.seq);
      this.#position = next.seq;
      effects.push({ do: "apply", event: next });
    }
  }

  #next(): LogEvent | undefined {
    return this.#held.get(this.position + 1);
  }
}
