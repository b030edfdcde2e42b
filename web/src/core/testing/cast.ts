/**
 * The cast of the engine's tests: people, their room and what they say, as the wire has them.
 * Not part of the page; nothing but tests imports it.
 */

import type { LogEvent, Member, Message, Person, Role, Room, Snapshot } from "../../protocol/frames";

export const alice: Person = { id: "alice", name: "Alice" };
export const bob: Person = { id: "bob", name: "Bob" };
export const carol: Person = { id: "carol", name: "Carol" };

/** 1 January 2030 at noon UTC, and `seconds` later. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2030, 0, 1, 12, 0, seconds)).toISOString();
}

export function aRoom(fields: Partial<Room> = {}): Room {
  return {
    id: "room-id",
    code: "K7MP",
    url: "http://localhost/r/K7MP",
    title: "The kitchen",
    epoch: "e1",
    head: 2,
    created_at: at(0),
    needs_password: false,
    empty_ttl_s: 86_400,
    ...fields,
  };
}

export function aMember(person: Person, role: Role = "member"): Member {
  return { person_id: person.id, name: person.name, role, joined_at: at(0) };
}

export function aMessage(seq: number, author: Person, fields: Partial<Message> = {}): Message {
  return {
    seq,
    cid: `cid-${String(seq)}`,
    author,
    body: `message ${String(seq)}`,
    at: at(seq),
    edited_at: null,
    deleted: false,
    reply_to: null,
    ...fields,
  };
}

export function aSnapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    room: aRoom(),
    me: { person_id: alice.id, role: "owner" },
    members: [aMember(alice, "owner"), aMember(bob)],
    member_count: 2,
    here: [alice.id],
    messages: [],
    has_more: false,
    ...fields,
  };
}

export function anEvent(seq: number, kind: string, by: Person, data: LogEvent["data"]): LogEvent {
  return { seq, kind, at: at(seq), by: by.id, data };
}

export function posted({ seq, cid, author, body, reply_to }: Message): LogEvent {
  return anEvent(seq, "message.posted", author, { cid, body, reply_to, author });
}
