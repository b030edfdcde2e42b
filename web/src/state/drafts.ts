/** What was written and not sent, room by room; it survives a reload of the page. */

import type { Letter } from "../core/outbox";
import type { Memory } from "../core/storage";

const START = "draft.";

/** Keyed by the room's id: a code can be typed in many ways, and may change. */
export class Drafts {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  find(roomId: string): string {
    return this.#memory.recall(START + roomId) ?? "";
  }

  keep(roomId: string, text: string): void {
    if (text === "") this.forget(roomId);
    else this.#memory.remember(START + roomId, text);
  }

  /** Letters that nobody can send any more become words to send anew, below what stood there. */
  takeBack(letters: readonly Letter[]): void {
    for (const { roomId, body } of letters) {
      const before = this.find(roomId);
      this.keep(roomId, before === "" ? body : `${before}\n\n${body}`);
    }
  }

  forget(roomId: string): void {
    this.#memory.forget(START + roomId);
  }

  forgetAll(): void {
    this.#memory.forgetAll(START);
  }
}
