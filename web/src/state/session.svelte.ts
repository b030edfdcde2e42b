/** Who is at this device. The session itself is a cookie that scripts cannot read. */

import type { Api } from "../core/api";
import type { Result } from "../core/result";
import { done } from "../core/result";
import type { Memory } from "../core/storage";
import type { Person, Session } from "./contract";

const LAST_NAME = "name";

/** Set while there is a session, whose cookie cannot be read: to ask in vain would be an error in
 * the console of everybody who comes for the first time. */
const SIGNED_IN = "signed-in";

/** While the server cannot be reached. */
const ASK_AGAIN_MS = 3_000;

export interface SessionPorts {
  readonly api: Api;
  readonly memory: Memory;
  /** Somebody else is here now, or nobody. A new name is not a change of person. */
  readonly changed: () => void;
  /** This guest does not come back: nothing of theirs needs to be kept. */
  readonly gone: (person: Person) => void;
}

export class SessionState implements Session {
  readonly #ports: SessionPorts;
  #phase = $state<Session["phase"]>("loading");
  #me = $state.raw<Person | null>(null);
  #lastName = $state("");
  #asking: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#lastName = ports.memory.recall(LAST_NAME) ?? "";
  }

  get phase(): Session["phase"] {
    return this.#phase;
  }

  get me(): Person | null {
    return this.#me;
  }

  get lastName(): string {
    return this.#lastName;
  }

  async refresh(): Promise<void> {
    if (this.#ports.memory.recall(SIGNED_IN) === null) {
      this.ended();
      return;
    }
    const loaded = await this.#ports.api.loadSession();
    if (loaded.ok) this.#signedIn(loaded.value);
    else if (loaded.failure.code === "unauthenticated") this.ended();
    // Somebody who was signed in a moment ago still is, as far as anyone knows.
    else if (this.#me === null) this.#unreachable();
  }

  async signIn(name: string): Promise<Result<Person>> {
    const signedIn = await this.#ports.api.signIn(name);
    if (signedIn.ok) this.#signedIn(signedIn.value);
    return signedIn;
  }

  async rename(name: string): Promise<Result<Person>> {
    const renamed = await this.#ports.api.rename(name);
    if (renamed.ok) this.#signedIn(renamed.value);
    else if (renamed.failure.code === "unauthenticated") this.ended();
    return renamed;
  }

  async signOut(): Promise<Result> {
    const signedOut = await this.#ports.api.signOut();
    const isOut = signedOut.ok || signedOut.failure.code === "unauthenticated";
    if (!isOut) return signedOut;
    this.ended();
    // Whoever sits down at this device next need not know where the last one was.
    this.#ports.memory.forgetAll("draft.");
    this.#ports.memory.forget("visits");
    return done;
  }

  #unreachable(): void {
    this.#phase = "unreachable";
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => void this.refresh(), ASK_AGAIN_MS);
  }

  /** The server does not know this session any more. */
  ended(): void {
    const gone = this.#me;
    this.#me = null;
    this.#phase = "signed_out";
    this.#ports.memory.forget(SIGNED_IN);
    this.#ports.changed();
    if (gone) this.#ports.gone(gone);
  }

  #signedIn(person: Person): void {
    const isOther = this.#me?.id !== person.id;
    this.#me = person;
    this.#phase = "signed_in";
    this.#lastName = person.name;
    this.#ports.memory.remember(LAST_NAME, person.name);
    this.#ports.memory.remember(SIGNED_IN, "yes");
    if (isOther) this.#ports.changed();
  }
}
