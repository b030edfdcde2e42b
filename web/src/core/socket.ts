/**
 * The live connection of the page: the one place that owns a WebSocket and its timers. What to
 * do is decided in connection.ts; here it is done. Rooms attach to it and get their frames.
 */

import { encodeCommand } from "../protocol/codec";
import type {
  Entered,
  Filled,
  Frame,
  Head,
  Limits,
  Ok,
  Person,
  Posted,
  Presence,
  Refused,
  Request,
  RoomEvent,
  Welcome,
} from "../protocol/frames";
import { USUAL_LIMITS } from "../protocol/frames";
import type { Effect, Identity } from "./connection";
import { Connection } from "./connection";

export type Answer = Entered | Ok | Posted | Filled | Refused;

/** What a room hears without asking. */
export type RoomNews = RoomEvent | Head | Presence | Refused;

export type LinkStatus =
  | { readonly is: "idle" }
  | { readonly is: "connecting"; readonly again: boolean }
  | { readonly is: "live" }
  | { readonly is: "waiting"; readonly untilMs: number }
  /** The session ended: sign in, then start() again. */
  | { readonly is: "signed_out" }
  /** The server does not want to see this client again. */
  | { readonly is: "stopped"; readonly code: number };

/** What a room needs of the connection. */
export interface Link {
  readonly status: LinkStatus;
  /** What the server takes. */
  readonly limits: Limits;
  /** How far the clock of this machine is ahead of the server's. */
  readonly aheadMs: number;
  start(): void;
  /** Says something; `answered` is called once, with null when the connection broke first.
   * false: nobody is listening now, and `answered` will not be called. */
  ask(request: Request, answered: (answer: Answer | null) => void): boolean;
  /** Hears the news of one room. Answers how to stop. */
  attach(roomId: string, heard: (news: RoomNews) => void): () => void;
  watch(changed: (status: LinkStatus) => void): () => void;
}

export interface Surroundings {
  readonly identity: Identity;
  readonly openSocket: () => WebSocket;
  /** Evenly spread in [0, 1). */
  readonly random: () => number;
  /** Whether this is whom we speak for. The cookie that opened the socket is shared by all tabs,
   * and another one may have signed in over us: then nothing is said, and the connection ends. */
  readonly isUs: (me: Person) => boolean;
}

const TICK_MS = 1_000;
export class LiveSocket implements Link {
  readonly #surroundings: Surroundings;
  readonly #connection: Connection;
  readonly #rooms = new Map<string, (news: RoomNews) => void>();
  readonly #asked = new Map<number, (answer: Answer | null) => void>();
  readonly #watchers = new Set<(status: LinkStatus) => void>();
  #status: LinkStatus = { is: "idle" };
  #limits = USUAL_LIMITS;
  #aheadMs = 0;
  #socket: WebSocket | null = null;
  #nextRef = 1;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#connection = new Connection(surroundings.identity);
  }

  get status(): LinkStatus {
    return this.#status;
  }

  get limits(): Limits {
    return this.#limits;
  }

  get aheadMs(): number {
    return this.#aheadMs;
  }

  watch(changed: (status: LinkStatus) => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  attach(roomId: string, heard: (news: RoomNews) => void): () => void {
    this.#rooms.set(roomId, heard);
    return () => {
      if (this.#rooms.get(roomId) === heard) this.#rooms.delete(roomId);
    };
  }

  ask(request: Request, answered: (answer: Answer | null) => void): boolean {
    if (this.#status.is !== "live") return false;
    const ref = this.#nextRef++;
    this.#asked.set(ref, answered);
    this.#socket?.send(encodeCommand({ ...request, ref }));
    return true;
  }

  start(): void {
    this.#perform(this.#connection.start(Date.now()));
  }

  stop(): void {
    this.#perform(this.#connection.stop(Date.now()));
    this.#show({ is: "idle" });
  }

  /** The network is back, the page is looked at again, somebody pressed "try now". */
  hope(): void {
    this.#perform(this.#connection.online(Date.now()));
  }

  /** The browser says that the network is gone. */
  doubt(): void {
    this.#perform(this.#connection.offline(Date.now()));
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#do(effect);
    const { phase } = this.#connection;
    this.#keepTicking(phase === "opening" || phase === "greeting" || phase === "live");
  }

  #do(effect: Effect): void {
    switch (effect.do) {
      case "open":
        this.#open();
        return;
      case "send":
        this.#socket?.send(encodeCommand(effect.command));
        return;
      case "close":
        this.#letGo(effect.code);
        return;
      case "retry":
        this.#retry(effect.minMs + this.#surroundings.random() * (effect.maxMs - effect.minMs));
        return;
      case "sign_in":
        this.#show({ is: "signed_out" });
        return;
      case "stop":
        this.#show({ is: "stopped", code: effect.code });
        return;
      case "deliver":
        this.#deliver(effect.frame);
    }
  }

  #open(): void {
    clearTimeout(this.#waiting);
    this.#show({ is: "connecting", again: this.#status.is === "waiting" });
    this.#nextRef = 1;
    const socket = this.#surroundings.openSocket();
    this.#socket = socket;
    // A socket that was let go may still speak; only the one of now is listened to.
    const ifCurrent = (perform: () => readonly Effect[]) => {
      if (this.#socket === socket) this.#perform(perform());
    };
    socket.onopen = () => {
      ifCurrent(() => this.#connection.opened(Date.now()));
    };
    socket.onmessage = ({ data }) => {
      ifCurrent(() => this.#connection.received(String(data), Date.now()));
    };
    socket.onclose = ({ code }) => {
      ifCurrent(() => {
        this.#socket = null;
        return this.#connection.closed(code, Date.now());
      });
    };
  }

  #letGo(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code);
  }

  #retry(waitMs: number): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => {
      this.#perform(this.#connection.due(Date.now()));
    }, waitMs);
    this.#show({ is: "waiting", untilMs: Date.now() + waitMs });
  }

  #deliver(frame: Frame): void {
    switch (frame.op) {
      case "welcome":
        this.#welcomed(frame);
        return;
      case "drain":
      case "pong":
        // The connection reads these itself.
        return;
      case "event":
      case "head":
      case "presence":
        this.#rooms.get(frame.room)?.(frame);
        return;
      case "refused":
        if (frame.ref === undefined) this.#rooms.get(frame.room ?? "")?.(frame);
        else this.#answer(frame.ref, frame);
        return;
      default:
        this.#answer(frame.ref, frame);
    }
  }

  #welcomed({ me, limits, now }: Welcome): void {
    this.#limits = limits;
    const aheadMs = Date.now() - Date.parse(now);
    if (Number.isFinite(aheadMs)) this.#aheadMs = aheadMs;
    if (this.#surroundings.isUs(me)) this.#show({ is: "live" });
    else if (this.#connection.phase !== "idle") this.stop();
  }

  #answer(ref: number, answer: Answer): void {
    const answered = this.#asked.get(ref);
    this.#asked.delete(ref);
    answered?.(answer);
  }

  #show(status: LinkStatus): void {
    const wasLive = this.#status.is === "live";
    this.#status = status;
    if (wasLive && status.is !== "live") this.#breakOff();
    for (const changed of [...this.#watchers]) {
      changed(status);
      // Whoever heard it acted, and the others know the newer status already.
      if (this.#status !== status) return;
    }
  }

  #breakOff(): void {
    const unanswered = [...this.#asked.values()];
    this.#asked.clear();
    for (const answered of unanswered) answered(null);
  }

  #keepTicking(isOn: boolean): void {
    if (isOn === (this.#ticking !== undefined)) return;
    clearInterval(this.#ticking);
    this.#ticking = isOn
      ? setInterval(() => {
          this.#perform(this.#connection.tick(Date.now()));
        }, TICK_MS)
      : undefined;
  }
}

/** Tells the connection what the browser notices. Answers how to stop. */
export function watchBrowser(live: LiveSocket): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener("online", () => { live.hope(); }, { signal });
  addEventListener("offline", () => { live.doubt(); }, { signal });
  // A page that comes out of the back/forward cache has a dead socket and no news of it.
  addEventListener("pageshow", () => { live.hope(); }, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") live.hope();
  }, { signal });
  return () => { listening.abort(); };
}
