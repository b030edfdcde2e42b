/**
 * Text to frames and back. Pure: it knows no connection and no room. It passes the same
 * vectors as the server's codec (protocol/vectors/).
 */

import type * as wire from "./frames";
import { count, flag, listOf, nullable, number, oneOf, optional, record, shape, text } from "./shapes";

/** A text that is no frame of this protocol. */
export class BadFrame extends Error {
  override readonly name = "BadFrame";
}

export const isPerson = shape<wire.Person>({ id: text, name: text });
export const isMember = shape<wire.Member>({
  person_id: text,
  name: text,
  role: oneOf("owner", "member"),
  joined_at: text,
});
export const isMe = shape<wire.Me>({ person_id: text, role: oneOf("owner", "member") });
export const isRoom = shape<wire.Room>({
  id: text,
  code: text,
  url: text,
  title: text,
  epoch: text,
  head: count,
  created_at: text,
  needs_password: flag,
  empty_ttl_s: number,
});
export const isMessage = shape<wire.Message>({
  seq: count,
  cid: text,
  author: isPerson,
  body: text,
  at: text,
  edited_at: nullable(text),
  deleted: flag,
  reply_to: nullable(count),
});
export const isLogEvent = shape<wire.LogEvent>({ seq: count, kind: text, at: text, by: text, data: record });

const isSnapshot = shape<wire.Snapshot>({
  room: isRoom,
  me: isMe,
  members: listOf(isMember),
  member_count: count,
  here: listOf(text),
  messages: listOf(isMessage),
  has_more: flag,
});

const isEntered = shape<wire.Entered>({
  op: text,
  ref: count,
  room: text,
  epoch: text,
  head: count,
  mode: oneOf("fresh", "resumed", "reset"),
  snapshot: nullable(isSnapshot),
});

const isPresence = shape<wire.Presence>({
  op: text,
  room: text,
  joined: optional(listOf(text)),
  left: optional(listOf(text)),
  here: optional(listOf(text)),
});

const checks: Readonly<Record<wire.Frame["op"], (value: unknown) => boolean>> = {
  welcome: shape<wire.Welcome>({
    op: text,
    ref: count,
    connection: text,
    me: shape<wire.Welcome["me"]>({ id: text, name: text, kind: text }),
    heartbeat_s: number,
    now: text,
    limits: shape<wire.Limits>({
      frame_bytes: count,
      body_chars: count,
      name_chars: count,
      title_chars: count,
      posts_in_flight: count,
      fill_events: count,
    }),
  }),
  entered: (value) => isEntered(value) && (value.snapshot === null) === (value.mode === "resumed"),
  ok: shape<wire.Ok>({ op: text, ref: count }),
  posted: shape<wire.Posted>({ op: text, ref: count, room: text, cid: text, seq: count, at: text, dup: flag }),
  filled: shape<wire.Filled>({ op: text, ref: count, room: text, events: listOf(isLogEvent), head: count }),
  pong: shape<wire.Pong>({ op: text, ref: count }),
  event: shape<wire.RoomEvent>({ op: text, room: text, seq: count, kind: text, at: text, by: text, data: record }),
  head: shape<wire.Head>({ op: text, room: text, head: count }),
  presence: (value) =>
    isPresence(value) && [value.joined, value.left, value.here].filter((list) => list).length === 1,
  drain: shape<wire.Drain>({ op: text, reconnect_in_ms: count }),
  refused: shape<wire.Refused>({
    op: text,
    ref: optional(count),
    room: optional(text),
    code: text,
    message: text,
    final: flag,
    retry_after_s: optional(number),
  }),
};

export function encodeCommand(command: wire.Command): string {
  return JSON.stringify(command);
}

/**
 * null for an op that this version does not know: a newer server may say more, and a client
 * skips it. Throws BadFrame for anything else that is not exactly a known frame.
 */
export function decodeFrame(payload: string): wire.Frame | null {
  const value = parsed(payload);
  if (!record(value) || typeof value["op"] !== "string") throw new BadFrame("not an object with an op");
  const op = value["op"];
  if (!isKnownOp(op)) return null;
  if (!checks[op](value)) throw new BadFrame(`not a proper ${op} frame`);
  // The shape of this op was checked field by field just now.
  return value as unknown as wire.Frame;
}

function isKnownOp(op: string): op is wire.Frame["op"] {
  return Object.hasOwn(checks, op);
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw new BadFrame("not JSON");
  }
}
