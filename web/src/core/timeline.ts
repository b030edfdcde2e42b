/**
 * What was said in a room and what happened there, by position in its log: each entry once,
 * oldest first. Pending messages are the outbox's; rows are the layout's.
 */

import type { Change } from "../protocol/changes";
import type { Message } from "../protocol/frames";
import type { Note } from "./rows";

export type Entry =
  | { readonly kind: "message"; readonly seq: number; readonly at: string; readonly message: Message }
  | { readonly kind: "note"; readonly seq: number; readonly at: string; readonly note: Note };

export type FindName = (personId: string) => string | undefined;

/** A tab that stays open for weeks must not grow for ever; what is dropped can be loaded again. */
const MOST_ENTRIES = 20_000;
const DROPPED_AT_ONCE = 5_000;

export class Timeline {
  #entries: Entry[] = [];
  #saidBy = new Set<string>();
  readonly #speakers = new Set<string>();
  #revision = 0;
  #hasOlder = false;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Grows with every change that is not an entry more at the end. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether the server has messages before the first one here. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Where the page before this one ends; null when there is no message here. */
  get oldestSeq(): number | null {
    return this.#entries.find((entry) => entry.kind === "message")?.seq ?? null;
  }

  /** Was this said by that person, as far as is loaded? */
  has(authorId: string, cid: string): boolean {
    return this.#saidBy.has(identity(authorId, cid));
  }

  /** Did this person say anything that is, or was, loaded? */
  hasHeard(authorId: string): boolean {
    return this.#speakers.has(authorId);
  }

  reset(messages: readonly Message[], hasOlder: boolean): void {
    this.#entries = [];
    this.#saidBy.clear();
    this.#hasOlder = hasOlder;
    this.#revision += 1;
    for (const message of messages) this.#append(said(message));
  }

  /** The next change of the log. `findName` answers the names from before it. */
  apply(change: Change, findName: FindName): void {
    const entry = change.kind === "message.posted" ? said(change.message) : happened(change, findName);
    if (entry) this.#append(entry);
    if (this.#entries.length > MOST_ENTRIES) this.#dropOldest();
  }

  /** A page from before the first message here; whatever it repeats is skipped. */
  prepend(messages: readonly Message[], hasOlder: boolean): void {
    const firstSeq = this.#entries[0]?.seq ?? Infinity;
    const older = messages.map(said).filter((entry) => entry.seq < firstSeq && this.#remember(entry));
    this.#entries = [...older, ...this.#entries];
    this.#hasOlder = hasOlder;
    this.#revision += 1;
  }

  #append(entry: Entry): void {
    const lastSeq = this.#entries.at(-1)?.seq ?? 0;
    if (entry.seq > lastSeq && this.#remember(entry)) this.#entries.push(entry);
  }

  /** false for a message that is here already: (author, cid) is at most one message, for ever. */
  #remember(entry: Entry): boolean {
    if (entry.kind === "note") return true;
    const { author, cid } = entry.message;
    this.#speakers.add(author.id);
    const before = this.#saidBy.size;
    return this.#saidBy.add(identity(author.id, cid)).size > before;
  }

  #dropOldest(): void {
    for (const entry of this.#entries.splice(0, DROPPED_AT_ONCE)) {
      if (entry.kind === "message") this.#saidBy.delete(identity(entry.message.author.id, entry.message.cid));
    }
    this.#hasOlder = true;
    this.#revision += 1;
  }
}

/** Cids are chosen by clients, so another author may have chosen the same one. */
export function identity(authorId: string, cid: string): string {
  return `${authorId}/${cid}`;
}

function said(message: Message): Entry {
  return { kind: "message", seq: message.seq, at: message.at, message };
}

function happened(change: Change, findName: FindName): Entry | null {
  const note = noteOf(change, findName);
  return note && { kind: "note", seq: change.seq, at: change.at, note };
}

/** null where there is nothing to tell: somebody whose name nobody here knows is no news. */
function noteOf(change: Change, findName: FindName): Note | null {
  const known = (id: string) => {
    const name = findName(id);
    return name === undefined ? null : { id, name };
  };
  switch (change.kind) {
    case "member.joined":
      return { what: "joined", who: change.person };
    case "member.renamed": {
      const before = known(change.person.id)?.name;
      return before === undefined ? null : { what: "renamed", who: change.person, before };
    }
    case "member.left": {
      const who = known(change.personId);
      return who && { what: "left", who };
    }
    case "member.role": {
      const who = known(change.personId);
      return who && { what: "role", who, role: change.role };
    }
    case "room.created": {
      const who = known(change.by);
      return who && { what: "created", who };
    }
    case "room.updated": {
      const who = known(change.by);
      return who && change.title !== undefined ? { what: "retitled", who, title: change.title } : null;
    }
    case "message.posted":
      return null;
  }
}
