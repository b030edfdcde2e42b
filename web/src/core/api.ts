/**
 * The calls of the REST interface. Each answers a Result: what the server refuses, and what
 * never reached it, is a failure with a code. What arrives is checked before it is believed.
 */

import { isMe, isMember, isMessage, isPerson, isRoom } from "../protocol/codec";
import type { Me, Member, Message, Person, Room } from "../protocol/frames";
import { count, flag, listOf, shape, text } from "../protocol/shapes";
import type { Result } from "./result";
import { failure, success } from "./result";

export interface CodeCard {
  readonly code: string;
  readonly title: string;
  readonly needs_password: boolean;
}

export interface Joined {
  readonly room: Room;
  readonly me: Me;
  readonly members: readonly Member[];
  readonly member_count: number;
  readonly here: readonly string[];
}

export interface Page {
  readonly messages: readonly Message[];
  readonly has_more: boolean;
}

const isSession = shape<{ person: Person }>({ person: isPerson });
const isCodeCard = shape<CodeCard>({ code: text, title: text, needs_password: flag });
const isJoined = shape<Joined>({
  room: isRoom,
  me: isMe,
  members: listOf(isMember),
  member_count: count,
  here: listOf(text),
});
const isPage = shape<Page>({ messages: listOf(isMessage), has_more: flag });
const isProblem = shape<{ code: string }>({ code: text });
const isNothing = (value: unknown): value is null => value === null;

/** Long enough for a phone in a tunnel, short enough to say something. */
const ANSWER_WITHIN_MS = 15_000;

type Method = "GET" | "POST" | "PATCH" | "DELETE";
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Api {
  readonly #base: string;
  readonly #fetch: Fetch;

  /** `base` is "/api/v1" on the page; `fetch` carries the cookie there. */
  constructor(base: string, fetch: Fetch) {
    this.#base = base;
    this.#fetch = fetch;
  }

  async signIn(name: string): Promise<Result<Person>> {
    return personOf(await this.#ask("POST", "/session", isSession, { name }));
  }

  async loadSession(): Promise<Result<Person>> {
    return personOf(await this.#ask("GET", "/session", isSession));
  }

  async rename(name: string): Promise<Result<Person>> {
    return personOf(await this.#ask("PATCH", "/session", isSession, { name }));
  }

  signOut(): Promise<Result<null>> {
    return this.#ask("DELETE", "/session", isNothing);
  }

  createRoom(wish: { readonly title?: string; readonly password?: string }): Promise<Result<Room>> {
    return this.#ask("POST", "/rooms", isRoom, wish);
  }

  lookUp(code: string): Promise<Result<CodeCard>> {
    return this.#ask("GET", `/codes/${encodeURIComponent(code)}`, isCodeCard);
  }

  join(code: string, password?: string): Promise<Result<Joined>> {
    const body = password === undefined ? {} : { password };
    return this.#ask("POST", `/codes/${encodeURIComponent(code)}/join`, isJoined, body);
  }

  leave(roomId: string): Promise<Result<null>> {
    return this.#ask("POST", `/rooms/${roomId}/leave`, isNothing, {});
  }

  loadMessagesBefore(roomId: string, seq: number, limit: number): Promise<Result<Page>> {
    return this.#ask("GET", `/rooms/${roomId}/messages?before=${String(seq)}&limit=${String(limit)}`, isPage);
  }

  async #ask<T>(
    method: Method,
    path: string,
    isExpected: (value: unknown) => value is T,
    body?: object,
  ): Promise<Result<T>> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
    if (body) Object.assign(init, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
    let response: Response;
    let answer: unknown;
    try {
      response = await this.#fetch(this.#base + path, init);
      answer = await bodyOf(response);
    } catch {
      // fetch says the same for no network, no server, and no answer in time.
      return failure("offline");
    }
    if (!response.ok) return refusalOf(response, answer);
    return isExpected(answer) ? success(answer) : failure("bad_answer");
  }
}

/** null when there is no body, undefined when it is not JSON (a proxy's page, perhaps). */
async function bodyOf(response: Response): Promise<unknown> {
  const body = await response.text();
  if (body === "") return null;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Problem details (RFC 9457) carry the code; a proxy's error carries only its status. */
function refusalOf(response: Response, answer: unknown): Result<never> {
  const header = response.headers.get("Retry-After");
  const seconds = header === null ? NaN : Number(header);
  const retryAfterS = Number.isFinite(seconds) ? seconds : null;
  if (isProblem(answer)) return failure(answer.code, retryAfterS);
  return failure(response.status >= 500 ? "overloaded" : "bad_answer", retryAfterS);
}

function personOf(result: Result<{ readonly person: Person }>): Result<Person> {
  return result.ok ? success({ id: result.value.person.id, name: result.value.person.name }) : result;
}
