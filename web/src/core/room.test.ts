import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Room } from "./room";
import { alice, bob, carol } from "./testing/cast";
import { Stage } from "./testing/stage";
import { aDevice, aVisitor, goIn, settle } from "./testing/visitor";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the door", () => {
  it("joins by code and shows what was said before", async () => {
    const stage = new Stage(bob);
    stage.says(bob, "1", "welcome");
    const { room, bodies } = aVisitor(stage, alice);
    await goIn(room);
    expect(room.phase).toBe("open");
    expect(room.title).toBe("The kitchen");
    expect(bodies()).toEqual(["welcome"]);
    expect(stage.isMember(alice.id)).toBe(true);
  });

  it("is loading until the messages are there", async () => {
    const { room, link } = aVisitor(new Stage(bob), alice);
    link.isPrompt = false;
    await goIn(room);
    expect(room.phase).toBe("loading");
    link.flow();
    expect(room.phase).toBe("open");
  });

  it("asks for a password first, and complains only about a wrong one", async () => {
    const stage = new Stage(bob);
    stage.password = "tea";
    const { room } = aVisitor(stage, alice);
    await goIn(room);
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
    await goIn(stranger.room);
    expect(stranger.room.phase).toBe("not_found");
    stage.isOpen = true;
    await goIn(aVisitor(stage, alice, device).room);
    stage.isOpen = false;
    const guest = aVisitor(stage, alice, device);
    await goIn(guest.room);
    expect([guest.room.phase, guest.room.title]).toEqual(["closed", "The kitchen"]);
  });

  it("stays as it is while a password is tried", async () => {
    const stage = new Stage(bob);
    stage.password = "tea";
    const { room } = aVisitor(stage, alice);
    await goIn(room);
    const entering = room.enter("coffee");
    expect([room.phase, room.isKnocking]).toEqual(["needs_password", true]);
    await entering;
    expect([room.phase, room.isKnocking]).toEqual(["needs_password", false]);
  });

  it.each([
    [4202, "closed", "not_found"],
    [4203, "removed", "banned"],
    [4205, "not_found", "not_found"],
    [4201, "error", "outdated"],
    [4299, "error", "stopped"],
  ])("says what the close code %i means", async (code, phase, failure) => {
    const { room, link } = aVisitor(new Stage(bob), alice);
    await goIn(room);
    link.disconnect({ is: "stopped", code });
    expect([room.phase, room.failure?.code]).toEqual([phase, failure]);
  });

  it("knocks again by itself while the server cannot be reached", async () => {
    const stage = new Stage(bob);
    stage.isReachable = false;
    const { room } = aVisitor(stage, alice);
    await goIn(room);
    expect([room.phase, room.failure?.code]).toEqual(["error", "offline"]);
    await settle(1_000);
    expect(room.phase).toBe("error");
    stage.isReachable = true;
    await settle(2_000);
    expect(room.phase).toBe("open");
  });

  it("says that the room has closed when it is gone after a lost connection", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await goIn(room);
    link.disconnect();
    stage.isOpen = false;
    link.connect();
    await settle();
    expect(room.phase).toBe("closed");
  });

  it("says that we left when only we are out", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await goIn(room);
    link.disconnect();
    stage.leaves(alice);
    link.connect();
    await settle();
    expect(room.phase).toBe("left");
  });

  it("is out at once when another tab leaves", async () => {
    const stage = new Stage(bob);
    const { room } = aVisitor(stage, alice);
    await goIn(room);
    stage.leaves(alice);
    expect(room.phase).toBe("left");
  });

  it("leaves, and comes in again", async () => {
    const stage = new Stage(bob);
    const { room, bodies } = aVisitor(stage, alice);
    await goIn(room);
    expect((await room.leave()).ok).toBe(true);
    expect(room.phase).toBe("left");
    stage.says(bob, "1", "are you there?");
    await goIn(room);
    expect([room.phase, bodies()]).toEqual(["open", ["are you there?"]]);
  });

  it("stays left, whatever still comes of the time before", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await goIn(room);
    link.disconnect();
    link.isPrompt = false;
    link.connect();
    await room.leave();
    stage.isOpen = false;
    link.flow();
    await settle();
    expect(room.phase).toBe("left");
  });

  it("asks to sign in when the session ended", async () => {
    const { room, signedOut, link } = aVisitor(new Stage(bob), alice);
    await goIn(room);
    expect(signedOut).not.toHaveBeenCalled();
    link.disconnect({ is: "signed_out" });
    expect(signedOut).toHaveBeenCalledOnce();
  });
});

describe("talking", () => {
  it("shows what one writes at once, once, and under the same key all along", async () => {
    const { room, link, messages } = aVisitor(new Stage(bob), alice);
    await goIn(room);
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
    await goIn(room);
    expect(room.inside!.post(" \n", null)).toMatchObject({ failure: { code: "empty_body" } });
    expect(room.inside!.post("x".repeat(4_001), null)).toMatchObject({ failure: { code: "body_too_long" } });
    expect(room.inside!.post("👍".repeat(4_000), null).ok).toBe(true);
    expect(stage.messages().length).toBe(1);
  });

  it("sends what was written offline, in order, once the connection is back", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await goIn(room);
    link.disconnect();
    for (const body of ["one", "two", "three"]) room.inside!.post(body, null);
    expect(stage.messages()).toEqual([]);
    link.connect();
    expect(stage.messages().map(({ body }) => body)).toEqual(["one", "two", "three"]);
  });

  it("sends at most 16 at a time", async () => {
    const stage = new Stage(bob);
    const { room, link } = aVisitor(stage, alice);
    await goIn(room);
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
    await goIn(room);
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

  describe("does not say again what the log is seen to hold:", () => {
    /** Alice posted, the server has it, and she knows nothing of that yet. */
    async function anUnansweredPost(device = aDevice()) {
      const stage = new Stage(bob);
      const visitor = aVisitor(stage, alice, device);
      await goIn(visitor.room);
      visitor.link.isPrompt = false;
      visitor.room.inside!.post("hello", null);
      visitor.link.carryUp();
      return { stage, ...visitor };
    }

    it("its event came before the connection broke", async () => {
      const { link, bodies } = await anUnansweredPost();
      link.carryDown();
      link.disconnect();
      link.isPrompt = true;
      link.connect();
      expect([link.posts, bodies()]).toEqual([1, ["hello"]]);
    });

    it("the room was reloaded with it", async () => {
      const { stage, link, bodies } = await anUnansweredPost();
      link.disconnect();
      stage.forgets(0);
      link.isPrompt = true;
      link.connect();
      expect([link.posts, bodies()]).toEqual([1, ["hello"]]);
    });

    it("the page was reloaded with it", async () => {
      const device = aDevice();
      const { stage, link } = await anUnansweredPost(device);
      link.disconnect();
      const again = aVisitor(stage, alice, device);
      await goIn(again.room);
      await settle();
      expect([again.link.posts, again.bodies()]).toEqual([0, ["hello"]]);
    });
  });

  it("loads older pages without a row twice", async () => {
    const stage = new Stage(bob);
    for (let n = 1; n <= 130; n++) stage.says(bob, String(n), String(n));
    const { room, bodies } = aVisitor(stage, alice);
    await goIn(room);
    expect(bodies().length).toBe(50);
    await Promise.all([room.inside!.loadOlder(), room.inside!.loadOlder()]);
    expect(bodies().length).toBe(100);
    await room.inside!.loadOlder();
    expect(bodies().map(Number)).toEqual(Array.from({ length: 130 }, (_, n) => n + 1));
    expect(room.inside!.hasOlder).toBe(false);
  });
});

it("forgets a page that belongs to a log which is gone", async () => {
  const stage = new Stage(bob);
  for (let n = 1; n <= 60; n++) stage.says(bob, `old-${String(n)}`, "old");
  const { room, link, bodies } = aVisitor(stage, alice);
  await goIn(room);
  const older = room.inside!.loadOlder();
  link.disconnect();
  stage.forgets(61);
  stage.joins(alice);
  stage.says(bob, "new", "new");
  link.connect();
  await older;
  expect(bodies()).toEqual(["new"]);
});

it("tells what happened under the names from before", async () => {
  const stage = new Stage(bob);
  const { room } = aVisitor(stage, alice);
  await goIn(room);
  stage.joins(carol);
  stage.renames(carol, "Caroline");
  stage.leaves(carol);
  expect(room.inside!.rows.flatMap((row) => (row.kind === "note" ? [row.note] : []))).toEqual([
    { what: "joined", who: carol },
    { what: "renamed", who: { id: "carol", name: "Caroline" }, before: "Carol" },
    { what: "left", who: { id: "carol", name: "Caroline" } },
  ]);
});

it("lays nothing out again for somebody who comes and goes without a word", async () => {
  const stage = new Stage(bob);
  stage.says(bob, "1", "one");
  const { room } = aVisitor(stage, alice);
  await goIn(room);
  const [first] = room.inside!.rows.filter(({ kind }) => kind === "message");
  stage.joins(carol);
  stage.leaves(carol);
  expect(room.inside!.rows).toContain(first);
  stage.renames(bob, "Robert");
  expect(room.inside!.rows).not.toContain(first);
  expect(room.inside!.rows.some((row) => row.kind === "message" && row.author.name === "Robert")).toBe(true);
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
    await goIn(first.room);
    expect(hasLine(first.room)).toBe(false);
    first.room.inside!.markSeen();
    first.room.close();
    stage.says(bob, "2", "new");
    const second = aVisitor(stage, alice, device);
    await goIn(second.room);
    expect(lineIsAbove(second.room)).toBe("new");
    expect(second.room.inside!.unreadCount).toBe(1);
    second.room.inside!.markSeen();
    expect([hasLine(second.room), second.room.inside!.unreadCount]).toEqual([true, 0]);
    second.room.inside!.clearUnreadLine();
    expect(hasLine(second.room)).toBe(false);
  });

  it("notes nothing more once the room is closed", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    const { room } = aVisitor(stage, alice, device);
    await goIn(room);
    stage.says(bob, "1", "hi");
    room.close();
    device.visits.forgetAll();
    room.inside!.markSeen();
    expect(device.visits.find(stage.code)).toBeNull();
  });

  it("counts at least what is loaded, and says when there may be more", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    const first = aVisitor(stage, alice, device);
    await goIn(first.room);
    first.room.inside!.markSeen();
    first.room.close();
    for (let n = 1; n <= 60; n++) stage.says(bob, String(n), String(n));
    const { room } = aVisitor(stage, alice, device);
    await goIn(room);
    expect([room.inside!.unreadCount, room.inside!.hasMoreUnread]).toEqual([50, true]);
    await room.inside!.loadOlder();
    expect([room.inside!.unreadCount, room.inside!.hasMoreUnread]).toEqual([60, false]);
  });

  it("does not call one's own words new", async () => {
    const stage = new Stage(bob);
    const { room } = aVisitor(stage, alice);
    await goIn(room);
    room.inside!.lookAway();
    stage.says(alice, "from-my-phone", "mine");
    expect([hasLine(room), room.inside!.unreadCount]).toEqual([false, 0]);
    stage.says(bob, "1", "yours");
    expect([lineIsAbove(room), room.inside!.unreadCount]).toEqual(["yours", 1]);
  });
});
