/**
 * A server in memory for the engine's tests: one room with its log, spoken to through the real
 * Api and through a Link whose every frame can be delayed, lost, repeated or cut off. Not part
 * of the page; nothing but tests imports it.
 */

import { Api } from "../api";
import { readChange } from "../../protocol/changes";
import type { LogEvent, Message, Person, Request, Role, Snapshot } from "../../protocol/frames";
import { USUAL_LIMITS } from "../../protocol/frames";
import { Roster } from "../roster";
import type { Answer, Link, LinkStatus, RoomNews } from "../socket";
import { aMember, anEvent, aRoom } from "./cast";

const ROOM = "room-id";
const SNAPSHOT_MESSAGES = 50;

export class Stage {
  epoch = "e1";
  code = "K7MP";
  password: string | null = null;
  isOpen = true;
  isReachable = true;
  log: LogEvent[] = [];
  readonly here = new Set<string>();
  readonly links = new Set<StageLink>();

  constructor(owner: Person) {
    this.happens("room.created", owner, { title: "The kitchen" });
    this.joins(owner, "owner");
  }

  get head(): number {
    return this.log.length;
  }

  happens(kind: string, by: Person, data: LogEvent["data"]): number {
    const event = anEvent(this.head + 1, kind, by, data);
    this.log.push(event);
    for (const link of this.links) link.hears({ op: "event", room: ROOM, ...event });
    return event.seq;
  }

  joins(person: Person, role: Role = "member"): void {
    if (!this.isMember(person.id)) this.happens("member.joined", person, { person_id: person.id, name: person.name, role });
  }

  leaves(person: Person): void {
    if (this.isMember(person.id)) this.happens("member.left", person, { person_id: person.id });
  }

  renames(person: Person, name: string): void {
    if (this.isMember(person.id)) this.happens("member.renamed", person, { person_id: person.id, name });
  }

  /** (author, cid) is at most one message, for ever. */
  says(author: Person, cid: string, body: string, replyTo: number | null = null): number {
    const known = this.messages().find((message) => message.author.id === author.id && message.cid === cid);
    return known?.seq ?? this.happens("message.posted", author, { cid, body, reply_to: replyTo, author });
  }

  /** A failover that lost the end of the log: another epoch. */
  forgets(events: number): void {
    this.log = this.log.slice(0, Math.max(2, this.log.length - events));
    this.epoch += "'";
  }

  messages(): Message[] {
    return this.log.flatMap((event) => {
      const change = readChange(event);
      return change?.kind === "message.posted" ? [change.message] : [];
    });
  }

  isMember(id: string): boolean {
    return this.roll().some((member) => member.person_id === id);
  }

  snapshot(me: Person): Snapshot {
    const members = this.roll();
    const messages = this.messages();
    return {
      room: aRoom({ epoch: this.epoch, head: this.head, code: this.code }),
      me: { person_id: me.id, role: members.find(({ person_id }) => person_id === me.id)?.role ?? "member" },
      members,
      member_count: members.length,
      here: [...this.here],
      messages: messages.slice(-SNAPSHOT_MESSAGES),
      has_more: messages.length > SNAPSHOT_MESSAGES,
    };
  }

  /** The REST interface, as this person sees it. */
  api(me: Person): Api {
    return new Api("/api/v1", (url, init) =>
      this.isReachable ? Promise.resolve(this.#respond(me, url, init)) : Promise.reject(new TypeError("Failed to fetch")),
    );
  }

  /** The members by the log alone: the same roster that clients keep, from its beginning. */
  roll() {
    const nobody = { id: "", name: "" };
    const roster = new Roster(nobody);
    roster.reset({ me: { person_id: "", role: "member" }, members: [], member_count: 0, here: [] });
    for (const event of this.log) {
      const change = readChange(event);
      if (change) roster.apply(change);
    }
    return roster.members.filter(({ id }) => id !== "").map(({ id, name, role }) => aMember({ id, name }, role));
  }

  #respond(me: Person, url: string, { method, body }: RequestInit): Response {
    if (!this.isOpen) return problem(404, "not_found");
    if (method === "GET" && url.startsWith("/api/v1/codes/")) {
      return Response.json({ code: this.code, title: "The kitchen", needs_password: this.password !== null });
    }
    if (url.endsWith("/join")) return this.#respondToJoin(me, typeof body === "string" ? body : "{}");
    if (!this.isMember(me.id)) return problem(404, "not_found");
    if (url.endsWith("/leave")) {
      this.leaves(me);
      return new Response(null, { status: 204 });
    }
    return this.#respondWithPage(new URL(url, "http://localhost").searchParams);
  }

  #respondToJoin(me: Person, body: string): Response {
    const { password = null } = JSON.parse(body) as { password?: string };
    if (this.password !== null && password !== this.password) return problem(403, "wrong_password");
    this.joins(me);
    const { room, members, member_count, here, me: role } = this.snapshot(me);
    return Response.json({ room, me: role, members, member_count, here });
  }

  #respondWithPage(query: URLSearchParams): Response {
    const before = Number(query.get("before"));
    const limit = Number(query.get("limit"));
    const older = this.messages().filter(({ seq }) => seq < before);
    return Response.json({ messages: older.slice(-limit), has_more: older.length > limit });
  }
}

function problem(status: number, code: string): Response {
  return Response.json({ type: "about:blank", title: code, status, code }, { status });
}

/** One person's connection. Nothing travels before it is told to. */
export class StageLink implements Link {
  status: LinkStatus = { is: "idle" };
  limits = USUAL_LIMITS;
  aheadMs = 0;
  /** Whether frames travel by themselves. */
  isPrompt = true;
  /** How many posts were said, once or again. */
  posts = 0;
  #refusal: string | null = null;
  readonly #stage: Stage;
  readonly #me: Person;
  readonly #watchers = new Set<(status: LinkStatus) => void>();
  #hear: ((news: RoomNews) => void) | null = null;
  #isEntered = false;
  #up: { readonly request: Request; readonly answered: (answer: Answer | null) => void }[] = [];
  #down: (() => void)[] = [];

  constructor(stage: Stage, me: Person) {
    this.#stage = stage;
    this.#me = me;
    stage.links.add(this);
  }

  start(): void {
    if (this.status.is === "idle") this.connect();
  }

  connect(): void {
    if (this.status.is !== "live") this.#show({ is: "live" });
  }

  disconnect(status: LinkStatus = { is: "waiting", untilMs: 0 }): void {
    if (this.status.is !== "live") return;
    const unanswered = this.#up;
    this.#up = [];
    this.#down = [];
    this.#isEntered = false;
    this.#stage.here.delete(this.#me.id);
    this.#show(status);
    for (const { answered } of unanswered) answered(null);
  }

  watch(changed: (status: LinkStatus) => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  attach(_room: string, heard: (news: RoomNews) => void): () => void {
    this.#hear = heard;
    return () => {
      if (this.#hear === heard) this.#hear = null;
    };
  }

  ask(request: Request, answered: (answer: Answer | null) => void): boolean {
    if (this.status.is !== "live") return false;
    if (request.op === "post") this.posts += 1;
    this.#up.push({ request, answered });
    if (this.isPrompt) this.flow();
    return true;
  }

  /** The next post is refused for good. */
  refuseNext(code: string): void {
    this.#refusal = code;
  }

  hears(news: RoomNews): void {
    if (!this.#isEntered) return;
    this.#down.push(() => this.#hear?.(news));
    if (this.isPrompt) this.flow();
  }

  /** The next request reaches the server. */
  carryUp(): void {
    const next = this.#up.shift();
    if (next) this.#answer(next.request, next.answered);
  }

  /** One of the frames under way arrives: out of order if `index` says so. */
  carryDown(index = 0): void {
    const [deliver] = this.#down.splice(index % Math.max(1, this.#down.length), 1);
    deliver?.();
  }

  /** A frame under way arrives twice, or never. */
  repeat(index: number): void {
    this.#down[index % Math.max(1, this.#down.length)]?.();
  }

  lose(index: number): void {
    this.#down.splice(index % Math.max(1, this.#down.length), 1);
  }

  /** Everything arrives. */
  flow(): void {
    while (this.#up.length > 0) this.carryUp();
    while (this.#down.length > 0) this.carryDown();
  }

  #answer(request: Request, answered: (answer: Answer | null) => void): void {
    const say = (answer: Answer) => this.#down.push(() => { answered(answer); });
    const stage = this.#stage;
    if (request.op === "ping") return;
    if (request.op === "exit") {
      this.#isEntered = false;
      return;
    }
    if (!stage.isOpen || !stage.isMember(this.#me.id)) {
      say({ op: "refused", ref: 1, code: "not_found", message: "", final: true });
      return;
    }
    const { head } = stage;
    if (request.op === "post" && this.#refusal !== null) {
      say({ op: "refused", ref: 1, code: this.#refusal, message: "", final: true });
      this.#refusal = null;
      return;
    }
    switch (request.op) {
      case "enter":
        this.#answerEnter(request, say);
        return;
      case "fill":
        say({ op: "filled", ref: 1, room: ROOM, events: stage.log.slice(request.after, request.after + 7), head });
        return;
      case "post": {
        const seq = stage.says(this.#me, request.cid, request.body, request.reply_to ?? null);
        say({ op: "posted", ref: 1, room: ROOM, cid: request.cid, seq, at: "", dup: seq <= head });
      }
    }
  }

  #answerEnter({ epoch, after }: Request & { readonly op: "enter" }, say: (answer: Answer) => void): void {
    const stage = this.#stage;
    const { head } = stage;
    stage.here.add(this.#me.id);
    this.#isEntered = true;
    const isOurs = after !== undefined && epoch === stage.epoch && after <= head;
    const mode = isOurs ? "resumed" : after === undefined ? "fresh" : "reset";
    const snapshot = isOurs ? null : stage.snapshot(this.#me);
    say({ op: "entered", ref: 1, room: ROOM, epoch: stage.epoch, head, mode, snapshot });
    if (isOurs) for (const event of stage.log.slice(after)) this.hears({ op: "event", room: ROOM, ...event });
  }

  #show(status: LinkStatus): void {
    this.status = status;
    for (const changed of [...this.#watchers]) changed(status);
  }
}
