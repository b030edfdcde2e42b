/** A room as the screens see it: the engine's room, read again whenever it says that it changed. */

import type { Conversation } from "../core/conversation";
import type { Result } from "../core/result";
import { failure } from "../core/result";
import type { RoomPorts } from "../core/room";
import { Room as Engine } from "../core/room";
import type { Memory } from "../core/storage";
import type { ConnectionView, Person, Room } from "./contract";

export interface RoomSurroundings extends Omit<RoomPorts, "changed"> {
  readonly memory: Memory;
  readonly connection: { readonly view: ConnectionView };
  readonly retryConnectionNow: () => void;
}

export class RoomState implements Room {
  readonly #surroundings: RoomSurroundings;
  readonly #engine: Engine;
  /** A new wrapper around the same engine is what tells readers that something changed. */
  #now: { readonly engine: Engine };
  #draft = $state("");

  readonly phase = $derived(this.#look((room) => room.phase));
  readonly failure = $derived(this.#look((room) => room.failure));
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

  constructor(code: string, me: Person, surroundings: RoomSurroundings) {
    this.#surroundings = surroundings;
    this.#engine = new Engine(code, me, {
      ...surroundings,
      changed: () => {
        this.#now = { engine: this.#engine };
      },
    });
    this.#now = $state.raw({ engine: this.#engine });
    this.#draft = surroundings.memory.recall(this.#draftKey()) ?? "";
  }

  get connection(): ConnectionView {
    return this.#surroundings.connection.view;
  }

  get draft(): string {
    return this.#draft;
  }

  set draft(text: string) {
    this.#draft = text;
    const { memory } = this.#surroundings;
    if (text === "") memory.forget(this.#draftKey());
    else memory.remember(this.#draftKey(), text);
  }

  enter(password?: string): Promise<void> {
    return this.#engine.enter(password);
  }

  async loadOlder(): Promise<Result> {
    return (await this.#engine.inside?.loadOlder()) ?? failure("not_found");
  }

  post(body: string, how: { readonly replyTo?: number } = {}): Result {
    if (this.#engine.phase !== "open" || !this.#engine.inside) return failure("not_found");
    const posted = this.#engine.inside.post(body, how.replyTo ?? null);
    if (posted.ok) this.draft = "";
    return posted;
  }

  retry(cid: string): void {
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

  close(): void {
    this.#engine.close();
  }

  #draftKey(): string {
    return `draft.${this.#engine.code}`;
  }

  #look<T>(read: (room: Engine) => T): T {
    return read(this.#now.engine);
  }

  #inside<T>(read: (inside: Conversation) => T, otherwise: T): T {
    return this.#look((room) => (room.inside ? read(room.inside) : otherwise));
  }
}
