import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Refused } from "../protocol/frames";
import type { OutboxStore } from "./outbox-store";
import { MemoryStore, openOutboxStore, openLocks } from "./outbox-store";
import { Outbox } from "./outbox";
import { newUuid } from "./random";

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
});

function refusal(fields: Partial<Refused>): Refused {
  return { op: "refused", code: "rate_limited", message: "", final: false, ...fields };
}

function anOutbox(store: OutboxStore, roomId = "room", personId = "alice") {
  return new Outbox({ roomId, personId, store, newCid: newUuid });
}

const cids = (letters: readonly { readonly cid: string }[]) => letters.map(({ cid }) => cid);

/** Locks as a browser keeps them for all its tabs; `close` is the end of one tab. */
function aBrowser() {
  const held = new Set<string>();
  return {
    openTab: () => {
      const mine = new Set<string>();
      const request = async (name: string, work: () => Promise<unknown>) => {
        held.add(name);
        mine.add(name);
        const result = await work();
        held.delete(name);
        return result;
      };
      const query = () => Promise.resolve({ held: [...held].map((name) => ({ name })) });
      // Only what the outbox uses of it.
      const locks = { request, query } as unknown as LockManager;
      return { tabs: openLocks(locks), close: () => { for (const name of mine) held.delete(name); } };
    },
  };
}

describe("an outbox", () => {
  it("hands a letter out once, in the order of writing", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    outbox.add("two", 7, 0);
    expect(outbox.take(1, 16).map(({ body, replyTo }) => [body, replyTo])).toEqual([["one", null], ["two", 7]]);
    expect(outbox.take(2, 16)).toEqual([]);
  });

  it("hands the same cid out again after a lost connection, and after 15 s without an answer", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    const first = cids(outbox.take(0, 16));
    outbox.disconnected();
    expect(cids(outbox.take(1_000, 16))).toEqual(first);
    expect(outbox.take(15_999, 16)).toEqual([]);
    expect(cids(outbox.take(16_000, 16))).toEqual(first);
  });

  it("shows an answered letter until the log has come to its place", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    const [letter] = outbox.take(0, 16);
    outbox.posted(letter!.cid, 9);
    outbox.reached(8);
    expect(outbox.pending.map(({ delivery, seq }) => [delivery, seq])).toEqual([["sent", 9]]);
    outbox.reached(9);
    expect(outbox.pending).toEqual([]);
  });

  it("sends again what was promised a place that a new log does not have", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    const [letter] = outbox.take(0, 16);
    outbox.posted(letter!.cid, 9);
    outbox.restarted();
    expect(cids(outbox.take(0, 16))).toEqual([letter!.cid]);
  });

  it("keeps what was refused for good visible, with its reason, and sends it only when told to", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    const [letter] = outbox.take(0, 16);
    outbox.refused(letter!.cid, refusal({ code: "forbidden_characters", final: true }), 0);
    expect(outbox.pending.map(({ delivery, failure }) => [delivery, failure?.code])).toEqual([["failed", "forbidden_characters"]]);
    outbox.disconnected();
    expect(outbox.take(60_000, 16)).toEqual([]);
    outbox.retry(letter!.cid, 60_000);
    expect(cids(outbox.take(60_000, 16))).toEqual([letter!.cid]);
  });

  it("waits as long as a refusal asks, and longer each time", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    const [letter] = outbox.take(0, 16);
    outbox.refused(letter!.cid, refusal({ retry_after_s: 3 }), 0);
    expect(outbox.take(2_999, 16)).toEqual([]);
    expect(outbox.take(3_000, 16).length).toBe(1);
    outbox.refused(letter!.cid, refusal({}), 3_000);
    expect(outbox.take(4_999, 16)).toEqual([]);
    expect(outbox.take(5_000, 16).length).toBe(1);
  });

  it("says what it waits for, until the server takes it or the connection breaks", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    const [letter] = outbox.take(0, 16);
    outbox.refused(letter!.cid, refusal({ code: "storage_unavailable", retry_after_s: 5 }), 0);
    expect(outbox.pending[0]).toMatchObject({ delivery: "sending", waitingFor: { code: "storage_unavailable", retryAfterS: 5 } });
    outbox.take(5_000, 16);
    expect(outbox.pending[0]!.waitingFor?.code).toBe("storage_unavailable");
    outbox.disconnected();
    expect(outbox.pending[0]!.waitingFor).toBeNull();
  });

  it("waits no longer because the clock was set back", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, HOUR_MS);
    const [letter] = outbox.take(HOUR_MS, 16);
    expect(outbox.take(0, 16).length).toBe(1);
    outbox.refused(letter!.cid, refusal({ retry_after_s: 3 }), HOUR_MS);
    expect(outbox.take(0, 16).length).toBe(1);
  });

  it("says again after a restart also what was promised a place that another letter has now", async () => {
    const store = new MemoryStore();
    const outbox = anOutbox(store);
    outbox.add("one", null, 0);
    const [letter] = outbox.take(0, 16);
    outbox.posted(letter!.cid, 9);
    expect(await store.claim("room", "alice", "all")).toEqual([]);
    outbox.restarted();
    outbox.reached(12);
    expect(cids(outbox.take(0, 16))).toEqual([letter!.cid]);
    expect((await store.claim("room", "alice", "all")).length).toBe(1);
  });

  it("does not send yesterday's words by itself", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    expect(outbox.take(24 * HOUR_MS, 16)).toEqual([]);
    const [row] = outbox.pending;
    expect([row!.delivery, row!.failure?.code]).toEqual(["failed", "expired"]);
    outbox.retry(row!.cid, 24 * HOUR_MS);
    expect(outbox.take(24 * HOUR_MS, 16).length).toBe(1);
  });

  it("says the same array while nothing changes", () => {
    const outbox = anOutbox(new MemoryStore());
    outbox.add("one", null, 0);
    expect(outbox.pending).toBe(outbox.pending);
  });
});

describe("after a reload", () => {
  const aStore = () => openOutboxStore(openLocks(undefined));
  /** Everything that was put is on disk. */
  const written = () => new Promise((resolve) => setTimeout(resolve, 20));

  it("sends what was left, in order, under the same cids", async () => {
    const before = anOutbox(await aStore());
    before.add("one", null, 5);
    before.add("two", null, 5);
    await written();
    const after = anOutbox(await aStore());
    after.add("three", null, 9);
    await after.adopt("all");
    expect(after.take(10, 16).map(({ body }) => body)).toEqual(["one", "two", "three"]);
  });

  it("does not send what was answered or discarded", async () => {
    const before = anOutbox(await aStore());
    for (const body of ["answered", "arrived", "discarded", "left"]) before.add(body, null, 0);
    const [answered, arrived, discarded] = before.take(0, 16);
    before.posted(answered!.cid, 3);
    before.arrived(arrived!.cid);
    before.discard(discarded!.cid);
    await written();
    const after = anOutbox(await aStore());
    await after.adopt("all");
    expect(after.take(0, 16).map(({ body }) => body)).toEqual(["left"]);
  });

  it("remembers a failure", async () => {
    const before = anOutbox(await aStore());
    before.add("one", null, 0);
    before.refused(before.take(0, 16)[0]!.cid, refusal({ code: "banned", final: true }), 0);
    await written();
    const after = anOutbox(await aStore());
    await after.adopt("all");
    expect(after.take(0, 16)).toEqual([]);
    expect(after.pending[0]!.failure?.code).toBe("banned");
  });

  it("keeps rooms and people apart", async () => {
    const store = await aStore();
    anOutbox(store, "kitchen", "alice").add("hi", null, 0);
    await written();
    for (const [room, person] of [["garden", "alice"], ["kitchen", "bob"]] as const) {
      const other = anOutbox(await aStore(), room, person);
      await other.adopt("all");
      expect(other.pending).toEqual([]);
    }
  });

  it("keeps nothing of a guest who is gone", async () => {
    const store = await aStore();
    anOutbox(store, "kitchen", "alice").add("hi", null, 0);
    anOutbox(store, "kitchen", "bob").add("hello", null, 0);
    await written();
    expect((await store.takeAll("alice")).map(({ body }) => body)).toEqual(["hi"]);
    expect(await store.claim("kitchen", "alice", "all")).toEqual([]);
    expect((await store.claim("kitchen", "bob", "all")).length).toBe(1);
  });

  it("leaves the letters of a living tab alone, and takes those of one that is gone", async () => {
    const browser = aBrowser();
    const first = browser.openTab();
    anOutbox(await openOutboxStore(first.tabs)).add("one", null, 0);
    await written();
    const second = anOutbox(await openOutboxStore(browser.openTab().tabs));
    await second.adopt("all");
    expect(second.pending).toEqual([]);
    first.close();
    await second.adopt("all");
    expect(second.pending.map(({ body }) => body)).toEqual(["one"]);
  });

  it("does not bring back what its own tab has posted or discarded meanwhile", async () => {
    const browser = aBrowser();
    const { tabs } = browser.openTab();
    const store = await openOutboxStore(tabs);
    const outbox = anOutbox(store);
    outbox.add("one", null, 0);
    await written();
    const [letter] = outbox.take(0, 16);
    const adopting = outbox.adopt("strangers");
    outbox.discard(letter!.cid);
    await adopting;
    await written();
    expect([outbox.pending, await store.claim("room", "alice", "all")]).toEqual([[], []]);
  });

  it("takes from other tabs later on only where it can tell that they are gone", async () => {
    anOutbox(await aStore()).add("one", null, 0);
    await written();
    const other = anOutbox(await aStore());
    await other.adopt("strangers");
    expect(other.pending).toEqual([]);
  });

  it("opens the database again after the browser took it away", async () => {
    const opened: IDBDatabase[] = [];
    const real = new IDBFactory();
    const open = (name: string, version: number) => {
      const request = real.open(name, version);
      request.addEventListener("success", () => opened.push(request.result));
      return request;
    };
    vi.stubGlobal("indexedDB", { open });
    const store = await aStore();
    const [first] = opened;
    first!.close();
    first!.onclose?.(new Event("close"));
    const outbox = anOutbox(store);
    outbox.add("one", null, 0);
    await written();
    expect((await store.claim("room", "alice", "all")).length).toBe(1);
    expect(opened.length).toBe(2);
  });

  it("goes on in memory where IndexedDB never answers", async () => {
    vi.useFakeTimers();
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    const opening = aStore();
    await vi.advanceTimersByTimeAsync(1_500);
    vi.useRealTimers();
    expect(await opening).toBeInstanceOf(MemoryStore);
  });

  it("goes on in memory where IndexedDB is blocked", async () => {
    vi.stubGlobal("indexedDB", {
      open: () => {
        throw new DOMException("blocked", "SecurityError");
      },
    });
    const outbox = anOutbox(await aStore());
    outbox.add("one", null, 0);
    await outbox.adopt("all");
    expect(outbox.take(0, 16).length).toBe(1);
  });
});

it("a new cid is a UUID that was not there before", () => {
  const made = new Set(Array.from({ length: 1_000 }, newUuid));
  expect(made.size).toBe(1_000);
  for (const cid of made) expect(cid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
