/**
 * One room from the inside: its log is followed, what happens is told to timeline and roster,
 * what is written is sent. It joins these parts and decides nothing that one of them could.
 * How one gets in, and what it means to be out, is the room's (room.ts).
 */

import type { Change } from "../protocol/changes";
import { readChange } from "../protocol/changes";
import type { Entered, LogEvent, Person, Room as WireRoom, Snapshot } from "../protocol/frames";
import type { Api, Joined } from "./api";
import { Layout } from "./layout";
import type { Letter } from "./outbox";
import { Outbox } from "./outbox";
import type { OutboxStore } from "./outbox-store";
import { newUuid } from "./random";
import type { Result } from "./result";
import { done, failure } from "./result";
import { Roster } from "./roster";
import type { Row } from "./rows";
import type { Link, RoomNews } from "./socket";
import type { ResumePoint, StreamEffect } from "./stream";
import { Stream } from "./stream";
import { Timeline } from "./timeline";
import { Unread } from "./unread";
import type { Visits } from "./visits";

export interface ConversationPorts {
  readonly api: Api;
  readonly link: Link;
  readonly store: OutboxStore;
  readonly visits: Visits;
  /** Something that can be read here is different now. */
  readonly changed: () => void;
  /** We are no member any more: the log said so. */
  readonly left: () => void;
  /** The server does not know the room, or us in it. */
  readonly unknown: () => void;
  /** The log that we followed is not the server's: say `enter` once more. */
  readonly enterAgain: () => void;
}

const PAGE = 50;
/** How often time is looked at while something waits for it: a gap, a pause, an answer. */
const PULSE_MS = 125;
/** How often somebody looks whether another tab went and left letters behind. */
const ADOPT_EVERY_MS = 60_000;
/** What waits on this device goes before what is written now, but does not hold it up. */
const ADOPT_WITHIN_MS = 1_500;

export class Conversation {
  readonly roster: Roster;
  readonly #me: Person;
  readonly #ports: ConversationPorts;
  readonly #stream = new Stream();
  readonly #timeline = new Timeline();
  readonly #outbox: Outbox;
  readonly #layout = new Layout();
  readonly #unread = new Unread();
  /** Grows when a name may be another than the one in rows that are laid out. */
  #namesVersion = 0;
  #about: WireRoom;
  #hasBegun = false;
  #isLoadingOlder = false;
  #isClosed = false;
  /** Whether what earlier lives left behind was looked for: nothing is sent before that. */
  #hasAdopted = false;
  #adopting: ReturnType<typeof setInterval> | undefined;
  #pulsing: ReturnType<typeof setInterval> | undefined;

  constructor(me: Person, joined: Joined, ports: ConversationPorts) {
    this.#me = me;
    this.#ports = ports;
    this.#about = joined.room;
    this.roster = new Roster(me);
    this.roster.reset(joined);
    this.#outbox = new Outbox({ roomId: joined.room.id, personId: me.id, store: ports.store, newCid: newUuid });
  }

  get about(): WireRoom {
    return this.#about;
  }

  /** Whether the messages are here; before, there are only the members. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get resumePoint(): ResumePoint {
    return this.#stream.resumePoint;
  }

  get hasOlder(): boolean {
    return this.#timeline.hasOlder;
  }

  get isLoadingOlder(): boolean {
    return this.#isLoadingOlder;
  }

  get unreadCount(): number {
    return this.#unread.count(this.#timeline.entries, this.#me.id);
  }

  /** Whether there may be more than unreadCount, in pages that are not loaded. */
  get hasMoreUnread(): boolean {
    return this.#unread.isMore(this.#timeline.entries, this.#timeline.hasOlder);
  }

  /** What was written here and is not with the server yet. */
  get unsentCount(): number {
    return this.#outbox.pending.filter(({ seq }) => seq === null).length;
  }

  /** How many characters a message may have. */
  get bodyLimit(): number {
    return this.#ports.link.limits.body_chars;
  }

  get rows(): readonly Row[] {
    const findName = (id: string) => this.roster.findName(id);
    return this.#layout.rows(this.#timeline, this.#outbox.pending, {
      me: { id: this.#me.id, name: findName(this.#me.id) ?? this.#me.name },
      findName,
      namesVersion: this.#namesVersion,
      unreadAfter: this.#unread.lineAfter,
    });
  }

  entered(frame: Entered): void {
    this.#follow(this.#stream.entered(frame, Date.now()));
    this.#send();
    // Only now: the messages that came with it tell which letters of earlier lives had arrived.
    if (this.#adopting === undefined && this.#stream.isEntered) this.#beginAdopting();
  }

  heard(news: RoomNews): void {
    const nowMs = Date.now();
    if (news.op === "event") this.#follow(this.#stream.event(news, nowMs));
    if (news.op === "head") this.#follow(this.#stream.head(news.head, nowMs));
    if (news.op === "presence") this.roster.presence(news);
    if (news.op === "refused" && news.final && news.code === "not_found") this.#ports.unknown();
    this.#changed();
  }

  disconnected(): void {
    this.#stream.disconnected();
    this.#outbox.disconnected();
    this.#changed();
  }

  async loadOlder(): Promise<Result> {
    if (this.#isLoadingOlder || !this.#timeline.hasOlder) return done;
    const { revision } = this.#timeline;
    const before = this.#timeline.oldestSeq ?? this.#stream.position + 1;
    this.#isLoadingOlder = true;
    this.#changed();
    const page = await this.#ports.api.loadMessagesBefore(this.#about.id, before, PAGE);
    this.#isLoadingOlder = false;
    // After a reload of the room the page may belong to another log.
    if (page.ok && revision === this.#timeline.revision) {
      this.#timeline.prepend(page.value.messages, page.value.has_more);
      this.#forgetArrived(page.value.messages);
    }
    this.#changed();
    return page.ok ? done : page;
  }

  post(body: string, replyTo: number | null): Result {
    if (body.trim() === "") return failure("empty_body");
    // Characters as the server counts them: an emoji is one, not two halves.
    if (Array.from(body).length > this.bodyLimit) return failure("body_too_long");
    // Shown by the server's clock, beside what the server dates: ours may be in tomorrow already.
    const at = new Date(Date.now() - this.#ports.link.aheadMs).toISOString();
    this.#outbox.add(body, replyTo, Date.now(), at);
    this.#send();
    return done;
  }

  retry(cid: string): void {
    this.#outbox.retry(cid, Date.now());
    this.#send();
  }

  discard(cid: string): void {
    this.#outbox.discard(cid);
    this.#changed();
  }

  /** The newest row is on the screen, and somebody looks at it. */
  markSeen(): void {
    if (!this.#unread.see(this.#stream.position)) return;
    this.#noteVisit();
    this.#changed();
  }

  /** The reader turns away: what comes from now on stands below the line. */
  lookAway(): void {
    this.#unread.drawLine();
    this.#changed();
  }

  clearUnreadLine(): void {
    this.#unread.clearLine();
    this.#changed();
  }

  /** A tab may have gone meanwhile; what it could not send is sent from here. */
  async adopt(): Promise<void> {
    if (this.#hasAdopted) await this.#adopt("strangers");
  }

  /** Nothing happens here any more; what was read can still be read. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#adopting);
    this.#keepPulsing();
  }

  #beginAdopting(): void {
    this.#adopting = setInterval(() => void this.adopt(), ADOPT_EVERY_MS);
    const waiting = setTimeout(() => { this.#sendFromNowOn(); }, ADOPT_WITHIN_MS);
    void this.#adopt("all").then(() => {
      clearTimeout(waiting);
      this.#sendFromNowOn();
    });
  }

  async #adopt(whose: "all" | "strangers"): Promise<void> {
    await this.#outbox.adopt(whose);
    for (const { cid } of this.#outbox.pending) if (this.#timeline.has(this.#me.id, cid)) this.#outbox.arrived(cid);
    this.#send();
  }

  #sendFromNowOn(): void {
    this.#hasAdopted = true;
    this.#send();
  }

  #follow(effects: readonly StreamEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case "apply":
          this.#apply(effect.event);
          break;
        case "reload":
          this.#reload(effect.snapshot, effect.head);
          break;
        case "fill":
          this.#fill(effect.after, effect.limit);
          break;
        case "enter_again":
          this.#ports.enterAgain();
      }
    }
    this.#outbox.reached(this.#stream.position);
  }

  #fill(after: number, limit: number): void {
    const { link } = this.#ports;
    link.ask({ op: "fill", room: this.#about.id, after, limit: Math.min(limit, link.limits.fill_events) }, (answer) => {
      if (this.#isClosed) return;
      if (answer?.op === "filled") this.#follow(this.#stream.filled(answer.events, answer.head, Date.now()));
      if (answer?.op === "refused") this.#stream.fillRefused(Date.now());
      if (answer?.op === "refused" && answer.code === "not_found") this.#ports.unknown();
      this.#changed();
    });
  }

  #apply(event: LogEvent): void {
    const change = readChange(event);
    if (!change) return;
    // First what happened, under the names from before it; then the names.
    this.#timeline.apply(change, (id) => this.roster.findName(id));
    this.roster.apply(change);
    // Most who come and go have said nothing: no row of ten thousand changes for them.
    if ("person" in change && this.#timeline.hasHeard(change.person.id)) this.#namesVersion += 1;
    if (change.kind === "member.left" && this.#timeline.hasHeard(change.personId)) this.#namesVersion += 1;
    if (change.kind === "message.posted") this.#forgetArrived([change.message]);
    if (change.kind === "room.updated") this.#update(change);
    if (change.kind === "member.left" && change.personId === this.#me.id) this.#ports.left();
  }

  #update({ title = this.#about.title, code = this.#about.code }: Change & { readonly kind: "room.updated" }): void {
    if (code !== this.#about.code) this.#ports.visits.forget(this.#about.code);
    this.#about = { ...this.#about, title, code, url: new URL(code, this.#about.url).href };
    this.#noteVisit();
  }

  #reload(snapshot: Snapshot, head: number): void {
    this.#about = snapshot.room;
    this.roster.reset(snapshot);
    this.#timeline.reset(snapshot.messages, snapshot.has_more);
    this.#forgetArrived(snapshot.messages);
    this.#outbox.restarted();
    if (this.#hasBegun) this.#unread.restart(head);
    else this.#unread.begin(this.#seenBefore(), head);
    this.#hasBegun = true;
    this.#noteVisit();
  }

  /** Up to where an earlier visit read this very log. */
  #seenBefore(): number | null {
    const visit = this.#ports.visits.find(this.#about.code);
    return visit?.epoch === this.#about.epoch ? visit.seen : null;
  }

  #noteVisit(): void {
    if (this.#isClosed) return;
    const { code, title, epoch, id } = this.#about;
    this.#ports.visits.note(code, { title, epoch, seen: this.#unread.seen, room: id });
  }

  #forgetArrived(messages: Snapshot["messages"]): void {
    for (const { author, cid } of messages) if (author.id === this.#me.id) this.#outbox.arrived(cid);
  }

  #send(): void {
    if (!this.#isClosed && this.#hasAdopted && this.#stream.isEntered) {
      const { posts_in_flight } = this.#ports.link.limits;
      for (const letter of this.#outbox.take(Date.now(), posts_in_flight)) this.#post(letter);
    }
    this.#changed();
  }

  #post({ cid, body, replyTo }: Letter): void {
    const reply = replyTo === null ? {} : { reply_to: replyTo };
    this.#ports.link.ask({ op: "post", room: this.#about.id, cid, body, ...reply }, (answer) => {
      if (answer?.op === "posted") this.#outbox.posted(cid, answer.seq);
      if (answer?.op === "refused") this.#outbox.refused(cid, answer, Date.now());
      this.#outbox.reached(this.#stream.position);
      this.#send();
    });
  }

  #changed(): void {
    this.#keepPulsing();
    this.#ports.changed();
  }

  #keepPulsing(): void {
    const isNeeded = !this.#isClosed && (this.#stream.dueMs !== null || (this.#stream.isEntered && this.#outbox.isWaiting));
    if (isNeeded === (this.#pulsing !== undefined)) return;
    clearInterval(this.#pulsing);
    this.#pulsing = isNeeded ? setInterval(() => { this.#pulse(); }, PULSE_MS) : undefined;
  }

  #pulse(): void {
    this.#follow(this.#stream.tick(Date.now()));
    this.#send();
  }
}
