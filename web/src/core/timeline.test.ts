import { describe, expect, it } from "vitest";
import { readChange } from "../protocol/changes";
import type { LogEvent, Message } from "../protocol/frames";
import { Layout } from "./layout";
import type { PendingMessage } from "./outbox";
import type { Row } from "./rows";
import { alice, aMessage, anEvent, at, bob, carol, posted } from "./testing/cast";
import { Timeline } from "./timeline";

const names = new Map([alice, bob].map(({ id, name }) => [id, name]));
const findName = (id: string) => names.get(id);

function apply(timeline: Timeline, ...events: readonly LogEvent[]): void {
  for (const event of events) {
    const change = readChange(event);
    if (change) timeline.apply(change, findName);
  }
}

function aTimeline(...messages: readonly Message[]): Timeline {
  const timeline = new Timeline();
  timeline.reset(messages, false);
  return timeline;
}

const context = { me: alice, findName, namesVersion: 0, unreadAfter: null };

function rowsOf(timeline: Timeline, pending: readonly PendingMessage[] = [], more: Partial<typeof context> | { unreadAfter: number } = {}) {
  return new Layout().rows(timeline, pending, { ...context, ...more });
}

/** Rows in short: "day", "-" for the line, "Bob: text", ": text" inside a group, "(joined)". */
function told(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    if (row.kind === "day") return "day";
    if (row.kind === "unread") return "-";
    if (row.kind === "note") return `(${row.note.what})`;
    return `${row.startsGroup ? row.author.name : ""}: ${row.body}`;
  });
}

function aPending(cid: string, fields: Partial<PendingMessage> = {}): PendingMessage {
  return { cid, body: cid, at: at(500), replyTo: null, seq: null, delivery: "sending", failure: null, waitingFor: null, ...fields };
}

describe("a timeline", () => {
  it("keeps messages in the order of their seq, each once", () => {
    const timeline = aTimeline(aMessage(5, bob), aMessage(7, bob));
    apply(timeline, posted(aMessage(7, bob)), posted(aMessage(6, bob)), posted(aMessage(8, alice)));
    timeline.prepend([aMessage(3, bob), aMessage(5, bob), aMessage(6, carol)], true);
    expect(timeline.entries.map(({ seq }) => seq)).toEqual([3, 5, 7, 8]);
    expect(timeline.oldestSeq).toBe(3);
    expect(timeline.hasOlder).toBe(true);
  });

  it("holds one message for a cid of an author, but lets two authors use the same", () => {
    const timeline = aTimeline(aMessage(5, bob, { cid: "same" }));
    apply(timeline, posted(aMessage(6, bob, { cid: "same" })), posted(aMessage(7, carol, { cid: "same" })));
    expect(timeline.entries.map(({ seq }) => seq)).toEqual([5, 7]);
  });

  it("tells who came, left and is called otherwise now, under the names from before", () => {
    const timeline = aTimeline();
    apply(
      timeline,
      anEvent(3, "member.joined", carol, { person_id: "carol", name: "Carol", role: "member" }),
      anEvent(4, "member.renamed", bob, { person_id: "bob", name: "Robert" }),
      anEvent(5, "member.left", bob, { person_id: "bob" }),
      anEvent(6, "room.updated", alice, { title: "The garden" }),
    );
    expect(timeline.entries.map((entry) => entry.kind === "note" && entry.note)).toEqual([
      { what: "joined", who: carol },
      { what: "renamed", who: { id: "bob", name: "Robert" }, before: "Bob" },
      { what: "left", who: bob },
      { what: "retitled", who: alice, title: "The garden" },
    ]);
  });

  it("says nothing of kinds that it does not know, or of people whom nobody knows", () => {
    const timeline = aTimeline();
    apply(timeline, anEvent(3, "hologram.shown", bob, {}), anEvent(4, "member.left", carol, { person_id: "carol" }));
    expect(timeline.entries).toEqual([]);
  });

  it("drops the oldest of very many, and can load them again", () => {
    const timeline = aTimeline();
    for (let seq = 1; seq <= 20_001; seq++) apply(timeline, posted(aMessage(seq, bob)));
    expect(timeline.entries.length).toBe(15_001);
    expect(timeline.hasOlder).toBe(true);
    timeline.prepend([aMessage(5_000, bob)], true);
    expect(timeline.oldestSeq).toBe(5_000);
  });
});

describe("rows", () => {
  it("group what one author says within five minutes", () => {
    const spoken = [
      aMessage(3, bob, { at: at(0) }),
      aMessage(4, bob, { at: at(300) }),
      aMessage(5, alice, { at: at(301) }),
      aMessage(6, alice, { at: at(602) }),
    ];
    expect(told(rowsOf(aTimeline(...spoken)))).toEqual([
      "day",
      "Bob: message 3",
      ": message 4",
      "Alice: message 5",
      "Alice: message 6",
    ]);
  });

  it("begin a group after a note", () => {
    const timeline = aTimeline(aMessage(3, bob));
    apply(timeline, anEvent(4, "member.joined", carol, { person_id: "carol", name: "Carol", role: "member" }));
    apply(timeline, posted(aMessage(5, bob)));
    expect(told(rowsOf(timeline))).toEqual(["day", "Bob: message 3", "(joined)", "Bob: message 5"]);
  });

  it("begin each calendar day of the reader with a separator", () => {
    const evening = new Date(2030, 0, 1, 23, 59).toISOString();
    const morning = new Date(2030, 0, 2, 0, 1).toISOString();
    const rows = rowsOf(aTimeline(aMessage(3, bob, { at: evening }), aMessage(4, bob, { at: morning })));
    expect(told(rows)).toEqual(["day", "Bob: message 3", "day", "Bob: message 4"]);
    expect(rows.flatMap((row) => (row.kind === "day" ? [row.day] : []))).toEqual(["2030-01-01", "2030-01-02"]);
  });

  it("have the line above the first message of somebody else that is new", () => {
    const timeline = aTimeline(aMessage(3, bob), aMessage(4, alice), aMessage(5, bob), aMessage(6, bob));
    expect(told(rowsOf(timeline, [], { unreadAfter: 3 }))).toEqual([
      "day",
      "Bob: message 3",
      "Alice: message 4",
      "-",
      "Bob: message 5",
      ": message 6",
    ]);
  });

  it("show the name that somebody has now", () => {
    const timeline = aTimeline(aMessage(3, { id: "bob", name: "Old Bob" }), aMessage(4, { id: "dave", name: "Dave" }));
    expect(told(rowsOf(timeline))).toEqual(["day", "Bob: message 3", "Dave: message 4"]);
  });

  it("end with the pending ones, less those that have arrived", () => {
    const timeline = aTimeline(aMessage(3, alice, { cid: "a" }));
    expect(told(rowsOf(timeline, [aPending("a"), aPending("b")]))).toEqual(["day", "Alice: message 3", "Alice: b"]);
  });

  it("keep the key of a pending message when it arrives", () => {
    const timeline = aTimeline();
    const keys = (rows: readonly Row[]) => rows.flatMap((row) => (row.kind === "message" ? [row.key] : []));
    const before = keys(rowsOf(timeline, [aPending("a")]));
    apply(timeline, posted(aMessage(3, alice, { cid: "a" })));
    expect(keys(rowsOf(timeline))).toEqual(before);
  });

  it("all have keys of their own", () => {
    const rows = rowsOf(aTimeline(aMessage(3, bob, { cid: "x" }), aMessage(4, carol, { cid: "x" })), [aPending("x")]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });

  it("that were laid out step by step are those that are laid out at once", () => {
    const stepwise = new Layout();
    const timeline = aTimeline(aMessage(3, bob));
    for (let seq = 4; seq < 60; seq++) {
      apply(timeline, posted(aMessage(seq, seq % 3 === 0 ? alice : bob, { at: at(seq * 97) })));
      if (seq % 10 === 0) timeline.prepend([aMessage(2, carol)], false);
      expect(stepwise.rows(timeline, [], context)).toEqual(rowsOf(timeline));
    }
  });

  it("stay the same objects when one is added, and the same array when none is", () => {
    const layout = new Layout();
    const timeline = aTimeline(aMessage(3, bob), aMessage(4, bob));
    const pending: readonly PendingMessage[] = [];
    const before = layout.rows(timeline, pending, context);
    expect(layout.rows(timeline, pending, context)).toBe(before);
    apply(timeline, posted(aMessage(5, bob)));
    const after = layout.rows(timeline, pending, context);
    expect(after.slice(0, before.length).every((row, index) => row === before[index])).toBe(true);
    expect(after.length).toBe(before.length + 1);
  });
});

it("tells nothing of a new name whose old one nobody here knew", () => {
  const timeline = new Timeline();
  const renamed = { kind: "member.renamed", seq: 3, at: at(3), by: "dora", person: { id: "dora", name: "Dora" } } as const;
  timeline.apply(renamed, () => undefined);
  expect(timeline.entries).toEqual([]);
});
