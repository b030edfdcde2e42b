import { expect, test } from "vitest";
import type { Room, Row } from "../state/contract";
import { Reading } from "./reading.svelte";

/** As much of a room as following it asks for. */
function aRoom() {
  const done: string[] = [];
  const room = { sendCount: 0, clearUnreadLine: () => done.push("line cleared"), markSeen: () => done.push("seen") };
  return { room, done, reading: new Reading(room as unknown as Room) };
}

const row = (key: string, delivery: "sent" | "sending") =>
  ({ kind: "message", key, cid: key, seq: null, delivery }) as unknown as Row;

test("whoever sends something goes to the end, past the line", () => {
  const { room, done, reading } = aRoom();
  reading.follow([row("a", "sent")]);
  reading.atEnd = false;
  room.sendCount += 1;
  reading.follow([row("a", "sent"), row("mine", "sending")]);
  expect([reading.atEnd, done]).toEqual([true, ["line cleared"]]);
});

test("a letter from an earlier visit that is sent now moves nobody", () => {
  const { done, reading } = aRoom();
  reading.follow([row("a", "sent")]);
  reading.atEnd = false;
  reading.follow([row("a", "sent"), row("old", "sending")]);
  expect([reading.atEnd, done]).toEqual([false, []]);
});
