/** A room as the screens see it: the engine's room, read again whenever it says that it changed. */

import type { Conversation } from "../core/conversation";
import type { Result } from "../core/result";
import { failure } from "../core/result";
import type { RoomPorts } from "../core/room";
import { Room as Engine } from "../core/room";
import { USUAL_LIMITS } from "../protocol/frames";
import type { ConnectionView, Person, Room } from "./contract";
import type { Drafts } from "./drafts";

export interface RoomSurroundings extends Omit<RoomPorts, "changed"> {
  readonly drafts: Drafts;
  readonly connection: { readonly view: ConnectionView };
  readonly retryConnectionNow: () => void;
}

export class RoomState implements Room {
  readonly #surroundings: RoomSurroundings;
  readonly #engine: Engine;
  /** A new wrapper around the same engine is what tells readers that something changed. */
  #now: { readonly engine: Engine };
  #draft = $state("");
  /** The room that the draft is for; null before the door opened. */
  #draftFor: string | null = null;
  #sendCount = 0;

  readonly phase = $derived(this.#look((room) => room.phase));
  readonly failure = $derived(this.#look((room) => room.failure));
  readonly entering = $derived(this.#look((room) => room.phase === "needs_password" && room.isKnocking));
  readonly code = $derived(this.#look((room) => room.code));
  readonly title = $derived(this.#look((room) => room.title));
  readonly id = $derived(this.#inside((inside) => inside.about.id, null));
  readonly url = $derived(this.#inside((inside) => inside.about.url, ""));
  readonly emptyTtlS = $derived(this.#inside((inside) => inside.about.empty_ttl_s, null));
  readonly members = $derived(this.#inside((inside) => inside.roster.members, []));
  readonly me = $derived(this.members.find((member) => member.isMe) ?? null);
  readonly memberCount = $derived(this.#inside((inside) => inside.roster.memberCount, 0));
  readonly hereCount = $derived(this.#inside((inside) => inside.roster.hereCount, 0));
  readonly rows = $derived(this.#inside((inside) => inside.rows, []));
  readonly hasOlder = $derived(this.#inside((inside) => inside.hasOlder, false));
  readonly loadingOlder = $derived(this.#inside((inside) => inside.isLoadingOlder, false));
  readonly unreadCount = $derived(this.#inside((inside) => inside.unreadCount, 0));
  readonly hasMoreUnread = $derived(this.#inside((inside) => inside.hasMoreUnread, false));
  readonly unsentCount = $derived(this.#inside((inside) => inside.unsentCount, 0));
  readonly bodyLimit = $derived(this.#inside((inside) => inside.bodyLimit, USUAL_LIMITS.body_chars));

  constructor(code: string, me: Person, surroundings: RoomSurroundings) {
    this.#surroundings = surroundings;
    this.#engine = new Engine(code, me, {
      ...surroundings,
      changed: () => {
        this.#now = { engine: this.#engine };
        this.#settleDraft();
      },
    });
    this.#now = $state.raw({ engine: this.#engine });
  }

  get connection(): ConnectionView {
    return this.#surroundings.connection.view;
  }

  get draft(): string {
    return this.#draft;
  }

  set draft(text: string) {
    this.#draft = text;
    if (this.#draftFor !== null) this.#surroundings.drafts.keep(this.#draftFor, text);
  }

  enter(password?: string): Promise<void> {
    return this.#engine.enter(password);
  }

  async loadOlder(): Promise<Result> {
    return (await this.#engine.inside?.loadOlder()) ?? failure("not_found");
  }

  get sendCount(): number {
    return this.#sendCount;
  }

  post(body: string, how: { readonly replyTo?: number } = {}): Result {
    if (this.#engine.phase !== "open" || !this.#engine.inside) return failure("not_found");
    this.#sendCount += 1;
    const posted = this.#engine.inside.post(body, how.replyTo ?? null);
    if (posted.ok) this.draft = "";
    return posted;
  }

  retry(cid: string): void {
    this.#sendCount += 1;
    this.#engine.inside?.retry(cid);
  }

  discard(cid: string): void {
    this.#engine.inside?.discard(cid);
  }

  markSeen(): void {
    this.#engine.inside?.markSeen();
  }

  lookAway(): void {
    this.#engine.inside?.lookAway();
  }

  clearUnreadLine(): void {
    this.#engine.inside?.clearUnreadLine();
  }

  retryConnectionNow(): void {
    this.#surroundings.retryConnectionNow();
  }

  leave(): Promise<Result> {
    return this.#engine.leave();
  }

  /** Somebody looks at the page again. */
  lookBack(): void {
    void this.#engine.inside?.adopt();
  }

  close(): void {
    this.#engine.close();
  }

  #settleDraft(): void {
    const { drafts, visits } = this.#surroundings;
    const { inside, phase, code } = this.#engine;
    // Nobody will ever send it.
    if (phase === "closed") drafts.forget(inside?.about.id ?? visits.find(code)?.room ?? "");
    if (!inside || inside.about.id === this.#draftFor) return;
    this.#draftFor = inside.about.id;
    this.#draft = drafts.find(this.#draftFor);
  }

  #look<T>(read: (room: Engine) => T): T {
    return read(this.#now.engine);
  }

  #inside<T>(read: (inside: Conversation) => T, otherwise: T): T {
    return this.#look((room) => (room.inside ? read(room.inside) : otherwise));
  }
}
