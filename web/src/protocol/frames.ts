/**
 * The frames of the live socket and the records inside them, field for field as
 * protocol/protocol.md has them. Types only: what arrives is checked in codec.ts.
 */

export const PROTOCOL_VERSION = 1;

export interface Person {
  readonly id: string;
  readonly name: string;
}

export type Role = "owner" | "member";

export interface Member {
  readonly person_id: string;
  readonly name: string;
  readonly role: Role;
  readonly joined_at: string;
}

export interface Me {
  readonly person_id: string;
  readonly role: Role;
}

export interface Room {
  readonly id: string;
  readonly code: string;
  readonly url: string;
  readonly title: string;
  readonly epoch: string;
  readonly head: number;
  readonly created_at: string;
  readonly needs_password: boolean;
  readonly empty_ttl_s: number;
}

export interface Message {
  readonly seq: number;
  readonly cid: string;
  readonly author: Person;
  readonly body: string;
  readonly at: string;
  readonly edited_at: string | null;
  readonly deleted: boolean;
  readonly reply_to: number | null;
}

/** The room as fetched fresh, with its newest messages, oldest first. */
export interface Snapshot {
  readonly room: Room;
  readonly me: Me;
  readonly members: readonly Member[];
  readonly member_count: number;
  /** Person ids of those who are present now. */
  readonly here: readonly string[];
  readonly messages: readonly Message[];
  readonly has_more: boolean;
}

/** One row of a room's log. `data` depends on `kind`; changes.ts reads it. */
export interface LogEvent {
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  readonly by: string;
  readonly data: Readonly<Record<string, unknown>>;
}

// What a client says. The connection adds `ref`.

export type Request =
  | { readonly op: "enter"; readonly room: string; readonly epoch?: string; readonly after?: number }
  | { readonly op: "exit"; readonly room: string }
  | {
      readonly op: "post";
      readonly room: string;
      readonly cid: string;
      readonly body: string;
      readonly reply_to?: number;
    }
  | { readonly op: "fill"; readonly room: string; readonly after: number; readonly limit: number }
  | { readonly op: "ping" };

export interface Hello {
  readonly op: "hello";
  readonly v: number;
  readonly client: string;
  readonly token: string | null;
}

export type Command = (Request | Hello) & { readonly ref: number };

// What the server says.

export interface Limits {
  readonly frame_bytes: number;
  readonly body_chars: number;
  readonly name_chars: number;
  readonly title_chars: number;
  readonly posts_in_flight: number;
  readonly fill_events: number;
}

/** What servers allow unless they say otherwise; counts before the first welcome. */
export const USUAL_LIMITS: Limits = {
  frame_bytes: 65_536,
  body_chars: 4_000,
  name_chars: 40,
  title_chars: 80,
  posts_in_flight: 16,
  fill_events: 300,
};

export interface Welcome {
  readonly op: "welcome";
  readonly ref: number;
  readonly connection: string;
  readonly me: Person & { readonly kind: string };
  readonly heartbeat_s: number;
  readonly now: string;
  readonly limits: Limits;
}

export interface Entered {
  readonly op: "entered";
  readonly ref: number;
  readonly room: string;
  readonly epoch: string;
  readonly head: number;
  readonly mode: "fresh" | "resumed" | "reset";
  /** null exactly when the mode is "resumed". */
  readonly snapshot: Snapshot | null;
}

export interface Ok {
  readonly op: "ok";
  readonly ref: number;
}

export interface Posted {
  readonly op: "posted";
  readonly ref: number;
  readonly room: string;
  readonly cid: string;
  readonly seq: number;
  readonly at: string;
  readonly dup: boolean;
}

export interface Filled {
  readonly op: "filled";
  readonly ref: number;
  readonly room: string;
  readonly events: readonly LogEvent[];
  readonly head: number;
}

export interface Pong {
  readonly op: "pong";
  readonly ref: number;
}

export interface RoomEvent extends LogEvent {
  readonly op: "event";
  readonly room: string;
}

export interface Head {
  readonly op: "head";
  readonly room: string;
  readonly head: number;
}

/** Exactly one of the three lists is there; `here` replaces all that was known. */
export interface Presence {
  readonly op: "presence";
  readonly room: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  readonly here?: readonly string[];
}

export interface Drain {
  readonly op: "drain";
  readonly reconnect_in_ms: number;
}

export interface Refused {
  readonly op: "refused";
  readonly ref?: number;
  readonly room?: string;
  readonly code: string;
  readonly message: string;
  /** The same again would be refused again. */
  readonly final: boolean;
  readonly retry_after_s?: number;
}

export type Frame =
  | Welcome
  | Entered
  | Ok
  | Posted
  | Filled
  | Pong
  | RoomEvent
  | Head
  | Presence
  | Drain
  | Refused;
