import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { MessageRow } from "./rows";
import { alice, bob, carol } from "./testing/cast";
import { Stage } from "./testing/stage";
import { aVisitor, settle } from "./testing/visitor";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
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
