import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Letter } from "./outbox";
import { alice, bob } from "./testing/cast";
import { Stage } from "./testing/stage";
import { aDevice, aVisitor, goIn, settle } from "./testing/visitor";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const aLetter = (cid: string, body: string): Letter => ({
  ...{ cid, body, roomId: "room-id", personId: alice.id, replyTo: null, failure: null },
  ...{ writtenAt: new Date().toISOString(), queuedAtMs: Date.now() },
});

it("a message is dated by the server's clock, though ours is in tomorrow already", async () => {
  const { room, link, messages } = aVisitor(new Stage(bob), alice);
  await goIn(room);
  link.disconnect();
  link.aheadMs = 86_400_000;
  room.inside!.post("good evening", null);
  expect(messages().map(({ at }) => Date.parse(at))).toEqual([Date.now() - 86_400_000]);
});

describe("letters of an earlier life", () => {
  it("go before what is written now", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    await device.store.put(aLetter("1", "old"));
    const { room } = aVisitor(stage, alice, device);
    await room.enter();
    room.inside!.post("new", null);
    await settle();
    expect(stage.messages().map(({ body }) => body)).toEqual(["old", "new"]);
  });

  it("do not hold up what is written now", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    device.store.claim = () => new Promise<never>(() => undefined);
    const { room } = aVisitor(stage, alice, device);
    await room.enter();
    room.inside!.post("new", null);
    await settle(1_500);
    expect(stage.messages().map(({ body }) => body)).toEqual(["new"]);
  });

  it("of a tab that goes while this one is open are sent from here", async () => {
    const stage = new Stage(bob);
    const device = aDevice();
    const { room } = aVisitor(stage, alice, device);
    await goIn(room);
    device.store.claim = () => Promise.resolve([aLetter("1", "from the other tab")]);
    await settle(60_000);
    expect(stage.messages().map(({ body }) => body)).toEqual(["from the other tab"]);
    room.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
