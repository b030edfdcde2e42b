import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Answer, RoomNews } from "./socket";
import { LiveSocket } from "./socket";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const LIMITS = { frame_bytes: 65536, body_chars: 4000, name_chars: 40, title_chars: 80, posts_in_flight: 16, fill_events: 300 };

/** The browser's WebSocket, played by the test. */
class PlayedSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly said: { op: string; ref: number }[] = [];
  closedWith: number | null = null;

  send(text: string): void {
    this.said.push(JSON.parse(text) as { op: string; ref: number });
  }

  close(code: number): void {
    this.closedWith = code;
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  welcomes(): void {
    this.onopen?.();
    const me = { id: "alice", name: "Alice", kind: "guest" };
    this.says({ op: "welcome", ref: 0, connection: "c", me, heartbeat_s: 25, now: "", limits: LIMITS });
  }
}

function aLiveSocket(isUs: (me: { id: string }) => boolean = () => true) {
  const sockets: PlayedSocket[] = [];
  const live = new LiveSocket({
    identity: { client: "test" },
    random: () => 0,
    isUs,
    openSocket: () => {
      const socket = new PlayedSocket();
      sockets.push(socket);
      // As much of a WebSocket as the shell touches.
      return socket as unknown as WebSocket;
    },
  });
  const statuses: string[] = [];
  live.watch(({ is }) => statuses.push(is));
  return { live, sockets, statuses, last: () => sockets.at(-1)! };
}

describe("the live socket", () => {
  it("greets, is live, and asks with refs of its own", () => {
    const { live, last, statuses } = aLiveSocket();
    live.start();
    expect(live.ask({ op: "exit", room: "r" }, () => undefined)).toBe(false);
    last().welcomes();
    const answers: (Answer | null)[] = [];
    expect(live.ask({ op: "exit", room: "r" }, (answer) => answers.push(answer))).toBe(true);
    expect(last().said.map(({ op, ref }) => [op, ref])).toEqual([["hello", 0], ["exit", 1]]);
    last().says({ op: "ok", ref: 1 });
    last().says({ op: "ok", ref: 1 });
    expect(answers).toEqual([{ op: "ok", ref: 1 }]);
    expect(statuses).toEqual(["connecting", "live"]);
  });

  it("says nothing for somebody else, whose session took the place of ours", () => {
    const { live, last, statuses } = aLiveSocket(({ id }) => id === "bob");
    live.start();
    last().welcomes();
    expect(live.ask({ op: "exit", room: "r" }, () => undefined)).toBe(false);
    expect([statuses, last().closedWith, vi.getTimerCount()]).toEqual([["connecting", "idle"], 1000, 0]);
  });

  it("goes by the limits and the clock of the server", () => {
    const { live, last } = aLiveSocket();
    live.start();
    last().onopen?.();
    const limits = { ...LIMITS, body_chars: 10 };
    const me = { id: "alice", name: "Alice", kind: "guest" };
    const now = new Date(Date.now() - 3_600_000).toISOString();
    last().says({ op: "welcome", ref: 0, connection: "c", me, heartbeat_s: 25, now, limits });
    expect([live.limits.body_chars, live.aheadMs]).toEqual([10, 3_600_000]);
  });

  it("tells nobody of a status that somebody who heard it has ended", () => {
    const { live, last, statuses } = aLiveSocket();
    live.watch(({ is }) => { if (is === "signed_out") live.stop(); });
    const later: string[] = [];
    live.watch(({ is }) => later.push(is));
    live.start();
    last().onclose?.({ code: 4100 });
    expect([statuses.at(-1), later.at(-1)]).toEqual(["idle", "idle"]);
  });

  it("gives each room its own news", () => {
    const { live, last } = aLiveSocket();
    live.start();
    last().welcomes();
    const heard: RoomNews[] = [];
    const release = live.attach("kitchen", (news) => heard.push(news));
    last().says({ op: "head", room: "garden", head: 4 });
    last().says({ op: "head", room: "kitchen", head: 5 });
    last().says({ op: "refused", room: "kitchen", code: "not_found", message: "", final: true });
    release();
    last().says({ op: "head", room: "kitchen", head: 6 });
    expect(heard.map(({ op }) => op)).toEqual(["head", "refused"]);
  });

  it("tells whoever waits that a broken connection will not answer, and comes back", () => {
    const { live, sockets, last, statuses } = aLiveSocket();
    live.start();
    last().welcomes();
    const answers: (Answer | null)[] = [];
    live.ask({ op: "exit", room: "r" }, (answer) => answers.push(answer));
    last().onclose?.({ code: 1006 });
    expect(answers).toEqual([null]);
    expect(live.status).toEqual({ is: "waiting", untilMs: Date.now() + 500 });
    vi.advanceTimersByTime(499);
    expect(sockets.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sockets.length).toBe(2);
    last().welcomes();
    expect(statuses).toEqual(["connecting", "live", "waiting", "connecting", "live"]);
  });

  it("does not listen to a socket that it let go", () => {
    const { live, sockets, last } = aLiveSocket();
    live.start();
    last().welcomes();
    last().says({ op: "nonsense" });
    last().onmessage?.({ data: "<html>" });
    expect(last().closedWith).toBe(4200);
    vi.advanceTimersByTime(500);
    last().welcomes();
    sockets[0]!.onclose?.({ code: 4100 });
    expect(live.status.is).toBe("live");
  });

  it("pings, and gives a silent server up", () => {
    const { live, last } = aLiveSocket();
    live.start();
    last().welcomes();
    vi.advanceTimersByTime(25_000);
    expect(last().said.at(-1)?.op).toBe("ping");
    vi.advanceTimersByTime(10_000);
    expect(last().closedWith).toBe(4001);
    expect(live.status.is).toBe("waiting");
  });

  it("heals within five seconds when the network came back and the old socket is dead", () => {
    const { live, sockets, last } = aLiveSocket();
    live.start();
    last().welcomes();
    live.hope();
    vi.advanceTimersByTime(5_000);
    expect(sockets.length).toBe(2);
  });

  it("tries at once when there is hope", () => {
    const { live, sockets, last } = aLiveSocket();
    live.start();
    last().onclose?.({ code: 1006 });
    live.hope();
    expect(sockets.length).toBe(2);
    vi.advanceTimersByTime(5_000);
    expect(sockets.length).toBe(2);
  });

  it("leaves nothing running once stopped", () => {
    const { live, last } = aLiveSocket();
    live.start();
    last().welcomes();
    live.stop();
    expect(last().closedWith).toBe(1000);
    expect(vi.getTimerCount()).toBe(0);
    expect(live.status.is).toBe("idle");
  });

  it("stops for good when told to, and starts again when somebody asks", () => {
    const { live, sockets, last } = aLiveSocket();
    live.start();
    last().onclose?.({ code: 4201 });
    expect(live.status).toEqual({ is: "stopped", code: 4201 });
    expect(vi.getTimerCount()).toBe(0);
    live.start();
    expect(sockets.length).toBe(2);
  });
});
