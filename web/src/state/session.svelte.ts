/**
 * Who is at this device. The session is a cookie that scripts cannot read, shared by all tabs:
 * so the server is asked again whenever something says that it may have changed hands.
 */

import type { Api } from "../core/api";
import { someOf, waitAfter } from "../core/patience";
import type { Failure, Result } from "../core/result";
import { done, failure, success } from "../core/result";
import type { Memory } from "../core/storage";
import type { Person, Session } from "./contract";

const LAST_NAME = "name";
/** Whose things lie on this device. */
const OWNER = "person";

export interface SessionPorts {
  readonly api: Api;
  readonly memory: Memory;
  /** Whether the browser holds a session: to ask in vain would be an error in the console of
   * everybody who comes for the first time. */
  readonly isMarked: () => boolean;
  /** Somebody else is here now, or nobody. A new name is not a change of person. */
  readonly changed: () => void;
  /** The other tabs should ask who is here, too; `gone` signed out. */
  readonly tellTabs: (gone: string | null) => void;
  /** This guest wanted to go: nothing of theirs stays on the device. */
  readonly forget: (personId: string) => void;
  /** This guest was put out and does not come back: what was not sent yet must not be lost. */
  readonly setAside: (personId: string) => void;
}

export class SessionState implements Session {
  readonly #ports: SessionPorts;
  #phase = $state<Session["phase"]>("loading");
  #me = $state.raw<Person | null>(null);
  #lastName = $state("");
  #endedBy = $state.raw<Failure | null>(null);
  /** Grows with every question and every decision: a late answer compares, and goes. */
  #turn = 0;
  #isLeaving = false;
  /** Who was put out here; another tab may still say that they wanted to go. */
  #partedFrom: string | null = null;
  #failedTries = 0;
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

  get endedBy(): Failure | null {
    return this.#endedBy;
  }

  async refresh(): Promise<void> {
    const turn = this.#begin();
    const known = await this.#ask();
    if (turn !== this.#turn) return;
    if (known.ok) this.#signedIn(known.value);
    else if (known.failure.code === "unauthenticated") this.#nobody();
    // Somebody who was signed in a moment ago still is, as far as anyone knows.
    else if (this.#me === null) this.#unreachable();
  }

  /** The server does not take us for who we were. Who are we now? */
  async lost(): Promise<void> {
    // The server hangs up before it answers a sign-out; what becomes of us, that answer tells.
    if (this.#isLeaving) return;
    if (this.#me) this.#part(this.#me);
    this.#become(null, "loading");
    await this.refresh();
  }

  async signIn(name: string): Promise<Result<Person>> {
    this.#begin();
    // Another tab may have signed in meanwhile: a second session would take the cookie of the first.
    const known = await this.#ask();
    if (known.ok) return this.#comeIn(known.value, name);
    if (known.failure.code !== "unauthenticated") {
      // The question that was to be asked again by itself gave way to this one.
      if (this.#phase === "unreachable") this.#unreachable();
      return known;
    }
    const signedIn = await this.#ports.api.signIn(name);
    if (signedIn.ok) this.#arrived(signedIn.value);
    return signedIn;
  }

  async rename(name: string): Promise<Result<Person>> {
    this.#begin();
    const renamed = await this.#ports.api.rename(name);
    if (renamed.ok) this.#arrived(renamed.value);
    else if (renamed.failure.code === "unauthenticated") void this.lost();
    return renamed;
  }

  async signOut(): Promise<Result> {
    this.#begin();
    this.#isLeaving = true;
    const signedOut = await this.#ports.api.signOut();
    this.#isLeaving = false;
    const isOut = signedOut.ok || signedOut.failure.code === "unauthenticated";
    if (!isOut) {
      void this.refresh();
      return signedOut;
    }
    const gone = this.#me?.id ?? null;
    this.#leave(gone);
    this.#ports.tellTabs(gone);
    return done;
  }

  /** Another tab says that something changed; `gone` signed out there. */
  heard(gone: string | null): void {
    if (gone !== null && gone === (this.#me?.id ?? this.#partedFrom)) this.#leave(gone);
    else void this.refresh();
  }

  #ask(): Promise<Result<Person>> {
    return this.#ports.isMarked() ? this.#ports.api.loadSession() : Promise.resolve(failure("unauthenticated"));
  }

  async #comeIn(person: Person, name: string): Promise<Result<Person>> {
    this.#signedIn(person);
    return person.name === name ? success(person) : this.rename(name);
  }

  #arrived(person: Person): void {
    this.#signedIn(person);
    this.#ports.tellTabs(null);
  }

  #signedIn(person: Person): void {
    if (this.#me && this.#me.id !== person.id) this.#part(this.#me);
    this.#lastName = person.name;
    this.#ports.memory.remember(LAST_NAME, person.name);
    this.#ports.memory.remember(OWNER, person.id);
    this.#endedBy = null;
    this.#become(person, "signed_in");
  }

  #nobody(): void {
    if (this.#me) this.#part(this.#me);
    // The session ended while no page was open: who comes now may be anybody.
    else this.#forgetOwner();
    this.#become(null, "signed_out");
  }

  /** We wanted to go. */
  #leave(gone: string | null): void {
    this.#endedBy = null;
    this.#partedFrom = null;
    // First the room closes: what it still notes is forgotten with the rest.
    this.#become(null, "signed_out");
    this.#forgetOwner(gone ?? undefined);
  }

  #forgetOwner(owner = this.#ports.memory.recall(OWNER)): void {
    this.#ports.memory.forget(OWNER);
    if (owner !== null) this.#ports.forget(owner);
  }

  /** We were put out, before the eyes of whoever sits here. */
  #part({ id }: Person): void {
    const { memory, setAside } = this.#ports;
    if (memory.recall(OWNER) === id) memory.forget(OWNER);
    setAside(id);
    this.#partedFrom = id;
    this.#endedBy = { code: "unauthenticated", retryAfterS: null };
  }

  #unreachable(): void {
    this.#become(null, "unreachable");
    this.#asking = setTimeout(() => void this.refresh(), someOf(waitAfter(this.#failedTries)));
    this.#failedTries += 1;
  }

  #begin(): number {
    clearTimeout(this.#asking);
    this.#turn += 1;
    return this.#turn;
  }

  #become(me: Person | null, phase: Session["phase"]): void {
    const isOther = me?.id !== this.#me?.id || this.#phase === "loading";
    this.#begin();
    this.#me = me;
    this.#phase = phase;
    if (phase !== "unreachable") this.#failedTries = 0;
    if (isOther) this.#ports.changed();
  }
}
