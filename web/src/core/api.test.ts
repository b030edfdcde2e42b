import { describe, expect, it } from "vitest";
import { Api } from "./api";
import { aMessage, bob } from "./testing/cast";

/** The one call that was made, and an Api whose server answers it so. */
function anApi(respond: () => Response | Promise<Response>) {
  const calls: { url: string; method: string | undefined; body: unknown }[] = [];
  const api = new Api("/api/v1", (url, { method, body }) => {
    calls.push({ url, method, body: typeof body === "string" ? JSON.parse(body) : null });
    return Promise.resolve().then(respond);
  });
  return { api, calls };
}

describe("a call", () => {
  it("says what it wants and believes a proper answer", async () => {
    const { api, calls } = anApi(() => Response.json({ person: { id: "p", name: "Bob", kind: "guest" }, token: "t" }, { status: 201 }));
    expect(await api.signIn("Bob")).toEqual({ ok: true, value: { id: "p", name: "Bob" } });
    expect(calls).toEqual([{ url: "/api/v1/session", method: "POST", body: { name: "Bob" } }]);
  });

  it("does not let a code leave its place in the address", async () => {
    const { api, calls } = anApi(() => Response.json({ code: "K7MP", title: "", needs_password: false }));
    await api.lookUp("../rooms?x");
    expect(calls[0]?.url).toBe("/api/v1/codes/..%2Frooms%3Fx");
  });

  it("takes a page of messages, and an answer without a body", async () => {
    const page = { messages: [aMessage(3, bob)], has_more: true, has_newer: false };
    const reading = anApi(() => Response.json(page));
    expect(await reading.api.loadMessagesBefore("r", 9, 50)).toMatchObject({ ok: true, value: page });
    expect(reading.calls[0]?.url).toBe("/api/v1/rooms/r/messages?before=9&limit=50");
    const leaving = anApi(() => new Response(null, { status: 204 }));
    expect((await leaving.api.leave("r")).ok).toBe(true);
  });
});

describe("a failure", () => {
  const codeOf = async (respond: () => Response | Promise<Response>) => {
    const found = await anApi(respond).api.lookUp("K7MP");
    return found.ok ? "" : found.failure;
  };

  it("carries the code of problem details and how long to wait", async () => {
    const respond = () => Response.json({ status: 429, code: "rate_limited" }, { status: 429, headers: { "Retry-After": "7" } });
    expect(await codeOf(respond)).toEqual({ code: "rate_limited", retryAfterS: 7 });
  });

  it("is called offline when no answer came", async () => {
    expect(await codeOf(() => Promise.reject(new TypeError("Failed to fetch")))).toEqual({ code: "offline", retryAfterS: null });
  });

  it("is called overloaded when a proxy speaks for the server", async () => {
    expect(await codeOf(() => new Response("<html>502", { status: 502 }))).toEqual({ code: "overloaded", retryAfterS: null });
  });

  it.each([["not JSON", new Response("<html>")], ["of another shape", Response.json({ code: 5 })]])(
    "is a bad answer when it is %s",
    async (_, response) => {
      expect(await codeOf(() => response)).toEqual({ code: "bad_answer", retryAfterS: null });
    },
  );
});
