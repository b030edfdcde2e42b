import fc from "fast-check";
import { expect, it, describe } from "vitest";
import type { Entered, LogEvent } from "../protocol/frames";
import { vectors } from "./testing/vectors";
import { aSnapshot } from "./testing/cast";
import type { ResumePoint, StreamEffect } from "./stream";
import { Stream } from "./stream";

const event = (seq: number): LogEvent => ({ seq, kind: "x", at: "", by: "alice", data: {} });
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i));

function entered({ mode, epoch, head }: Pick<Entered, "mode" | "epoch" | "head">): Entered {
  return { op: "entered", ref: 1, room: "r", epoch, head, mode, snapshot: mode === "resumed" ? null : aSnapshot() };
}

interface Step {
  readonly at_ms: number;
  readonly tick?: true;
  readonly disconnected?: true;
  readonly fill_refused?: true;
  readonly entered?: Pick<Entered, "mode" | "epoch" | "head">;
  readonly event?: number;
  readonly events?: readonly [number, number];
  readonly head?: number;
  readonly filled?: readonly [] | readonly [number, number];
  readonly gives: unknown;
  readonly enter?: ResumePoint;
}

const inputs = ["entered", "event", "events", "head", "filled", "fill_refused", "disconnected", "tick"];
const keys = ["name", "position", "steps", "at_ms", "gives", "enter", ...inputs];

/** The effects of one step of a vector. */
function take(stream: Stream, step: Step): StreamEffect[] {
  const nowMs = step.at_ms;
  if (step.disconnected) stream.disconnected();
  if (step.fill_refused) stream.fillRefused(nowMs);
  if (step.tick) return stream.tick(nowMs);
  if (step.entered) return stream.entered(entered(step.entered), nowMs);
  if (step.event !== undefined) return stream.event(event(step.event), nowMs);
  if (step.events) return run(...step.events).flatMap((each) => stream.event(each, nowMs));
  if (step.filled) {
    const events = step.filled.length === 0 ? [] : run(...step.filled);
    return stream.filled(events, step.head!, nowMs);
  }
  return step.head === undefined ? [] : stream.head(step.head, nowMs);
}

/** Effects as vectors write them: runs of applied events by their first and last seq. */
function written(effects: readonly StreamEffect[]): unknown[] {
  const said: Record<string, unknown>[] = [];
  for (const effect of effects) {
    const last = said.at(-1)?.["apply"] as [number, number] | undefined;
    if (effect.do === "apply" && last) last[1] = effect.event.seq;
    else if (effect.do === "apply") said.push({ apply: [effect.event.seq, effect.event.seq] });
    else if (effect.do === "reload") said.push({ reload: effect.head });
    else if (effect.do === "fill") said.push({ fill: { after: effect.after, limit: effect.limit } });
    else said.push({ reenter: true });
  }
  return said;
}

describe("a room's stream", () => {
  // protocol/README.md describes what is in the file.
  const rows = vectors("stream", keys) as readonly { name: string; position?: number; steps: readonly Step[] }[];
  it.each(rows)("$name", ({ position, steps }) => {
    const stream = new Stream(position);
    for (const step of steps) {
      expect(written(take(stream, step)), `at ${String(step.at_ms)} ms`).toEqual(step.gives);
      if (step.enter) expect(stream.resumePoint).toEqual(step.enter);
    }
  });
});

it("keeps its room for early events when old ones come again", () => {
  const stream = new Stream();
  stream.entered(entered({ mode: "fresh", epoch: "e1", head: 300 }), 0);
  for (const old of run(1, 300)) stream.event(old, 0);
  stream.event(event(302), 0);
  expect(written(stream.event(event(301), 0))).toEqual([{ apply: [301, 302] }]);
});

it("asks for what is missing also when the clock was set back", () => {
  const stream = new Stream();
  const hour = 3_600_000;
  stream.entered(entered({ mode: "fresh", epoch: "e1", head: 3 }), hour);
  stream.head(5, hour);
  stream.tick(0);
  expect(written(stream.tick(10_000))).toEqual([{ fill: { after: 3, limit: 300 } }]);
});

/** What a faulty network can do to a client that follows a log of at most 400 events. */
const fault = fc.oneof(
  fc.record({ what: fc.constant("deliver" as const), index: fc.nat(400) }),
  fc.record({ what: fc.constant("head" as const), index: fc.nat(400) }),
  fc.record({ what: fc.constant("wait" as const), ms: fc.nat(12_000) }),
  fc.record({ what: fc.constant("reconnect" as const) }),
  fc.record({ what: fc.constant("lose the fill" as const) }),
);

it("hands on every event once and in order, whatever was lost, repeated, shuffled or cut off", () => {
  const plan = [fc.integer({ min: 1, max: 400 }), fc.nat(400), fc.array(fault, { maxLength: 60 })] as const;
  fc.assert(
    fc.property(...plan, (length, start, faults) => {
      const log = run(1, length);
      const from = Math.min(start, length);
      const stream = new Stream();
      const applied: number[] = [];
      let nowMs = 0;
      let asked: number | null = null;
      const settle = (effects: readonly StreamEffect[]) => {
        for (const effect of effects) {
          if (effect.do === "apply") applied.push(effect.event.seq);
          if (effect.do === "fill") asked = effect.after;
        }
      };
      const answer = () => {
        if (asked === null) return;
        const page = log.slice(asked, asked + 37);
        asked = null;
        settle(stream.filled(page, length, nowMs));
      };
      settle(stream.entered(entered({ mode: "fresh", epoch: "e1", head: from }), nowMs));
      for (const step of faults) {
        if (step.what === "deliver") settle(stream.event(event(1 + (step.index % length)), nowMs));
        if (step.what === "head") settle(stream.head(1 + (step.index % length), nowMs));
        if (step.what === "lose the fill") asked = null;
        if (step.what === "wait") {
          settle(stream.tick((nowMs += step.ms)));
          answer();
        }
        if (step.what === "reconnect") {
          asked = null;
          stream.disconnected();
          settle(stream.entered(entered({ mode: "resumed", epoch: "e1", head: length }), nowMs));
        }
      }
      // The fault heals: a head frame, and answers.
      settle(stream.head(length, nowMs));
      for (let round = 0; round < 60; round++) {
        settle(stream.tick((nowMs += 10_000)));
        answer();
      }
      expect(applied).toEqual(run(from + 1, length).map(({ seq }) => seq));
      expect(stream.dueMs).toBeNull();
    }),
    { numRuns: 300 },
  );
});
