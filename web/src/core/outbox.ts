/**
 * What this person wrote in one room and the server has not taken yet. A letter gets its cid
 * here and keeps it until `posted` or a final refusal, so that sending it again is harmless
 * (zulip#31219). It knows nothing of sockets: it hands out what is to be sent now and is told
 * what became of it.
 */

import type { Refused } from "../protocol/frames";
import type { OutboxStore } from "./outbox-store";
import type { Failure } from "./result";

/** A letter as it is kept on this device. */
export interface Letter {
  readonly cid: string;
  readonly roomId: string;
  readonly personId: string;
  readonly body: string;
  readonly replyTo: number | null;
  /** RFC 3339, shown; `queuedAtMs` is when it was last meant to be sent, and gives the order. */
  readonly writtenAt: string;
  readonly queuedAtMs: number;
  /** Why it will not be sent again by itself. */
  readonly failure: Failure | null;
}

/** A letter as the conversation shows it. */
export interface PendingMessage {
  readonly cid: string;
  readonly body: string;
  readonly at: string;
  readonly replyTo: number | null;
  /** Known between the answer and the event. */
  readonly seq: number | null;
  readonly delivery: "sent" | "sending" | "failed";
  readonly failure: Failure | null;
  /** Why the server did not take it yet, when it said so; it is tried again by itself. */
  readonly waitingFor: Failure | null;
}

interface Held {
  readonly letter: Letter;
  /** When it was sent on the connection of now; null: it waits. */
  readonly sentAtMs: number | null;
  readonly seq: number | null;
  readonly waitingFor: Failure | null;
}

/** What was written yesterday is not what one wants to say today (zulip-mobile#3584). */
const EXPIRES_AFTER_MS = 24 * 3_600_000;
/** A connection that lives but never answers a post: say it again. */
const ANSWER_WITHIN_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface OutboxOptions {
  readonly roomId: string;
  readonly personId: string;
  readonly store: OutboxStore;
  readonly newCid: () => string;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #held: readonly Held[] = [];
  #pending: readonly PendingMessage[] | null = null;
  #pause = { sinceMs: 0, forMs: 0 };
  #pauses = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** In the order in which they will be sent; the same array as before when nothing changed. */
  get pending(): readonly PendingMessage[] {
    this.#pending ??= this.#held.map(shown);
    return this.#pending;
  }

  /** Whether time alone can bring something to send: then ask take() again soon. */
  get isWaiting(): boolean {
    return this.#held.some(({ letter, seq }) => letter.failure === null && seq === null);
  }

  /** Takes over what an earlier life of this page, or a tab that is gone, left behind: before the
   * first letter is sent ("all"), and now and then after that ("strangers"). */
  async adopt(whose: "all" | "strangers"): Promise<void> {
    const { store, roomId, personId } = this.#options;
    const found = await store.claim(roomId, personId, whose);
    const strange = found.filter(({ cid }) => !this.#find(cid));
    if (strange.length === 0) return;
    this.#become([...this.#held, ...strange.map(waiting)].sort((a, b) => a.letter.queuedAtMs - b.letter.queuedAtMs));
  }

  add(body: string, replyTo: number | null, nowMs: number, writtenAt = new Date(nowMs).toISOString()): void {
    const { roomId, personId, newCid } = this.#options;
    const letter: Letter = {
      cid: newCid(),
      roomId,
      personId,
      body,
      replyTo,
      writtenAt,
      queuedAtMs: this.#queuePlace(nowMs),
      failure: null,
    };
    this.#become([...this.#held, waiting(letter)]);
    this.#keep(letter);
  }

  /** What is to be sent now, in order. They count as sent until something else is said of them. */
  take(nowMs: number, mostInFlight: number): readonly Letter[] {
    this.#expire(nowMs);
    if (isWithin(this.#pause.forMs, this.#pause.sinceMs, nowMs)) return [];
    const isFlying = ({ sentAtMs, seq, letter }: Held) =>
      seq === null && letter.failure === null && sentAtMs !== null && isWithin(ANSWER_WITHIN_MS, sentAtMs, nowMs);
    const room = mostInFlight - this.#held.filter(isFlying).length;
    const taken = this.#held
      .filter((held) => held.seq === null && held.letter.failure === null && !isFlying(held))
      .slice(0, Math.max(0, room));
    if (taken.length > 0) this.#become(this.#held.map((held) => (taken.includes(held) ? { ...held, sentAtMs: nowMs } : held)));
    return taken.map(({ letter }) => letter);
  }

  /** The server has it at this place of the log; shown until the log has come that far. */
  posted(cid: string, seq: number): void {
    this.#pauses = 0;
    this.#change(cid, (held) => ({ ...held, seq, waitingFor: null }));
    void this.#options.store.remove(cid);
  }

  refused(cid: string, { code, final, retry_after_s }: Refused, nowMs: number): void {
    // We were put out of the room's audience meanwhile: that says nothing of the letter.
    if (final && code !== "not_entered") {
      this.#fail(cid, { code, retryAfterS: retry_after_s ?? null });
      return;
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses);
    this.#pauses += 1;
    this.#pause = { sinceMs: nowMs, forMs: Math.max(pauseMs, (retry_after_s ?? 0) * 1000) };
    const waitingFor = final ? null : { code, retryAfterS: retry_after_s ?? null };
    this.#change(cid, (held) => ({ ...held, sentAtMs: null, waitingFor }));
  }

  /** Nobody will answer what was sent: all of it is sent again, under the same cids. */
  disconnected(): void {
    this.#pause = { sinceMs: 0, forMs: 0 };
    const isUntouched = ({ sentAtMs, waitingFor }: Held) => sentAtMs === null && waitingFor === null;
    this.#become(this.#held.map((held) => (isUntouched(held) ? held : { ...held, sentAtMs: null, waitingFor: null })));
  }

  /** The log has come to this seq: what it holds needs no place here any more. */
  reached(seq: number): void {
    if (this.#held.some((held) => held.seq !== null && held.seq <= seq)) {
      this.#become(this.#held.filter((held) => held.seq === null || held.seq > seq));
    }
  }

  /** The room was fetched anew, and what its messages hold is gone from here. Places in the log
   * from before mean nothing now: what had one is said again, which is harmless if it is there. */
  restarted(): void {
    for (const { letter, seq } of this.#held) if (seq !== null) this.#keep(letter);
    this.#become(this.#held.map((held) => (held.seq === null ? held : { ...held, seq: null, sentAtMs: null })));
  }

  /** The log holds this letter, whoever sent it. */
  arrived(cid: string): void {
    if (this.#find(cid)) this.discard(cid);
  }

  /** "Try again", under the same cid: should the server have it after all, it says so. */
  retry(cid: string, nowMs: number): void {
    const held = this.#find(cid);
    if (held?.letter.failure == null) return;
    const letter = { ...held.letter, failure: null, queuedAtMs: this.#queuePlace(nowMs) };
    this.#become([...this.#held.filter((other) => other !== held), waiting(letter)]);
    this.#keep(letter);
  }

  discard(cid: string): void {
    this.#become(this.#held.filter(({ letter }) => letter.cid !== cid));
    void this.#options.store.remove(cid);
  }

  #expire(nowMs: number): void {
    for (const { letter, seq } of this.#held) {
      const isOld = nowMs - letter.queuedAtMs >= EXPIRES_AFTER_MS;
      if (isOld && seq === null && letter.failure === null) this.#fail(letter.cid, { code: "expired", retryAfterS: null });
    }
  }

  #fail(cid: string, failure: Failure): void {
    this.#change(cid, (held) => waiting({ ...held.letter, failure }));
    const held = this.#find(cid);
    if (held) this.#keep(held.letter);
  }

  /** Behind all others, also when a clock stands still or steps back. */
  #queuePlace(nowMs: number): number {
    return Math.max(nowMs, ...this.#held.map(({ letter }) => letter.queuedAtMs + 1));
  }

  #keep(letter: Letter): void {
    void this.#options.store.put(letter);
  }

  #find(cid: string): Held | undefined {
    return this.#held.find(({ letter }) => letter.cid === cid);
  }

  #change(cid: string, changed: (held: Held) => Held): void {
    this.#become(this.#held.map((held) => (held.letter.cid === cid ? changed(held) : held)));
  }

  #become(held: readonly Held[]): void {
    this.#held = held;
    this.#pending = null;
  }
}

function waiting(letter: Letter): Held {
  return { letter, sentAtMs: null, seq: null, waitingFor: null };
}

/** A clock that was set back is no reason to wait longer. */
function isWithin(spanMs: number, sinceMs: number, nowMs: number): boolean {
  const passedMs = nowMs - sinceMs;
  return passedMs >= 0 && passedMs < spanMs;
}

function shown({ letter, seq, waitingFor }: Held): PendingMessage {
  const { cid, body, writtenAt, replyTo, failure } = letter;
  const delivery = failure ? "failed" : seq === null ? "sending" : "sent";
  return { cid, body, at: writtenAt, replyTo, seq, delivery, failure, waitingFor };
}
