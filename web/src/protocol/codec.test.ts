import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadFrame, decodeFrame, encodeCommand } from "./codec";
import type { Command } from "./frames";
import { vectors } from "../core/testing/vectors";

interface FrameVector {
  readonly name: string;
  readonly text: string;
  readonly is?: unknown;
  readonly skip?: true;
  readonly bad?: true;
}

interface CommandVector {
  readonly name: string;
  readonly is?: Command;
}

// protocol/README.md describes what is in these files.
const frames = vectors("frames", ["name", "text", "is", "skip", "bad"]) as readonly FrameVector[];
const commands = vectors("commands", ["name", "text", "is", "refused", "close"]) as readonly CommandVector[];

describe("a server frame", () => {
  it.each(frames)("$name", ({ text, is, skip, bad }) => {
    if (bad) expect(() => decodeFrame(text)).toThrow(BadFrame);
    else if (skip) expect(decodeFrame(text)).toBeNull();
    else expect(decodeFrame(text)).toMatchObject(is as object);
  });

  it("is read, skipped or refused, whatever it is", () => {
    const op = fc.constantFrom("event", "head", "entered", "presence", "refused", "toString", "__proto__");
    const nearly = fc.tuple(op, fc.dictionary(fc.string(), fc.jsonValue())).map(([word, fields]) => ({ ...fields, op: word }));
    const text = fc.oneof(fc.string(), fc.json(), nearly.map((value) => JSON.stringify(value)));
    fc.assert(
      fc.property(text, (anything) => {
        try {
          const frame = decodeFrame(anything);
          expect(frame === null || typeof frame.op === "string").toBe(true);
        } catch (fault) {
          expect(fault).toBeInstanceOf(BadFrame);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a command", () => {
  it.each(commands.filter(({ is }) => is))("says $name", ({ is }) => {
    expect(JSON.parse(encodeCommand(is!))).toEqual(is);
  });
});
