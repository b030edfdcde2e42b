import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Memory } from "../core/storage";
import { alice, bob, carol } from "../core/testing/cast";
import { Stage, StageLink } from "../core/testing/stage";
import { aDevice, goIn, settle } from "../core/testing/visitor";
import { Drafts } from "./drafts";
import { RoomState } from "./room.svelte";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function aMemory(): Memory {
  const kept = new Map<string, string>();
  return {
    recall: (key) => kept.get(key) ?? null,
    remember: (key, value) => kept.set(key, value),
    forget: (key) => kept.delete(key),
    forgetAll: () => undefined,
  };
}

function aPage(stage: Stage, memory = aMemory()) {
  const link = new StageLink(stage, alice);
  const connection = { view: { state: "online" } } as const;
  const retryConnectionNow = vi.fn();
  const drafts = new Drafts(memory);
  const ports = { api: stage.api(alice), link, drafts, connection, retryConnectionNow, signedOut: vi.fn(), ...aDevice() };
  return { room: new RoomState(stage.code, alice, ports), link };
}

describe("a room on the screen", () => {
  it("shows nothing before the door opened, and everything after", async () => {
    const stage = new Stage(bob);
    stage.says(bob, "1", "welcome");
    const { room } = aPage(stage);
    expect([room.phase, room.rows, room.members, room.me, room.url]).toEqual(["loading", [], [], null, ""]);
    await goIn(room);
    expect([room.phase, room.title, room.code]).toEqual(["open", "The kitchen", "K7MP"]);
    expect(room.rows.at(-1)).toMatchObject({ kind: "message", body: "welcome", mine: false });
    expect(room.me).toMatchObject({ name: "Alice", role: "member", isMe: true });
    expect([room.memberCount, room.emptyTtlS]).toEqual([2, 86_400]);
  });

  it("follows what happens", async () => {
    const stage = new Stage(bob);
    const { room } = aPage(stage);
    await goIn(room);
    stage.joins(carol);
    stage.says(carol, "1", "hi");
    expect(room.members.map(({ name }) => name)).toContain("Carol");
    expect(room.rows.at(-1)).toMatchObject({ body: "hi" });
    expect(room.unreadCount).toBe(1);
    room.markSeen();
    expect(room.unreadCount).toBe(0);
  });

  it("keeps the draft through a reload, until it is sent", async () => {
    const stage = new Stage(bob);
    const memory = aMemory();
    const before = aPage(stage, memory).room;
    await goIn(before);
    before.draft = "half a thou";
    const { room, link } = aPage(stage, memory);
    await goIn(room);
    expect(room.draft).toBe("half a thou");
    link.disconnect();
    expect(room.post(room.draft).ok).toBe(true);
    const after = aPage(stage, memory).room;
    await goIn(after);
    expect([room.draft, after.draft]).toEqual(["", ""]);
    expect(room.rows.at(-1)).toMatchObject({ body: "half a thou", delivery: "sending" });
  });

  it("finds the draft again when the room has got another code, and drops it when it is gone", async () => {
    const stage = new Stage(bob);
    const memory = aMemory();
    const before = aPage(stage, memory).room;
    await goIn(before);
    before.draft = "half a thou";
    stage.code = "QJPT";
    const { room, link } = aPage(stage, memory);
    await goIn(room);
    expect(room.draft).toBe("half a thou");
    link.disconnect();
    stage.isOpen = false;
    link.connect();
    await settle();
    expect([room.phase, new Drafts(memory).find(room.id ?? "")]).toEqual(["closed", ""]);
  });

  it("counts what this page sent, and what is still here", async () => {
    const { room, link } = aPage(new Stage(bob));
    await goIn(room);
    await settle();
    link.disconnect();
    room.post("one");
    room.post("two");
    expect([room.sendCount, room.unsentCount]).toEqual([2, 2]);
    link.connect();
    expect([room.sendCount, room.unsentCount]).toEqual([2, 0]);
  });

  it("keeps the draft that was refused", async () => {
    const { room } = aPage(new Stage(bob));
    await goIn(room);
    room.draft = "x".repeat(4_001);
    expect(room.post(room.draft)).toMatchObject({ failure: { code: "body_too_long" } });
    expect(room.draft.length).toBe(4_001);
  });

  it("takes no words once we are out, but still shows what was said", async () => {
    const stage = new Stage(bob);
    stage.says(bob, "1", "welcome");
    const { room } = aPage(stage);
    await goIn(room);
    expect((await room.leave()).ok).toBe(true);
    await settle();
    expect(room.phase).toBe("left");
    expect(room.post("wait").ok).toBe(false);
    expect(room.rows.some((row) => row.kind === "message" && row.body === "welcome")).toBe(true);
  });

  it("tries again what failed, or throws it away", async () => {
    const stage = new Stage(bob);
    const { room, link } = aPage(stage);
    await goIn(room);
    link.refuseNext("forbidden_characters");
    room.post("hello");
    const failed = room.rows.at(-1);
    expect(failed).toMatchObject({ delivery: "failed", failure: { code: "forbidden_characters" } });
    const cid = failed?.kind === "message" ? failed.cid : "";
    room.retry(cid);
    expect(room.rows.at(-1)).toMatchObject({ delivery: "sent", body: "hello", cid });
    link.refuseNext("forbidden_characters");
    room.post("never mind");
    const other = room.rows.at(-1);
    room.discard(other?.kind === "message" ? other.cid : "");
    expect(room.rows.at(-1)).toMatchObject({ body: "hello" });
  });
});
