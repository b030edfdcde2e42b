/** A person with a device, and the room's page open on it: the engine's tests begin here. */

import { vi } from "vitest";
import type { Person } from "../../protocol/frames";
import { MemoryStore } from "../outbox-store";
import { Room } from "../room";
import type { MessageRow } from "../rows";
import { openMemory } from "../storage";
import { Visits } from "../visits";
import type { Stage } from "./stage";
import { StageLink } from "./stage";

/** localStorage that lasts as long as this object: a device. */
export function aDevice() {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  } as unknown as Storage;
  return { store: new MemoryStore(), visits: new Visits(openMemory(() => storage)) };
}

/** A person at a device who has the room's page open. */
export function aVisitor(stage: Stage, me: Person, device = aDevice()) {
  const link = new StageLink(stage, me);
  const signedOut = vi.fn();
  const room = new Room(stage.code, me, { api: stage.api(me), link, changed: () => undefined, signedOut, ...device });
  const messages = () =>
    (room.inside?.rows ?? []).filter((row): row is MessageRow => row.kind === "message");
  return { room, link, signedOut, messages, bodies: () => messages().map(({ body }) => body) };
}

/** Lets what is under way happen, on the moved clock. */
export const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** Through the door, until what waits on this device was looked for. */
export async function goIn(room: { enter(): Promise<void> }): Promise<void> {
  await room.enter();
  await settle();
}
