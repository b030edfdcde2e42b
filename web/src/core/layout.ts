/**
 * From entries to rows: day separators, the "new since you left" line, groups by author. Rows
 * that cannot have changed are kept, so that one more message costs one more row, not ten
 * thousand.
 */

import type { Person } from "../protocol/frames";
import type { PendingMessage } from "./outbox";
import type { MessageRow, Row } from "./rows";
import type { Entry, FindName, Timeline } from "./timeline";
import { identity } from "./timeline";

const GROUP_WITHIN_MS = 5 * 60_000;

export interface LayoutContext {
  readonly me: Person;
  readonly findName: FindName;
  readonly namesVersion: number;
  /** The line stands above the first message of somebody else behind this seq; null: no line. */
  readonly unreadAfter: number | null;
}

export class Layout {
  #sheet = new Sheet();
  #laidOut = 0;
  #basis = "";
  #pending: readonly PendingMessage[] = [];
  #rows: readonly Row[] = [];

  /** The same array as before when nothing changed. */
  rows(timeline: Timeline, pending: readonly PendingMessage[], context: LayoutContext): readonly Row[] {
    const isNew = this.#extend(timeline, context);
    if (!isNew && pending === this.#pending) return this.#rows;
    this.#pending = pending;
    const waiting = pending.filter(({ cid }) => !timeline.has(context.me.id, cid));
    this.#rows = this.#sheet.copyWith(waiting, context);
    return this.#rows;
  }

  #extend(timeline: Timeline, context: LayoutContext): boolean {
    const basis = JSON.stringify([timeline.revision, context.namesVersion, context.unreadAfter, context.me.id]);
    const isOther = basis !== this.#basis;
    if (isOther) {
      this.#basis = basis;
      this.#sheet = new Sheet();
      this.#laidOut = 0;
    }
    const added = timeline.entries.slice(this.#laidOut);
    for (const entry of added) this.#sheet.add(entry, context);
    this.#laidOut += added.length;
    return isOther || added.length > 0;
  }
}

type Telling = Pick<MessageRow, "cid" | "author" | "body" | "at"> & Partial<MessageRow>;

/** Rows under way: what stands above decides whether a day, a line or a name comes next. */
class Sheet {
  readonly #rows: Row[];
  #day: string;
  #hasUnreadLine: boolean;

  constructor(from?: Sheet) {
    this.#rows = from ? [...from.#rows] : [];
    this.#day = from ? from.#day : "";
    this.#hasUnreadLine = from ? from.#hasUnreadLine : false;
  }

  add(entry: Entry, context: LayoutContext): void {
    const { seq, at } = entry;
    this.#beginDay(at);
    if (entry.kind === "note") {
      this.#rows.push({ kind: "note", key: `note/${String(seq)}`, seq, at, note: entry.note });
      return;
    }
    const { cid, author, body, edited_at, deleted, reply_to } = entry.message;
    if (author.id !== context.me.id) this.#drawUnreadLine(seq, context.unreadAfter);
    const now = { id: author.id, name: context.findName(author.id) ?? author.name };
    this.#say({ cid, seq, author: now, body, at, editedAt: edited_at, deleted, replyTo: reply_to }, context);
  }

  copyWith(pending: readonly PendingMessage[], context: LayoutContext): readonly Row[] {
    const copy = new Sheet(this);
    for (const message of pending) {
      copy.#beginDay(message.at);
      copy.#say({ ...message, author: context.me }, context);
    }
    return copy.#rows;
  }

  #say(telling: Telling, context: LayoutContext): void {
    this.#rows.push({
      kind: "message",
      key: identity(telling.author.id, telling.cid),
      seq: null,
      mine: telling.author.id === context.me.id,
      startsGroup: this.#startsGroup(telling),
      editedAt: null,
      deleted: false,
      replyTo: null,
      delivery: "sent",
      failure: null,
      waitingFor: null,
      ...telling,
    });
  }

  #startsGroup({ author, at }: Telling): boolean {
    const above = this.#rows.at(-1);
    if (above?.kind !== "message" || above.author.id !== author.id) return true;
    // The clocks of two machines differ: a small step back is no pause.
    return Math.abs(Date.parse(at) - Date.parse(above.at)) > GROUP_WITHIN_MS;
  }

  #beginDay(at: string): void {
    const day = localDay(at);
    // A clock that steps back over midnight does not bring yesterday again.
    if (day <= this.#day) return;
    this.#day = day;
    this.#rows.push({ kind: "day", key: `day/${day}`, day, at });
  }

  #drawUnreadLine(seq: number, unreadAfter: number | null): void {
    if (this.#hasUnreadLine || unreadAfter === null || seq <= unreadAfter) return;
    this.#hasUnreadLine = true;
    this.#rows.push({ kind: "unread", key: "unread" });
  }
}

/** The reader's calendar day, "YYYY-MM-DD". */
export function localDay(at: string): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
