import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "../core/api";
import type { Memory } from "../core/storage";
import { SessionState } from "./session.svelte";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

type Respond = (method: string) => Response;

const person = (name: string) => Response.json({ person: { id: "alice", name, kind: "guest" } });
const refusal = (status: number, code: string) => Response.json({ code }, { status });

function aSession(respond: Respond, isRemembered = true) {
  const kept = new Map<string, string>(isRemembered ? [["signed-in", "yes"]] : []);
  const memory: Memory = {
    recall: (key) => kept.get(key) ?? null,
    remember: (key, value) => kept.set(key, value),
    forget: (key) => kept.delete(key),
    forgetAll: (start) => {
      for (const key of kept.keys()) if (key.startsWith(start)) kept.delete(key);
    },
  };
  const server = { respond };
  const fetched = vi.fn((_: string, { method = "" }: RequestInit) => Promise.resolve().then(() => server.respond(method)));
  const api = new Api("", fetched);
  const changed = vi.fn();
  const gone = vi.fn();
  return { session: new SessionState({ api, memory, changed, gone }), changed, gone, memory, server, fetched };
}

describe("a session", () => {
  it("is loading until the server says who is here", async () => {
    const { session, changed } = aSession(() => person("Alice"));
    expect(session.phase).toBe("loading");
    await session.refresh();
    expect([session.phase, session.me]).toEqual(["signed_in", { id: "alice", name: "Alice" }]);
    expect(changed).toHaveBeenCalledOnce();
  });

  it("is signed out when the server knows nobody", async () => {
    const { session } = aSession(() => refusal(401, "unauthenticated"));
    await session.refresh();
    expect([session.phase, session.me]).toEqual(["signed_out", null]);
  });

  it("asks nobody on a device where nobody has signed in, nor after signing out", async () => {
    const { session, fetched, server } = aSession(() => person("Alice"), false);
    await session.refresh();
    expect([session.phase, fetched.mock.calls.length]).toEqual(["signed_out", 0]);
    await session.signIn("Alice");
    await session.refresh();
    expect([session.phase, fetched.mock.calls.length]).toEqual(["signed_in", 2]);
    server.respond = () => new Response(null, { status: 204 });
    await session.signOut();
    await session.refresh();
    expect([session.phase, fetched.mock.calls.length]).toEqual(["signed_out", 3]);
  });

  it("asks again by itself while the server cannot be reached", async () => {
    const { session, server } = aSession(() => refusal(502, ""));
    await session.refresh();
    expect(session.phase).toBe("unreachable");
    server.respond = () => person("Alice");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(session.phase).toBe("signed_in");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stays signed in when only the network is gone", async () => {
    const { session, server } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => refusal(503, "overloaded");
    await session.refresh();
    expect(session.phase).toBe("signed_in");
  });

  it("keeps the person through a new name, and remembers the name on the device", async () => {
    const { session, changed, server, memory } = aSession(() => person("Alice"));
    await session.signIn("Alice");
    server.respond = () => person("Alicia");
    await session.rename("Alicia");
    expect([session.me?.name, session.lastName, memory.recall("name")]).toEqual(["Alicia", "Alicia", "Alicia"]);
    expect(changed).toHaveBeenCalledOnce();
  });

  it("hands on why a name was refused", async () => {
    const { session } = aSession(() => refusal(422, "name_too_long"));
    expect(await session.signIn("x".repeat(41))).toMatchObject({ ok: false, failure: { code: "name_too_long" } });
    expect(session.me).toBeNull();
  });

  it.each([
    ["the server says so", () => new Response(null, { status: 204 })],
    ["it had ended already", () => refusal(401, "unauthenticated")],
  ])("ends when %s", async (_, respond) => {
    const { session, server, changed } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = respond;
    expect((await session.signOut()).ok).toBe(true);
    expect([session.phase, session.me, session.lastName]).toEqual(["signed_out", null, "Alice"]);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it("leaves nothing on the device of where one was and what one meant to say", async () => {
    const { session, server, memory, gone } = aSession(() => person("Alice"));
    await session.refresh();
    for (const key of ["visits", "draft.K7MP", "draft.QJPT", "theme"]) memory.remember(key, "x");
    server.respond = () => new Response(null, { status: 204 });
    await session.signOut();
    expect(["visits", "draft.K7MP", "draft.QJPT", "theme"].map((key) => memory.recall(key))).toEqual([null, null, null, "x"]);
    expect(gone).toHaveBeenCalledExactlyOnceWith({ id: "alice", name: "Alice" });
  });

  it("does not end when nobody was reached", async () => {
    const { session, server } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => refusal(502, "");
    expect((await session.signOut()).ok).toBe(false);
    expect(session.phase).toBe("signed_in");
  });
});
