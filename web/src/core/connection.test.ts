import { describe, expect, it } from "vitest";
import { vectors } from "./testing/vectors";
import type { Command } from "../protocol/frames";
import type { Effect, Identity, Phase } from "./connection";
import { Connection } from "./connection";

interface Step {
  readonly at_ms: number;
  readonly text?: string;
  readonly closed?: number;
  readonly gives: unknown;
  readonly phase?: Phase;
}

type Plain = "start" | "opened" | "due" | "online" | "offline" | "tick" | "stop";
const plain: readonly Plain[] = ["start", "opened", "due", "online", "offline", "tick", "stop"];

const keys = ["name", "client", "token", "steps", "at_ms", "gives", "phase", "text", "closed", ...plain];

/** The effects of one step of a vector. */
function take(connection: Connection, step: Step): Effect[] {
  if (step.text !== undefined) return connection.received(step.text, step.at_ms);
  if (step.closed !== undefined) return connection.closed(step.closed, step.at_ms);
  const word = plain.find((each) => each in step);
  if (word === undefined) throw new Error(`no such step: ${JSON.stringify(step)}`);
  return connection[word](step.at_ms);
}

/** An effect as vectors write it. */
function written(effect: Effect): unknown {
  switch (effect.do) {
    case "send":
      return { send: withoutRef(effect.command) };
    case "close":
      return { close: effect.code };
    case "retry":
      return { retry: { min_ms: effect.minMs, max_ms: effect.maxMs } };
    case "stop":
      return { stop: effect.code };
    case "deliver":
      return { deliver: effect.frame.op };
    case "open":
    case "sign_in":
      return { [effect.do]: true };
  }
}

function withoutRef({ ref, ...command }: Command): unknown {
  expect(ref).toBeTypeOf("number");
  return command;
}

describe("a client's connection", () => {
  // protocol/README.md describes what is in the file.
  const rows = vectors("client", keys) as readonly (Identity & { name: string; steps: readonly Step[] })[];
  it.each(rows)("$name", ({ steps, ...identity }) => {
    const connection = new Connection(identity);
    for (const step of steps) {
      expect(take(connection, step).map(written), `at ${String(step.at_ms)} ms`).toEqual(step.gives);
      if (step.phase) expect(connection.phase).toBe(step.phase);
    }
  });
});

it("goes on asking whether anybody is there when the clock was set back", () => {
  const connection = new Connection({ client: "test" });
  const hour = 3_600_000;
  connection.start(hour);
  expect(connection.tick(0)).toEqual([]);
  expect(connection.tick(10_000).map(({ do: what }) => what)).toEqual(["close", "retry"]);
});
