/** The composition root of the page: the one place that reaches for the browser. */

import { Api } from "../core/api";
import type { OutboxStore } from "../core/outbox-store";
import { openLocks, openOutboxStore } from "../core/outbox-store";
import { LiveSocket, watchBrowser } from "../core/socket";
import type { Memory } from "../core/storage";
import { openMemory } from "../core/storage";
import { Visits } from "../core/visits";
import { ConnectionState } from "./connection.svelte";
import type { Parlour, Room } from "./contract";
import { Drafts } from "./drafts";
import { LandingState } from "./landing";
import { RoomState } from "./room.svelte";
import { RouterState } from "./router.svelte";
import { SessionState } from "./session.svelte";
import { isMarkedSignedIn, openTabs } from "./tabs";
import { ThemeState } from "./theme.svelte";

const API = "/api/v1";

export function startParlour(): Parlour {
  const parlour = new ParlourState(openMemory(() => localStorage));
  void parlour.session.refresh();
  return parlour;
}

class ParlourState implements Parlour {
  readonly router = new RouterState(() => {
    this.#settle();
  });
  readonly theme: ThemeState;
  readonly session: SessionState;
  readonly landing: LandingState;
  readonly #visits: Visits;
  readonly #drafts: Drafts;
  readonly #api = new Api(API, (url, init) => fetch(url, init));
  readonly #live: LiveSocket;
  readonly #connection: ConnectionState;
  readonly #store: Promise<OutboxStore>;
  #tidying = Promise.resolve();
  #room = $state.raw<RoomState | null>(null);
  /** Who and where `room` is for: it is made anew only when one of the two changes. */
  #place = "";

  constructor(memory: Memory) {
    this.#visits = new Visits(memory);
    this.#drafts = new Drafts(memory);
    this.#store = openOutboxStore(openLocks(navigator.locks));
    this.#live = new LiveSocket({
      identity: { client: "parlour-web/1" },
      openSocket: () => new WebSocket(`${location.origin.replace(/^http/, "ws")}${API}/live`),
      random: Math.random,
      isUs: ({ id }) => this.#isStillUs(id),
    });
    watchBrowser(this.#live);
    this.#connection = new ConnectionState(this.#live);
    this.theme = new ThemeState(memory, matchMedia("(prefers-color-scheme: dark)"));
    this.landing = new LandingState(this.#api);
    this.session = this.#openSession(memory);
    // In a room, the room tells; on every other screen somebody has to listen, too.
    this.#live.watch(({ is }) => {
      if (is === "signed_out" && this.#room === null) void this.session.lost();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#room?.lookAway();
      else this.#room?.lookBack();
    });
  }

  get room(): Room | null {
    return this.#room;
  }

  #openSession(memory: Memory): SessionState {
    const tabs = openTabs((gone) => {
      this.session.heard(gone);
    });
    return new SessionState({
      api: this.#api,
      memory,
      isMarked: () => isMarkedSignedIn(document.cookie),
      changed: () => {
        // The socket speaks for whoever opened it.
        this.#live.stop();
        this.#settle();
      },
      tellTabs: (gone) => {
        tabs.tell(gone);
      },
      forget: (personId) => {
        this.#forget(personId);
      },
      setAside: (personId) => {
        this.#setAside(personId);
      },
    });
  }

  #isStillUs(id: string): boolean {
    const isUs = id === this.session.me?.id;
    if (!isUs) void this.session.lost();
    return isUs;
  }

  /** Whoever sits down at this device next need not know where the last one was. */
  #forget(personId: string): void {
    this.#tidy(async (store) => {
      await store.takeAll(personId);
      this.#drafts.forgetAll();
      this.#visits.forgetAll();
    });
  }

  #setAside(personId: string): void {
    this.#tidy(async (store) => {
      this.#drafts.takeBack(await store.takeAll(personId));
    });
  }

  /** One after the other: what was put aside may be forgotten a moment later. */
  #tidy(work: (store: OutboxStore) => Promise<void>): void {
    this.#tidying = this.#tidying.then(async () => work(await this.#store));
  }

  /** Makes `room` the one that the address and the session ask for. */
  #settle(): void {
    const { route } = this.router;
    const { me } = this.session;
    const code = me && route.screen === "room" ? route.code : null;
    const isHere = this.#room !== null && code === this.#room.code;
    const place = me && code !== null ? `${me.id}/${code}` : "";
    if (place === this.#place || (isHere && this.#place.startsWith(`${me?.id ?? ""}/`))) return;
    this.#place = place;
    this.#room?.close();
    this.#room = null;
    if (me && code !== null) void this.#open(code, place);
  }

  async #open(code: string, place: string): Promise<void> {
    const store = await this.#store;
    // What the last person left behind is where it belongs before the next one looks for it.
    await this.#tidying;
    const { me } = this.session;
    if (place !== this.#place || !me) return;
    const room = new RoomState(code, me, {
      api: this.#api,
      link: this.#live,
      store,
      visits: this.#visits,
      drafts: this.#drafts,
      connection: this.#connection,
      signedOut: () => {
        void this.session.lost();
      },
      retryConnectionNow: () => {
        this.#live.hope();
      },
    });
    this.#room = room;
    await room.enter();
    this.#showProperCode(room);
  }

  /** The address shows the code as the server writes it, however it was typed. */
  #showProperCode(room: RoomState): void {
    if (this.#room === room) this.router.go({ screen: "room", code: room.code }, { replace: true });
  }
}
