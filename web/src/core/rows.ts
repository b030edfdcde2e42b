/** The rows of a room's conversation, as the screen shows them from top to bottom. */

import type { Person, Role } from "../protocol/frames";
import type { Failure } from "./result";

interface RowBase {
  /** Stable for the row's whole life, also when a pending message becomes a posted one. */
  readonly key: string;
}

/** A new calendar day of the reader begins. `day` is "YYYY-MM-DD", local. */
export interface DayRow extends RowBase {
  readonly kind: "day";
  readonly day: string;
  /** RFC 3339, of the first row of that day. */
  readonly at: string;
}

/** "New since you left" stands above the first message that was not seen. */
export interface UnreadRow extends RowBase {
  readonly kind: "unread";
}

export type Note =
  | { readonly what: "created"; readonly who: Person }
  | { readonly what: "joined"; readonly who: Person }
  | { readonly what: "left"; readonly who: Person }
  | { readonly what: "renamed"; readonly who: Person; readonly before: string }
  | { readonly what: "role"; readonly who: Person; readonly role: Role }
  | { readonly what: "retitled"; readonly who: Person; readonly title: string };

/** Something that happened in the room and is not a message. */
export interface NoteRow extends RowBase {
  readonly kind: "note";
  readonly seq: number;
  readonly at: string;
  readonly note: Note;
}

export interface MessageRow extends RowBase {
  readonly kind: "message";
  readonly cid: string;
  /** null until the server has taken it. */
  readonly seq: number | null;
  /** With the name that they have now, where it is known; else the one they had then. */
  readonly author: Person;
  readonly mine: boolean;
  /** First of a run: same author, same day, within five minutes, nothing between. Show the name. */
  readonly startsGroup: boolean;
  readonly body: string;
  /** RFC 3339. */
  readonly at: string;
  readonly editedAt: string | null;
  readonly deleted: boolean;
  readonly replyTo: number | null;
  /** "sending" includes waiting for the network. "failed" offers retry(cid) and discard(cid). */
  readonly delivery: "sent" | "sending" | "failed";
  readonly failure: Failure | null;
  /** While "sending": why the server did not take it yet. It is tried again; discard(cid) ends that. */
  readonly waitingFor: Failure | null;
}

export type Row = DayRow | UnreadRow | NoteRow | MessageRow;
