import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Person } from "../protocol/frames";
import { MemoryStore } from "./outbox-store";
import { Room } from "./room";
import type { MessageRow } from "./rows";
import { openMemory } from "./storage";
import { alice, bob, carol } from "./testing/cast";
import { Stage, StageLink } from "./testing/stage";
import { Visits } from "./visits";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** localStorage that lasts as long as this object: a device. */
function aDevice() {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  } as unknown as Storage;
  return { store: new MemoryStore(), visits: new Visits(openMemory(() => storage)) };
}

/** A person at a device who has the room's page open. */
function aVisitor(stage: Stage, me: Person, device = aDevice()) {
  const link = new StageLink(stage, me);
  const signedOut = vi.fn();
  const room = new Room(stage.code, me, { api: stage.api(me), link, changed: () => undefined, signedOut, ...device });
  const messages = () =>
    (room.inside?.rows ?? []).filter((row): row is MessageRow => row.kind === "message");
  return { room, link, signedOut, messages, bodies: () => messages().map(({ body }) => body) };
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe("the door", () => {
  it("joins by code and shows what was said before", async () => {
    const stage = new Stage(bob);
    stage.says(bob, "1", "welcome");
    const { room, bodies } = aVisitor(stage, alice);
    await room.enter();
    expect(room.phase).toBe("open");
    expect(room.title).toBe("The kitchen");
    expect(bodies()).toEqual(["welcome"]);
    expect(stage.isMember(alice.id)).toBe(true);
  });

  it("is loading until the messages are there", async () => {
    const { room, link } = aVisitor(new Stage(bob), alice);
    link.isPrompt = false;
    await room.enter();
    expect(room.phase).toBe("loading");
    link.flow();
    expect(room.phase).toBe("open");
  });

  it("asks for a password first, and complains only about a wrong one", async () => {
    const stage = new Stage(bob);
    stage.password = "tea";
    const { room } = aVisitor(stage, alice);
    await room.enter();
    expect([room.phase, room.failure]).toEqual(["needs_password", null]);
    await room.enter("coffee");
    expect([room.phase, room.failure?.code]).toEqual(["needs_password", "wrong_password"]);
    await room.enter("tea");
    expect(room.phase).toBe("open");
  });

  it("tells a room that never was from one that this device was in", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    stage.isOpen = false;
    const stranger = aVisitor(stage, alice, device);
    await stranger.room.enter();
    expect(stranger.room.phase).toBe("not_found");
    stage.isOpen = true;
    await aVisitor(stage, alice, device).room.enter();
    stage.isOpen = false;
    const guest = aVisitor(stage, alice, device);
    await guest.room.enter();
    expect([guest.room.phase, guest.room.title]).toEqual(["closed", "The kitchen"]);
  });

  it("says that the room has closed when it is gone after a lost connection", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await room.enter();
    link.disconnect();
    stage.isOpen = false;
    link.connect();
    await settle();
    expect(room.phase).toBe("closed");
  });

  it("says that we left when only we are out", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await room.enter();
    link.disconnect();
    stage.leaves(alice);
    link.connect();
    await settle();
    expect(room.phase).toBe("left");
  });

  it("is out at once when another tab leaves", async () => {
    const stage = new Stage(bob);
    const { room } = aVisitor(stage, alice);
    await room.enter();
    stage.leaves(alice);
    expect(room.phase).toBe("left");
  });

  it("leaves, and comes in again", async () => {
    const stage = new Stage(bob);
    const { room, bodies } = aVisitor(stage, alice);
    await room.enter();
    expect((await room.leave()).ok).toBe(true);
    expect(room.phase).toBe("left");
    stage.says(bob, "1", "are you there?");
    await room.enter();
    expect([room.phase, bodies()]).toEqual(["open", ["are you there?"]]);
  });

  it("asks to sign in when the session ended", async () => {
    const { room, signedOut, link } = aVisitor(new Stage(bob), alice);
    await room.enter();
    expect(signedOut).not.toHaveBeenCalled();
    link.disconnect({ is: "signed_out" });
    expect(signedOut).toHaveBeenCalledOnce();
  });
});

describe("talking", () => {
  it("shows what one writes at once, once, and under the same key all along", async () => {
    const { room, link, messages } = aVisitor(new Stage(bob), alice);
    await room.enter();
    link.isPrompt = false;
    room.inside!.post("hello", null);
    const pending = messages();
    expect(pending.map(({ body, delivery, mine, seq }) => ({ body, delivery, mine, seq }))).toEqual([
      { body: "hello", delivery: "sending", mine: true, seq: null },
    ]);
    link.carryUp();
    link.carryDown();
    expect(messages().length).toBe(1);
    link.flow();
    expect(messages().map(({ key, delivery }) => ({ key, delivery }))).toEqual([
      { key: pending[0]!.key, delivery: "sent" },
    ]);
  });

  it("refuses what the server would refuse, without sending it", async () => {
    const stage = new Stage(bob);
    const { room } = aVisitor(stage, alice);
    await room.enter();
    expect(room.inside!.post(" \n", null)).toMatchObject({ failure: { code: "empty_body" } });
    expect(room.inside!.post("x".repeat(4_001), null)).toMatchObject({ failure: { code: "body_too_long" } });
    expect(room.inside!.post("👍".repeat(4_000), null).ok).toBe(true);
    expect(stage.messages().length).toBe(1);
  });

  it("sends what was written offline, in order, once the connection is back", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await room.enter();
    link.disconnect();
    for (const body of ["one", "two", "three"]) room.inside!.post(body, null);
    expect(stage.messages()).toEqual([]);
    link.connect();
    expect(stage.messages().map(({ body }) => body)).toEqual(["one", "two", "three"]);
  });

  it("sends at most 16 at a time", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await room.enter();
    link.isPrompt = false;
    for (let n = 1; n <= 40; n++) room.inside!.post(String(n), null);
    for (let n = 1; n <= 40; n++) link.carryUp();
    expect(stage.messages().length).toBe(16);
    link.isPrompt = true;
    link.flow();
    expect(stage.messages().map(({ body }) => Number(body))).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  });

  it("sends once what was answered by a broken connection", async () => {
    const stage = new Stage(bob);
    const { room, link, bodies } = aVisitor(stage, alice);
    await room.enter();
    link.isPrompt = false;
    room.inside!.post("hello", null);
    link.carryUp();
    expect(stage.messages().length).toBe(1);
    link.disconnect();
    link.isPrompt = true;
    link.connect();
    expect(stage.messages().length).toBe(1);
    expect(bodies()).toEqual(["hello"]);
  });

  it("loads older pages without a row twice", async () => {
    const stage = new Stage(bob);
    for (let n = 1; n <= 130; n++) stage.says(bob, String(n), String(n));
    const { room, bodies } = aVisitor(stage, alice);
    await room.enter();
    expect(bodies().length).toBe(50);
    await Promise.all([room.inside!.loadOlder(), room.inside!.loadOlder()]);
    expect(bodies().length).toBe(100);
    await room.inside!.loadOlder();
    expect(bodies().map(Number)).toEqual(Array.from({ length: 130 }, (_, n) => n + 1));
    expect(room.inside!.hasOlder).toBe(false);
  });
});

describe("new since you left", () => {
  const lineIsAbove = (room: Room) => {
    const rows = room.inside!.rows;
    const next = rows[rows.findIndex(({ kind }) => kind === "unread") + 1];
    return next?.kind === "message" ? next.body : null;
  };
  const hasLine = (room: Room) => room.inside!.rows.some(({ kind }) => kind === "unread");

  it("stands above what came between two visits", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    stage.says(bob, "1", "old");
    const first = aVisitor(stage, alice, device);
    await first.room.enter();
    expect(hasLine(first.room)).toBe(false);
    first.room.inside!.markSeen();
    first.room.close();
    stage.says(bob, "2", "new");
    const second = aVisitor(stage, alice, device);
    await second.room.enter();
    expect(lineIsAbove(second.room)).toBe("new");
    expect(second.room.inside!.unreadCount).toBe(1);
    second.room.inside!.markSeen();
    expect([hasLine(second.room), second.room.inside!.unreadCount]).toEqual([true, 0]);
    second.room.inside!.clearUnreadLine();
    expect(hasLine(second.room)).toBe(false);
  });

  it("does not call one's own words new", async () => {
    const stage = new Stage(bob);
    const { room } = aVisitor(stage, alice);
    await room.enter();
    room.inside!.lookAway();
    stage.says(alice, "from-my-phone", "mine");
    expect([hasLine(room), room.inside!.unreadCount]).toEqual([false, 0]);
    stage.says(bob, "1", "yours");
    expect([lineIsAbove(room), room.inside!.unreadCount]).toEqual(["yours", 1]);
  });
});

/** What people and networks do, in any order. */
const deed = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constantFrom("bob says", "alice posts") }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("carol joins", "carol leaves", "bob renames", "head") }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constantFrom("up", "down", "repeat", "lose"), index: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("connect", "disconnect", "load older") }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("forget"), index: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("wait"), index: fc.nat(3_000) }) },
);

it("shows, after whatever happened, what a fresh fetch shows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 80 }), fc.nat(120), async (deeds, past) => {
      const stage = new Stage(bob);
      for (let n = 0; n < past; n++) stage.says(bob, `past-${String(n)}`, `past ${String(n)}`);
      const { room, link, messages } = aVisitor(stage, alice);
      await room.enter();
      link.isPrompt = false;
      let written = 0;
      let hasForgotten = false;
      for (const { what, index = 0 } of deeds as { what: string; index?: number }[]) {
        if (what === "bob says") stage.says(bob, `bob-${String(stage.head)}-${stage.epoch}`, `bob ${String(stage.head)}`);
        if (what === "alice posts") room.inside!.post(`alice ${String(++written)}`, null);
        if (what === "carol joins") stage.joins(carol);
        if (what === "carol leaves") stage.leaves(carol);
        if (what === "bob renames") stage.renames(bob, `Bob ${String(stage.head)}`);
        if (what === "head") link.hears({ op: "head", room: "room-id", head: stage.head });
        if (what === "up") link.carryUp();
        if (what === "down") link.carryDown(index);
        if (what === "repeat") link.repeat(index);
        if (what === "lose") link.lose(index);
        if (what === "connect") link.connect();
        if (what === "disconnect") link.disconnect();
        if (what === "load older") void room.inside!.loadOlder();
        if (what === "wait") await settle(index);
        if (what === "forget") {
          // A failover takes every connection with it, and membership must survive it.
          link.disconnect();
          stage.forgets(index);
          stage.joins(alice);
          hasForgotten = true;
        }
      }
      // The fault heals.
      link.disconnect();
      link.isPrompt = true;
      link.connect();
      await settle(20_000);
      while (room.inside!.hasOlder) await room.inside!.loadOlder();

      const fresh = aVisitor(stage, alice);
      await fresh.room.enter();
      while (fresh.room.inside!.hasOlder) await fresh.room.inside!.loadOlder();
      const essence = (rows: MessageRow[]) => rows.map(({ key, seq, body, author, delivery }) => ({ key, seq, body, author, delivery }));
      expect(essence(messages())).toEqual(essence(fresh.messages()));
      expect(room.inside!.roster.members).toEqual(fresh.room.inside!.roster.members);
      expect(room.inside!.roster.memberCount).toBe(fresh.room.inside!.roster.memberCount);
      if (!hasForgotten) {
        const mine = stage.messages().filter(({ author }) => author.id === alice.id).map(({ body }) => body);
        expect(mine).toEqual(Array.from({ length: written }, (_, n) => `alice ${String(n + 1)}`));
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);
