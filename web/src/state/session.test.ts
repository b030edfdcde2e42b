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

type Respond = (method: string) => Response | Promise<Response>;

const person = (name: string) => Response.json({ person: { id: "alice", name, kind: "guest" } });
const refusal = (status: number, code: string) => Response.json({ code }, { status });

function aSession(respond: Respond, isMarked = true) {
  const kept = new Map<string, string>();
  const memory: Memory = {
    recall: (key) => kept.get(key) ?? null,
    remember: (key, value) => kept.set(key, value),
    forget: (key) => kept.delete(key),
    forgetAll: () => undefined,
  };
  const server = { respond };
  /** The readable cookie. */
  const browser = { isMarked };
  const asked: string[] = [];
  const api = new Api("", (_, { method = "" }) => {
    asked.push(method);
    return Promise.resolve().then(async () => {
      const response = await server.respond(method);
      if (method === "POST" && response.ok) browser.isMarked = true;
      if (method === "DELETE" && response.status < 500) browser.isMarked = false;
      return response;
    });
  });
  const ports = { changed: vi.fn(), tellTabs: vi.fn(), forget: vi.fn(), setAside: vi.fn() };
  const session = new SessionState({ api, memory, isMarked: () => browser.isMarked, ...ports });
  return { session, memory, server, browser, asked, ...ports };
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
    const { session, asked, server } = aSession(() => person("Alice"), false);
    await session.refresh();
    expect([session.phase, asked]).toEqual(["signed_out", []]);
    await session.signIn("Alice");
    await session.refresh();
    expect([session.phase, asked]).toEqual(["signed_in", ["POST", "GET"]]);
    server.respond = () => new Response(null, { status: 204 });
    await session.signOut();
    await session.refresh();
    expect([session.phase, asked]).toEqual(["signed_out", ["POST", "GET", "DELETE"]]);
  });

  it("asks again by itself while the server cannot be reached", async () => {
    const { session, server } = aSession(() => refusal(502, ""));
    await session.refresh();
    expect(session.phase).toBe("unreachable");
    server.respond = () => person("Alice");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(session.phase).toBe("signed_in");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on asking by itself when somebody tried to sign in meanwhile", async () => {
    const { session, server } = aSession(() => refusal(502, ""));
    await session.refresh();
    expect((await session.signIn("Alice")).ok).toBe(false);
    server.respond = () => person("Alice");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(session.phase).toBe("signed_in");
  });

  it("stays signed in when only the network is gone", async () => {
    const { session, server } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => refusal(503, "overloaded");
    await session.refresh();
    expect(session.phase).toBe("signed_in");
  });

  it("keeps the person through a new name, and remembers the name on the device", async () => {
    const { session, changed, server, memory } = aSession(() => person("Alice"), false);
    await session.signIn("Alice");
    server.respond = () => person("Alicia");
    await session.rename("Alicia");
    expect([session.me?.name, session.lastName, memory.recall("name")]).toEqual(["Alicia", "Alicia", "Alicia"]);
    expect(changed).toHaveBeenCalledOnce();
  });

  it("hands on why a name was refused", async () => {
    const { session } = aSession(() => refusal(422, "name_too_long"), false);
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

  it("does not end when nobody was reached", async () => {
    const { session, server } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => refusal(502, "");
    expect((await session.signOut()).ok).toBe(false);
    expect(session.phase).toBe("signed_in");
  });
});

describe("what a guest leaves on the device", () => {
  it("is forgotten when they sign out, here or in another tab", async () => {
    const here = aSession(() => person("Alice"));
    await here.session.refresh();
    here.server.respond = () => new Response(null, { status: 204 });
    await here.session.signOut();
    expect(here.forget).toHaveBeenCalledExactlyOnceWith("alice");
    expect(here.tellTabs).toHaveBeenLastCalledWith("alice");
    const there = aSession(() => person("Alice"));
    await there.session.refresh();
    there.session.heard("alice");
    expect(there.forget).toHaveBeenCalledExactlyOnceWith("alice");
    expect([there.session.phase, there.session.endedBy]).toEqual(["signed_out", null]);
  });

  it("is forgotten also when the server hangs up before it answers", async () => {
    const { session, server, forget, setAside } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => new Response(null, { status: 204 });
    const leaving = session.signOut();
    await session.lost();
    await leaving;
    expect(forget).toHaveBeenCalledExactlyOnceWith("alice");
    expect(setAside).not.toHaveBeenCalled();
  });

  it("is forgotten in the other tab also when that was hung up on first", async () => {
    const { session, browser, forget } = aSession(() => person("Alice"));
    await session.refresh();
    browser.isMarked = false;
    await session.lost();
    session.heard("alice");
    expect(forget).toHaveBeenCalledExactlyOnceWith("alice");
    expect([session.phase, session.endedBy]).toEqual(["signed_out", null]);
  });

  it("is put aside for them when they are put out, and they are told why", async () => {
    const { session, server, setAside, forget } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => refusal(401, "unauthenticated");
    await session.lost();
    expect([session.phase, session.endedBy?.code]).toEqual(["signed_out", "unauthenticated"]);
    expect(setAside).toHaveBeenCalledExactlyOnceWith("alice");
    await session.refresh();
    expect(forget).not.toHaveBeenCalled();
  });

  it("is forgotten when their session ended while no page was open", async () => {
    const { session, memory, forget } = aSession(() => refusal(401, "unauthenticated"));
    memory.remember("person", "alice");
    await session.refresh();
    await session.refresh();
    expect(forget).toHaveBeenCalledExactlyOnceWith("alice");
    expect(session.endedBy).toBeNull();
  });
});

describe("two tabs", () => {
  const other = (id: string, name: string) => Response.json({ person: { id, name, kind: "guest" } });

  it("become one person when both come to the door", async () => {
    const { session, server, browser, asked } = aSession(() => person("Alice"), false);
    await session.refresh();
    browser.isMarked = true;
    server.respond = (method) => person(method === "PATCH" ? "Alicia" : "Alice");
    expect(await session.signIn("Alicia")).toMatchObject({ ok: true, value: { id: "alice", name: "Alicia" } });
    expect(asked).toEqual(["GET", "PATCH"]);
  });

  it("follow each other in", async () => {
    const first = aSession(() => person("Alice"), false);
    await first.session.signIn("Alice");
    expect(first.tellTabs).toHaveBeenCalledExactlyOnceWith(null);
    const second = aSession(() => person("Alice"), false);
    await second.session.refresh();
    second.browser.isMarked = true;
    second.session.heard(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.session.me?.name).toBe("Alice");
  });

  it("speak for whom the cookie is now, when it changed hands", async () => {
    const { session, server, setAside, changed } = aSession(() => person("Alice"));
    await session.refresh();
    server.respond = () => other("bob", "Bob");
    await session.lost();
    expect([session.me?.id, session.endedBy]).toEqual(["bob", null]);
    expect(setAside).toHaveBeenCalledExactlyOnceWith("alice");
    expect(changed).toHaveBeenCalledTimes(3);
  });

  it("do not believe an answer to what they asked before they were in", async () => {
    const late = new Promise<Response>((resolve) => {
      setTimeout(() => { resolve(refusal(401, "unauthenticated")); }, 50);
    });
    const { session, browser } = aSession((method) => (method === "GET" ? late : person("Alice")), false);
    const signingIn = session.signIn("Alice");
    browser.isMarked = true;
    session.heard(null);
    await signingIn;
    await vi.advanceTimersByTimeAsync(50);
    expect(session.me?.name).toBe("Alice");
  });
});
