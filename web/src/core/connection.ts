/**
 * The client's end of the connection as a pure state machine: fed what happened, it answers
 * with what to do. It keeps one connection alive and says hello; it knows no room. The shell
 * around it (socket.ts) owns the socket, the clock and the dice. The same machine exists in
 * Python; both pass protocol/vectors/client.json.
 */

import { advice, CLOSE_BAD_FRAME, CLOSE_BYE, CLOSE_NO_PONG } from "../protocol/closing";
import { BadFrame, decodeFrame } from "../protocol/codec";
import type { Command, Frame, Refused, Welcome } from "../protocol/frames";
import { PROTOCOL_VERSION } from "../protocol/frames";
import { waitAfter } from "./patience";

export type Phase = "idle" | "opening" | "greeting" | "live" | "waiting" | "signed_out" | "stopped";

export type Effect =
  /** Open a new socket. Events of an older one must not reach the machine any more. */
  | { readonly do: "open" }
  | { readonly do: "send"; readonly command: Command }
  /** Close the socket and forget it, without waiting for the other end. */
  | { readonly do: "close"; readonly code: number }
  /** Wait for a random time between the two, then call due(). */
  | { readonly do: "retry"; readonly minMs: number; readonly maxMs: number }
  /** The server does not know us (any more): get a session, then call start(). */
  | { readonly do: "sign_in" }
  /** Trying again is pointless; `code` is the close code that said so. */
  | { readonly do: "stop"; readonly code: number }
  /** A frame for the user of the connection. After a welcome: enter every room again. */
  | { readonly do: "deliver"; readonly frame: Frame };

/** The `ref` of the machine's own hello and pings; the commands of its user count from 1. */
const OWN_REF = 0;
/** From asking for a socket to its opening, and again from there to the welcome. */
const OPEN_WITHIN_MS = 10_000;
/** After a ping something must be heard: any frame proves as much as a pong. */
const PONG_WITHIN_MS = 10_000;
/** After sleep or a change of network the old socket is probably dead: ask with less patience. */
const PROBE_WITHIN_MS = 3_000;
/** A tick later than this means that the machine slept, and that what was sent to it may not
 * have been read yet. */
const SLEPT_MS = 5_000;
/** Only a connection that stayed for this long makes the next wait short again: a server that
 * lets everybody in and falls over must not be met by everybody twice a second. */
const STEADY_MS = 10_000;

export interface Identity {
  readonly client: string;
  /** Only where no cookie travels. */
  readonly token?: string;
}

/** Every `nowMs` is a reading of one clock that goes on while the machine sleeps. */
export class Connection {
  readonly #identity: Identity;
  #phase: Phase = "idle";
  /** When this phase began. */
  #sinceMs = 0;
  /** While live: the next ping, or the end of patience after one. */
  #dueMs = 0;
  #pinged: "no" | "patiently" | "impatiently" = "no";
  #heartbeatMs = 25_000;
  #drain: { readonly sinceMs: number; readonly forMs: number } | null = null;
  #failedTries = 0;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Connects: for the first time, after signing in, or after the end. */
  start(nowMs: number): Effect[] {
    const isOver = this.#phase === "idle" || this.#phase === "signed_out" || this.#phase === "stopped";
    return isOver ? this.#open(nowMs) : [];
  }

  opened(nowMs: number): Effect[] {
    if (this.#phase !== "opening") return [];
    this.#become("greeting", nowMs);
    const { client, token = null } = this.#identity;
    return [{ do: "send", command: { op: "hello", ref: OWN_REF, v: PROTOCOL_VERSION, client, token } }];
  }

  received(text: string, nowMs: number): Effect[] {
    if (this.#phase !== "greeting" && this.#phase !== "live") return [];
    let frame: Frame | null;
    try {
      frame = decodeFrame(text);
    } catch (fault) {
      if (!(fault instanceof BadFrame)) throw fault;
      return [{ do: "close", code: CLOSE_BAD_FRAME }, this.#wait(nowMs)];
    }
    this.#hear(nowMs);
    return frame === null ? [] : this.#read(frame, nowMs);
  }

  /** The socket closed, or could not be opened (1006). */
  closed(code: number, nowMs: number): Effect[] {
    if (!this.#hasSocket()) return [];
    switch (advice(code)) {
      case "retry":
        return [this.#wait(nowMs)];
      case "sign_in":
        return [this.#restSignedOut(nowMs)];
      case "stop":
        return [this.#restStopped(code, nowMs)];
    }
  }

  /** The wait of the last `retry` is over. */
  due(nowMs: number): Effect[] {
    return this.#phase === "waiting" ? this.#open(nowMs) : [];
  }

  /** Reason to hope: the network is back, the page is looked at again, somebody pressed "try now". */
  online(nowMs: number): Effect[] {
    if (this.#phase !== "waiting") return this.#ping("impatiently", nowMs);
    this.#failedTries = 0;
    return this.#open(nowMs);
  }

  /** Reason to doubt. Only a hint: a server on this very machine needs no network. */
  offline(nowMs: number): Effect[] {
    return this.#ping("impatiently", nowMs);
  }

  /** Called about once a second. */
  tick(nowMs: number): Effect[] {
    // A clock that was set back must not stretch what is waited for.
    this.#sinceMs = Math.min(this.#sinceMs, nowMs);
    this.#dueMs = Math.min(this.#dueMs, nowMs + Math.max(this.#heartbeatMs, PONG_WITHIN_MS));
    if (this.#phase === "opening" || this.#phase === "greeting") {
      return nowMs - this.#sinceMs >= OPEN_WITHIN_MS ? this.#giveUp(nowMs) : [];
    }
    if (this.#phase !== "live" || nowMs < this.#dueMs) return [];
    const slept = nowMs - this.#dueMs > SLEPT_MS;
    if (slept && this.#pinged !== "impatiently") return this.#ping("impatiently", nowMs);
    return this.#pinged === "no" ? this.#ping("patiently", nowMs) : this.#giveUp(nowMs);
  }

  /** We are done; start() begins anew. */
  stop(nowMs: number): Effect[] {
    const hadSocket = this.#hasSocket();
    this.#rest("idle", nowMs);
    return hadSocket ? [{ do: "close", code: CLOSE_BYE }] : [];
  }

  #open(nowMs: number): Effect[] {
    this.#become("opening", nowMs);
    return [{ do: "open" }];
  }

  /** Somebody is there: the next ping is a heartbeat after the last one's answer. */
  #hear(nowMs: number): void {
    if (this.#pinged === "no") return;
    this.#pinged = "no";
    this.#dueMs = nowMs + this.#heartbeatMs;
  }

  #read(frame: Frame, nowMs: number): Effect[] {
    if (this.#phase === "greeting" && frame.op === "refused") {
      return [{ do: "deliver", frame }, { do: "close", code: CLOSE_BYE }, this.#helloRefused(frame, nowMs)];
    }
    if (this.#phase === "greeting" && frame.op === "welcome") this.#welcomed(frame, nowMs);
    if (frame.op === "drain") this.#drain = { sinceMs: nowMs, forMs: frame.reconnect_in_ms };
    return frame.op === "drain" || frame.op === "pong" ? [] : [{ do: "deliver", frame }];
  }

  #welcomed(welcome: Welcome, nowMs: number): void {
    this.#become("live", nowMs);
    this.#heartbeatMs = welcome.heartbeat_s * 1000;
    this.#pinged = "no";
    this.#dueMs = nowMs + this.#heartbeatMs;
  }

  #helloRefused({ code, final, retry_after_s }: Refused, nowMs: number): Effect {
    if (code === "unauthenticated") return this.#restSignedOut(nowMs);
    if (final) return this.#restStopped(CLOSE_BAD_FRAME, nowMs);
    if (retry_after_s !== undefined) this.#drain = { sinceMs: nowMs, forMs: Math.round(retry_after_s * 1000) };
    return this.#wait(nowMs);
  }

  #ping(how: "patiently" | "impatiently", nowMs: number): Effect[] {
    if (this.#phase !== "live") return [];
    this.#pinged = how;
    this.#dueMs = nowMs + (how === "patiently" ? PONG_WITHIN_MS : PROBE_WITHIN_MS);
    return [{ do: "send", command: { op: "ping", ref: OWN_REF } }];
  }

  #giveUp(nowMs: number): Effect[] {
    return [{ do: "close", code: CLOSE_NO_PONG }, this.#wait(nowMs)];
  }

  #wait(nowMs: number): Effect {
    if (this.#phase === "live" && nowMs - this.#sinceMs >= STEADY_MS) this.#failedTries = 0;
    const wait = waitAfter(this.#failedTries, this.#leftOfDrain(nowMs));
    this.#failedTries += 1;
    this.#drain = null;
    this.#become("waiting", nowMs);
    return { do: "retry", ...wait };
  }

  /** What remains of the wait that the server asked for; all of it when the clock stepped back. */
  #leftOfDrain(nowMs: number): number {
    if (this.#drain === null) return 0;
    const { sinceMs, forMs } = this.#drain;
    return Math.max(0, forMs - Math.max(0, nowMs - sinceMs));
  }

  #restSignedOut(nowMs: number): Effect {
    this.#rest("signed_out", nowMs);
    return { do: "sign_in" };
  }

  #restStopped(code: number, nowMs: number): Effect {
    this.#rest("stopped", nowMs);
    return { do: "stop", code };
  }

  #rest(phase: Phase, nowMs: number): void {
    this.#become(phase, nowMs);
    this.#failedTries = 0;
    this.#drain = null;
  }

  #hasSocket(): boolean {
    return this.#phase === "opening" || this.#phase === "greeting" || this.#phase === "live";
  }

  #become(phase: Phase, nowMs: number): void {
    this.#phase = phase;
    this.#sinceMs = nowMs;
  }
}
