/**
 * One room from the outside: through the door by its code, in again after every loss of the
 * connection, and out, for whatever reason. What happens inside is the conversation's.
 * Subscribing comes first: `enter` answers with a snapshot and the events that follow it, so
 * nothing can fall between (Rocket.Chat.ReactNative#7547).
 */

import { CLOSE_NOT_FOUND, CLOSE_REMOVED, CLOSE_ROOM_CLOSED, CLOSE_VERSION } from "../protocol/closing";
import type { Person, Refused } from "../protocol/frames";
import type { Joined } from "./api";
import type { ConversationPorts } from "./conversation";
import { Conversation } from "./conversation";
import type { Failure, Result } from "./result";
import { done } from "./result";
import { someOf, waitAfter } from "./patience";
import type { Answer, LinkStatus, RoomNews } from "./socket";

export type RoomPhase =
  | "loading"
  /** Call enter(password); `failure` is "wrong_password" after a wrong one. */
  | "needs_password"
  | "open"
  /** Nothing here, and this device never was inside. */
  | "not_found"
  /** This device was inside; it is gone now. */
  | "closed"
  /** We left, here or elsewhere. */
  | "left"
  /** Kicked or banned. */
  | "removed"
  /** `failure` says why; enter() tries again. */
  | "error";

export type RoomPorts = Pick<ConversationPorts, "api" | "link" | "store" | "visits" | "changed"> & {
  /** The session is gone: nothing works before the person signs in again. */
  readonly signedOut: () => void;
};

/** What the server said by closing the connection for good: what became of the room, and why. */
const ENDINGS: Readonly<Record<number, readonly [Exclude<RoomPhase, "open">, string]>> = {
  [CLOSE_VERSION]: ["error", "outdated"],
  [CLOSE_ROOM_CLOSED]: ["closed", "not_found"],
  [CLOSE_REMOVED]: ["removed", "banned"],
  [CLOSE_NOT_FOUND]: ["not_found", "not_found"],
};

export class Room {
  readonly #me: Person;
  readonly #ports: RoomPorts;
  readonly #code: string;
  #inside: Conversation | null = null;
  #phase: RoomPhase = "loading";
  #failure: Failure | null = null;
  #password: string | undefined;
  /** Grows whenever what is under way has lost its meaning; late answers compare and go. */
  #attempt = 0;
  #failedTries = 0;
  #isKnocking = false;
  #release: (() => void)[] = [];

  constructor(code: string, me: Person, ports: RoomPorts) {
    this.#code = code;
    this.#me = me;
    this.#ports = ports;
  }

  get phase(): RoomPhase {
    const isReady = this.#inside?.hasBegun ?? false;
    return this.#phase === "open" && !isReady ? "loading" : this.#phase;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** null before the door opened. It stays readable after we are out. */
  get inside(): Conversation | null {
    return this.#inside;
  }

  get code(): string {
    return this.#inside?.about.code ?? this.#code;
  }

  /** Also of a room that is gone but was known on this device. */
  get title(): string {
    return this.#inside?.about.title ?? this.#ports.visits.find(this.#code)?.title ?? "";
  }

  /** While a password is tried: the door stays as it is meanwhile. */
  get isKnocking(): boolean {
    return this.#isKnocking;
  }

  /** Through the door, or once more. */
  async enter(password?: string): Promise<void> {
    this.#become(this.#phase === "needs_password" ? "needs_password" : "loading");
    this.#password = password ?? this.#password;
    await this.#knock();
  }

  async #knock(): Promise<void> {
    const attempt = this.#attempt;
    this.#isKnocking = true;
    this.#ports.changed();
    const joined = await this.#ports.api.join(this.code, this.#password);
    if (attempt !== this.#attempt) return;
    this.#isKnocking = false;
    if (joined.ok) this.#joined(joined.value);
    else this.#shut(joined.failure);
  }

  /** Gives membership up. */
  async leave(): Promise<Result> {
    if (!this.#inside) return done;
    const left = await this.#ports.api.leave(this.#inside.about.id);
    // Our own member.left may have come first; not_found means that we were out already.
    const isOut = left.ok || left.failure.code === "not_found";
    if (isOut && this.#phase !== "left") this.#leave();
    if (!left.ok && left.failure.code === "unauthenticated") this.#ports.signedOut();
    return isOut ? done : left;
  }

  /** Nobody looks at this room any more; membership stays. */
  close(): void {
    if (this.#inside) this.#ports.link.ask({ op: "exit", room: this.#inside.about.id }, () => undefined);
    this.#detach();
  }

  #joined(joined: Joined): void {
    const { link } = this.#ports;
    this.#inside = new Conversation(this.#me, joined, this.#portsInside());
    this.#phase = "open";
    this.#failedTries = 0;
    const hear = (news: RoomNews) => this.#inside?.heard(news);
    this.#release = [link.attach(joined.room.id, hear), link.watch((status) => { this.#linkChanged(status); })];
    if (link.status.is === "live") this.#enterLive();
    else link.start();
    this.#ports.changed();
  }

  #portsInside(): ConversationPorts {
    const { api, link, store, visits, changed } = this.#ports;
    return {
      ...{ api, link, store, visits, changed },
      left: () => { this.#leave(); },
      unknown: () => { void this.#findOutWhy(); },
      enterAgain: () => { this.#enterLive(); },
    };
  }

  /** The server did not let us in. */
  #shut(reason: Failure): void {
    switch (reason.code) {
      case "wrong_password": {
        // Without a password we only asked; now we know that one is wanted.
        const wasAsking = this.#password === undefined;
        this.#password = undefined;
        this.#become("needs_password", wasAsking ? null : reason);
        break;
      }
      case "not_found":
        this.#become(this.#ports.visits.find(this.code) ? "closed" : "not_found", reason);
        break;
      case "banned":
        this.#become("removed", reason);
        break;
      case "unauthenticated":
        this.#become("error", reason);
        this.#ports.signedOut();
        break;
      case "offline":
      case "overloaded":
        this.#become("error", reason);
        this.#later(reason.retryAfterS ?? 0, () => void this.#knock());
        break;
      default:
        this.#become("error", reason);
    }
  }

  #linkChanged(status: LinkStatus): void {
    if (status.is === "live") this.#enterLive();
    else this.#inside?.disconnected();
    if (status.is === "signed_out") this.#ports.signedOut();
    if (status.is === "stopped") this.#stopped(status.code);
    this.#ports.changed();
  }

  #stopped(closeCode: number): void {
    const [phase, code] = ENDINGS[closeCode] ?? ["error", "stopped"];
    this.#become(phase, { code, retryAfterS: null });
  }

  #enterLive(): void {
    if (!this.#inside) return;
    const { about, resumePoint } = this.#inside;
    const attempt = this.#attempt;
    this.#ports.link.ask({ op: "enter", room: about.id, ...resumePoint }, (answer) => {
      if (attempt === this.#attempt) this.#enterAnswered(answer);
    });
  }

  #enterAnswered(answer: Answer | null): void {
    if (answer?.op === "refused") this.#enterRefused(answer);
    if (answer?.op !== "entered") return;
    this.#failedTries = 0;
    this.#inside?.entered(answer);
  }

  #enterRefused({ code, final, retry_after_s }: Refused): void {
    if (!final) this.#enterLater(retry_after_s ?? 0);
    else if (code === "not_found") void this.#findOutWhy();
    else this.#shut({ code, retryAfterS: retry_after_s ?? null });
  }

  #enterLater(afterS: number): void {
    this.#later(afterS, () => {
      this.#enterLive();
    });
  }

  /** A door that did not open for no fault of ours is tried again by itself, unless something
   * else has become of us by then. */
  #later(afterS: number, act: () => void): void {
    const attempt = this.#attempt;
    const wait = waitAfter(this.#failedTries, afterS * 1000);
    this.#failedTries += 1;
    setTimeout(() => {
      if (attempt === this.#attempt) act();
    }, someOf(wait));
  }

  /** The server does not know the room, or does not know us in it: which of the two? */
  async #findOutWhy(): Promise<void> {
    const attempt = this.#attempt;
    const found = await this.#ports.api.lookUp(this.code);
    if (attempt !== this.#attempt) return;
    if (found.ok) this.#leave();
    else if (found.failure.code === "not_found") this.#become("closed", found.failure);
    else this.#enterLater(found.failure.retryAfterS ?? 0);
  }

  #leave(): void {
    this.#ports.visits.forget(this.code);
    this.#become("left");
  }

  /** Any phase but "open", which has a connection to keep. */
  #become(phase: Exclude<RoomPhase, "open">, reason: Failure | null = null): void {
    this.#detach();
    this.#phase = phase;
    this.#failure = reason;
    this.#ports.changed();
  }

  #detach(): void {
    this.#attempt += 1;
    this.#isKnocking = false;
    for (const release of this.#release) release();
    this.#release = [];
    this.#inside?.close();
  }
}
