/**
 * What the screens may know. Every class in this folder implements one of these
 * interfaces; a component imports types from here, takes the objects from `startParlour()`
 * (state/parlour.svelte.ts), shows their fields and calls their verbs.
 *
 * All fields are reactive. Verbs never throw: what can fail answers a `Result`, and a failure
 * carries the server's stable `code`, which i18n turns into a sentence.
 */

import type { Person } from "../protocol/frames";
import type { Failure, Result } from "../core/result";
import type { RoomPhase } from "../core/room";
import type { MemberView } from "../core/roster";
import type { Row } from "../core/rows";

export type { Person } from "../protocol/frames";
export type { Failure, Result } from "../core/result";
export type { RoomPhase } from "../core/room";
export type { MemberView } from "../core/roster";
export type { DayRow, MessageRow, Note, NoteRow, Row, UnreadRow } from "../core/rows";

/** Everything that a page needs, made once by `startParlour()`. */
export interface Parlour {
  readonly router: Router;
  readonly session: Session;
  readonly landing: Landing;
  readonly theme: Theme;
  /** The room of the current route; null on every other screen, and while nobody is signed in. */
  readonly room: Room | null;
}

// Where we are.

export type Route =
  | { readonly screen: "landing" }
  | { readonly screen: "room"; readonly code: string }
  | { readonly screen: "unknown"; readonly path: string };

export interface Router {
  readonly route: Route;
  /** Pushes an entry to the history; `replace` takes the place of the current one. */
  go(route: Route, how?: { readonly replace?: boolean }): void;
  /** For a real `<a href>`: a plain click on such a link is caught and becomes `go`. */
  href(route: Route): string;
}

// Who we are.

export interface Session {
  /** "loading" until the server says who is here. */
  readonly phase: "loading" | "signed_out" | "signed_in" | "unreachable";
  readonly me: Person | null;
  /** The last name used on this device, to fill the field in. */
  readonly lastName: string;
  /** Why nobody is signed in any more, when nobody asked for that. What was not sent waits as
   * `draft` in its room. */
  readonly endedBy: Failure | null;
  signIn(name: string): Promise<Result<Person>>;
  rename(name: string): Promise<Result<Person>>;
  signOut(): Promise<Result>;
  /** Asks the server again who is here. */
  refresh(): Promise<void>;
}

// Before a room.

export interface CodeCard {
  readonly code: string;
  readonly title: string;
  readonly needsPassword: boolean;
}

export interface Landing {
  /** Answers the code; the caller goes to `{ screen: "room", code }`. Needs a session. */
  createRoom(wish: { readonly title?: string; readonly password?: string }): Promise<Result<string>>;
  /** Does this code open a room? Needs no session. Unknown, private and closed: "not_found". */
  lookUp(code: string): Promise<Result<CodeCard>>;
}

// A room.

/** The connection as a person wants to hear of it. */
export type ConnectionView =
  | { readonly state: "online" }
  | { readonly state: "connecting" }
  /** `nextTryInS` counts down by itself; null while a try is under way. */
  | { readonly state: "reconnecting"; readonly nextTryInS: number | null }
  /** The browser says that there is no network. */
  | { readonly state: "offline" };

export interface Room {
  readonly phase: RoomPhase;
  readonly failure: Failure | null;
  /** A password is being tried; the phase stays "needs_password" meanwhile. */
  readonly entering: boolean;
  readonly connection: ConnectionView;

  readonly id: string | null;
  readonly code: string;
  /** The link to share. */
  readonly url: string;
  readonly title: string;
  /** The room closes this long after the last person leaves. */
  readonly emptyTtlS: number | null;
  readonly me: MemberView | null;
  /** Here first, then by name. */
  readonly members: readonly MemberView[];
  readonly memberCount: number;
  readonly hereCount: number;

  /** Oldest first; the pending ones last. Slice it with core/window.ts before rendering. */
  readonly rows: readonly Row[];
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** Messages of others that came after the last `markSeen()`. */
  readonly unreadCount: number;
  /** There may be more than `unreadCount`: older pages are not loaded. */
  readonly hasMoreUnread: boolean;
  /** What was written here and did not reach the server yet. */
  readonly unsentCount: number;
  /** Grows with every `post` and `retry` of this page; not reactive, read it when `rows` change. */
  readonly sendCount: number;
  /** How many characters a message may have. */
  readonly bodyLimit: number;

  /** The text in the composer; survives a reload. Bind to it. */
  draft: string;

  /** Opens the door, or tries again. */
  enter(password?: string): Promise<void>;
  /** Prepends a page to `rows`. Harmless when called twice or at the beginning. */
  loadOlder(): Promise<Result>;
  /** Shows it at once, clears the draft. Refuses an empty or too long body without sending:
   * "empty_body", "body_too_long". */
  post(body: string, how?: { readonly replyTo?: number }): Result;
  retry(cid: string): void;
  discard(cid: string): void;
  /** The newest row is on the screen and the page is visible. */
  markSeen(): void;
  /** Takes the "new since you left" line away. */
  clearUnreadLine(): void;
  retryConnectionNow(): void;
  /** Gives membership up; the phase becomes "left". */
  leave(): Promise<Result>;
}

// Light and dark.

export type ThemeChoice = "system" | "light" | "dark";

/** Remembered under localStorage["parlour.theme"]; shown as <html data-theme="light|dark">. The
 * early script (an external file, before the first paint) does the same. */
export interface Theme {
  readonly choice: ThemeChoice;
  readonly resolved: "light" | "dark";
  choose(choice: ThemeChoice): void;
}
