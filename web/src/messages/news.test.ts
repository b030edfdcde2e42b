import { describe, expect, test } from "vitest";
import type { MessageRow, Row } from "../state/contract";
import { News } from "./news";

function message(seq: number, more: Partial<MessageRow> = {}): MessageRow {
  return {
    kind: "message", key: `m${seq}`, cid: `m${seq}`, seq, author: { id: "p", name: "Ada" }, mine: false, startsGroup: true,
    body: `word ${seq}`, at: "2026-11-24T06:30:00.000Z", editedAt: null, deleted: false, replyTo: null, delivery: "sent",
    failure: null, waitingFor: null, ...more,
  } as MessageRow;
}

const page = (from: number, to: number): Row[] => Array.from({ length: to - from }, (_, index) => message(from + index));

function listening(rows: readonly Row[]) {
  const news = new News();
  news.after(rows, true);
  return (now: readonly Row[], atEnd = true) => news.after(now, atEnd).map((said) => said.words);
}

describe("a voice says", () => {
  test("nothing of what was there before", () => {
    expect(new News().after(page(1, 50), true)).toEqual([]);
  });

  test("who said what, when it comes", () => {
    expect(listening(page(10, 20))(page(10, 21))).toEqual(["Ada: word 20"]);
  });

  test("the same words again, when they are said again", () => {
    const news = new News();
    news.after(page(1, 3), true);
    const said = news.after([...page(1, 3), message(3, { body: "yes" }), message(4, { body: "yes" })], true);
    expect(said.map(({ key }) => key)).toEqual(["m3", "m4"]);
  });

  test("nothing of older pages", () => {
    expect(listening(page(100, 150))(page(50, 150))).toEqual([]);
  });

  test("nothing of one's own words, sent or being sent", () => {
    const own = { mine: true, author: { id: "me", name: "Me" } };
    const waiting = message(0, { ...own, key: "w", seq: null, delivery: "sending" });
    expect(listening(page(1, 3))([...page(1, 3), message(3, own), waiting])).toEqual([]);
  });

  test("nothing to a reader further up, not even later", () => {
    const hear = listening(page(1, 3));
    expect(hear(page(1, 6), false)).toEqual([]);
    expect(hear(page(1, 7))).toEqual(["Ada: word 6"]);
  });

  test("only how many, after a long absence", () => {
    expect(listening(page(1, 3))(page(1, 33))).toEqual(["30 new messages"]);
  });

  test("that a letter was refused, once", () => {
    const refused = message(0, { key: "r", cid: "r", seq: null, mine: true, delivery: "failed", failure: { code: "body_too_long", retryAfterS: null } });
    const hear = listening(page(1, 3));
    const words = "Not sent. That is too long. 4,000 characters fit.";
    expect(hear([...page(1, 3), refused])).toEqual([words]);
    expect(hear([...page(1, 4), refused])).toEqual([words, "Ada: word 3"]);
  });

  test("what comes after a log that began anew", () => {
    const hear = listening(page(500, 550));
    hear(page(1, 3));
    expect(hear(page(1, 4))).toEqual(["Ada: word 3"]);
  });
});
