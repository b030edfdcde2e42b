// What a voice says of a conversation: what is new, once, and never what older pages bring.

import { sentenceFor, t } from "../i18n";
import type { MessageRow, Row } from "../state/contract";
import { sayNote } from "./notes";

export interface Said {
  readonly key: string;
  readonly words: string;
}

/** As many stay in the region: nobody is listening to the ones before. After a long absence, their number is said. */
const KEPT = 5;

export class News {
  #heard: number | null = null;
  #failed: ReadonlySet<string> = new Set();
  #said: readonly Said[] = [];

  /** Rows came or went. The first ones were there before; to a reader further up, the jump button counts. */
  after(rows: readonly Row[], atEnd: boolean): readonly Said[] {
    const isFirst = this.#heard === null;
    const fresh = [...this.#arrived(rows), ...this.#refused(rows)];
    if (isFirst || !atEnd || fresh.length === 0) return this.#said;
    this.#said = fresh.length > KEPT ? [summed(fresh)] : [...this.#said, ...fresh].slice(-KEPT);
    return this.#said;
  }

  #arrived(rows: readonly Row[]): Said[] {
    const heard = this.#heard ?? Infinity;
    const said: Said[] = [];
    let newest: number | null = null;
    // From the end, where the new ones are: a long history is not walked for each of them.
    for (let index = rows.length - 1; index >= 0; index -= 1) {
      const row = rows[index];
      const seq = row && "seq" in row ? row.seq : null;
      if (row === undefined || seq === null) continue;
      newest ??= seq;
      if (seq <= heard) break;
      const words = wordsOf(row);
      if (words !== null) said.unshift({ key: row.key, words });
    }
    this.#heard = newest ?? 0;
    return said;
  }

  #refused(rows: readonly Row[]): Said[] {
    const failed = rows.slice(lastSent(rows) + 1).filter(isFailed);
    const said = failed.filter((row) => !this.#failed.has(row.cid));
    this.#failed = new Set(failed.map((row) => row.cid));
    return said.map((row) => ({
      key: `failed-${row.cid}`,
      words: `${t.messages.failed} ${row.failure ? sentenceFor(row.failure) : ""}`,
    }));
  }
}

function wordsOf(row: Row): string | null {
  if (row.kind === "note") return sayNote(row.note);
  if (row.kind !== "message" || row.mine || row.deleted) return null;
  return t.messages.saidBy(row.author.name, row.body);
}

function summed(fresh: readonly Said[]): Said {
  return { key: fresh.at(-1)?.key ?? "", words: t.messages.newBelow(fresh.length) };
}

/** What is not sent stands last. */
function lastSent(rows: readonly Row[]): number {
  return rows.findLastIndex((row) => row.kind !== "message" || row.delivery === "sent");
}

function isFailed(row: Row): row is MessageRow {
  return row.kind === "message" && row.delivery === "failed";
}
