/**
 * The client's end of the connection as a pure state machine: fed what happened, it answers
 * with what to do. It keeps one connection alive and says hello; it knows no room. The shell
 * around it (live.ts) owns the socket, the clock and the dice. The same machine exists in
 * Python; both pass protocol/vectors/client.json.
 */

import { advice, CLOSE_BAD_FRAME, CLOSE_BYE, CLOSE_NO_PONG } from "../protocol/closing";
import { BadFrame, decodeFrame } from "../protocol/codec";
import type { Command, Frame, Refused, Welcome } from "../protocol/frames";
import { PROTOCOL_VERSION } from "../protocol/frames";

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
/** From asking for a socket to the welcome. */
const WELCOME_WITHIN_MS = 10_000;
/** After a ping something must be heard: any frame proves as much as a pong. */
const PONG_WITHIN_MS = 10_000;
const RETRY_MIN_MS = 500;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** Only a connection that stayed for this long makes the next wait short again: a server that
 * lets everybody in and falls over must not be met by everybody twice a second. */
const STEADY_MS = 10_000;

export interface Identity {
  readonly client: string;
  /** Only where no cookie travels. */
  readonly token?: string;
}

/** Every `nowMs` is a reading of one clock. */
export class Connection {
  readonly #identity: Identity;
  #phase: Phase = "idle";
  #sinceMs = 0;
  #failedTries = 0;
  #heartbeatMs = 25_000;
  #pingedAtMs = 0;
  #awaitsPong = false;
  #drainMs = 0;

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

  opened(): Effect[] {
    if (this.#phase !== "opening") return [];
    // Since when stays as it is: the time to the welcome counts from asking for a socket.
    this.#phase = "greeting";
    const { client, token = null } = this.#identity;
    return [{ do: "send", command: { op: "hello", ref: OWN_REF, v: PROTOCOL_VERSION, client, token } }];
  }

  received(text: string, nowMs: number): Effect[] {
    if (this.#phase !== "greeting" && this.#phase !== "live") return [];
    this.#awaitsPong = false;
    try {
      const frame = decodeFrame(text);
      return frame === null ? [] : this.#read(frame, nowMs);
    } catch (fault) {
      if (!(fault instanceof BadFrame)) throw fault;
      return [{ do: "close", code: CLOSE_BAD_FRAME }, this.#retry(nowMs)];
    }
  }

  /** The socket closed, or could not be opened (1006). */
  closed(code: number, nowMs: number): Effect[] {
    if (!this.#hasSocket()) return [];
    switch (advice(code)) {
      case "retry":
        return [this.#retry(nowMs)];
      case "sign_in":
        return [this.#signIn(nowMs)];
      case "stop":
        return [this.#stop(code, nowMs)];
    }
  }

  /** The wait of the last `retry` is over. */
  due(nowMs: number): Effect[] {
    return this.#phase === "waiting" ? this.#open(nowMs) : [];
  }

  /** Reason to hope: the network is back, the page is looked at again, somebody pressed "try now". */
  online(nowMs: number): Effect[] {
    if (this.#phase !== "waiting") return this.#ping(nowMs);
    this.#failedTries = 0;
    return this.#open(nowMs);
  }

  /** Reason to doubt. Only a hint: a server on this very machine needs no network. */
  offline(nowMs: number): Effect[] {
    return this.#ping(nowMs);
  }

  /** Called about once a second. */
  tick(nowMs: number): Effect[] {
    const isOpening = this.#phase === "opening" || this.#phase === "greeting";
    const isTooLate = isOpening && nowMs - this.#sinceMs >= WELCOME_WITHIN_MS;
    const isSilent = this.#awaitsPong && nowMs - this.#pingedAtMs >= PONG_WITHIN_MS;
    if (isTooLate || (this.#phase === "live" && isSilent)) {
      return [{ do: "close", code: CLOSE_NO_PONG }, this.#retry(nowMs)];
    }
    return nowMs - this.#pingedAtMs >= this.#heartbeatMs ? this.#ping(nowMs) : [];
  }

  /** We are done; start() begins anew. */
  stop(nowMs: number): Effect[] {
    const hadSocket = this.#hasSocket();
    this.#become("stopped", nowMs);
    this.#failedTries = 0;
    return hadSocket ? [{ do: "close", code: CLOSE_BYE }] : [];
  }

  #read(frame: Frame, nowMs: number): Effect[] {
    if (frame.op === "pong" && frame.ref === OWN_REF) return [];
    if (frame.op === "refused" && frame.ref === OWN_REF && this.#phase === "greeting") {
      return [{ do: "deliver", frame }, { do: "close", code: CLOSE_BYE }, this.#refused(frame, nowMs)];
    }
    if (frame.op === "welcome") this.#welcomed(frame, nowMs);
    if (frame.op === "drain") this.#drainMs = frame.reconnect_in_ms;
    return [{ do: "deliver", frame }];
  }

  #welcomed(welcome: Welcome, nowMs: number): void {
    this.#become("live", nowMs);
    this.#pingedAtMs = nowMs;
    this.#heartbeatMs = welcome.heartbeat_s * 1000;
  }

  /** Hello itself was refused. */
  #refused(frame: Refused, nowMs: number): Effect {
    if (frame.code === "unauthenticated") return this.#signIn(nowMs);
    if (frame.final) return this.#stop(CLOSE_BAD_FRAME, nowMs);
    this.#drainMs = Math.round((frame.retry_after_s ?? 0) * 1000);
    return this.#retry(nowMs);
  }

  #open(nowMs: number): Effect[] {
    this.#become("opening", nowMs);
    this.#awaitsPong = false;
    this.#drainMs = 0;
    return [{ do: "open" }];
  }

  #ping(nowMs: number): Effect[] {
    if (this.#phase !== "live" || this.#awaitsPong) return [];
    this.#pingedAtMs = nowMs;
    this.#awaitsPong = true;
    return [{ do: "send", command: { op: "ping", ref: OWN_REF } }];
  }

  /** Full jitter under a doubling bound, behind the wait that the server asked for: thousands
   * who were cut off together come back spread out (Rocket.Chat#21182). */
  #retry(nowMs: number): Effect {
    if (this.#phase === "live" && nowMs - this.#sinceMs >= STEADY_MS) this.#failedTries = 0;
    const boundMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(this.#failedTries, 10));
    this.#failedTries += 1;
    this.#become("waiting", nowMs);
    return { do: "retry", minMs: Math.max(RETRY_MIN_MS, this.#drainMs), maxMs: this.#drainMs + boundMs };
  }

  #signIn(nowMs: number): Effect {
    this.#become("signed_out", nowMs);
    return { do: "sign_in" };
  }

  #stop(code: number, nowMs: number): Effect {
    this.#become("stopped", nowMs);
    return { do: "stop", code };
  }

  #hasSocket(): boolean {
    return this.#phase === "opening" || this.#phase === "greeting" || this.#phase === "live";
  }

  #become(phase: Phase, nowMs: number): void {
    this.#phase = phase;
    this.#sinceMs = nowMs;
  }
}
