/**
 * Where letters wait on this device: IndexedDB, or memory where the browser has none to give
 * (private windows, blocked storage). Storing may fail and then loses only the survival of a
 * reload, so nothing here ever throws at the writer.
 */

import type { Letter } from "./outbox";
import { newUuid } from "./random";

export interface OutboxStore {
  put(letter: Letter): Promise<void>;
  remove(cid: string): Promise<void>;
  /** The letters of this person in this room that no living tab looks after; from now on ours. */
  claim(roomId: string, personId: string): Promise<readonly Letter[]>;
  /** Nobody will ever send what this person wrote: a guest who is gone does not come back. */
  removeAll(personId: string): Promise<void>;
}

export class MemoryStore implements OutboxStore {
  readonly #letters = new Map<string, Letter>();

  put(letter: Letter): Promise<void> {
    this.#letters.set(letter.cid, letter);
    return Promise.resolve();
  }

  remove(cid: string): Promise<void> {
    this.#letters.delete(cid);
    return Promise.resolve();
  }

  claim(roomId: string, personId: string): Promise<readonly Letter[]> {
    const isOurs = (letter: Letter) => letter.roomId === roomId && letter.personId === personId;
    return Promise.resolve([...this.#letters.values()].filter(isOurs));
  }

  removeAll(personId: string): Promise<void> {
    for (const letter of this.#letters.values()) if (letter.personId === personId) this.#letters.delete(letter.cid);
    return Promise.resolve();
  }
}

/** IndexedDB where it works, memory where it does not. */
export async function openOutboxStore(tabs: Tabs): Promise<OutboxStore> {
  try {
    return new IndexedStore(await openDatabase(), tabs);
  } catch {
    return new MemoryStore();
  }
}

/** Which tabs live: each holds a lock of its own name for as long as it does. */
export interface Tabs {
  readonly own: string;
  /** null where the browser cannot tell. */
  living(): Promise<ReadonlySet<string> | null>;
  /** No other tab does its `work` meanwhile, where the browser can see to that. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

const TAB_LOCK = "parlour.tab.";

/** `locks` is missing on plain-http pages. There two tabs may both adopt a letter, and the
 * server's UNIQUE (room, author, cid) keeps it one message. */
export function openTabs(locks: LockManager | undefined): Tabs {
  const own = newUuid();
  if (!locks) return { own, living: () => Promise.resolve(null), alone: (work) => work() };
  // Held until the tab is gone: this promise is not meant to end.
  void locks.request(TAB_LOCK + own, () => new Promise<never>(() => undefined));
  return {
    own,
    living: async () => new Set((await locks.query()).held?.map(({ name = "" }) => name.slice(TAB_LOCK.length))),
    // The types widen an awaited T; it is what `work` answered.
    alone: <T>(work: () => Promise<T>) => locks.request("parlour.outbox", work) as Promise<T>,
  };
}

interface Stored extends Letter {
  readonly tab: string;
}

const STORE = "outbox";

class IndexedStore implements OutboxStore {
  readonly #database: IDBDatabase;
  readonly #tabs: Tabs;

  constructor(database: IDBDatabase, tabs: Tabs) {
    this.#database = database;
    this.#tabs = tabs;
  }

  put(letter: Letter): Promise<void> {
    const stored: Stored = { ...letter, tab: this.#tabs.own };
    return this.#write((letters) => letters.put(stored));
  }

  remove(cid: string): Promise<void> {
    return this.#write((letters) => letters.delete(cid));
  }

  async claim(roomId: string, personId: string): Promise<readonly Letter[]> {
    try {
      return await this.#tabs.alone(() => this.#claimAlone(roomId, personId));
    } catch {
      return [];
    }
  }

  async removeAll(personId: string): Promise<void> {
    try {
      const found = (await answer(this.#read().getAll())) as Stored[];
      await Promise.all(found.filter((letter) => letter.personId === personId).map(({ cid }) => this.remove(cid)));
    } catch {
      // The browser took the database away, and the letters with it.
    }
  }

  async #claimAlone(roomId: string, personId: string): Promise<readonly Letter[]> {
    const living = await this.#tabs.living();
    // What this database holds was put there by put().
    const found = (await answer(this.#read().index("place").getAll([roomId, personId]))) as Stored[];
    const orphans = found.filter(({ tab }) => tab === this.#tabs.own || !living?.has(tab));
    await Promise.all(orphans.map((letter) => this.put(letter)));
    return orphans.map(({ tab, ...letter }) => letter);
  }

  #read(): IDBObjectStore {
    return this.#database.transaction(STORE).objectStore(STORE);
  }

  async #write(change: (letters: IDBObjectStore) => IDBRequest): Promise<void> {
    try {
      await answer(change(this.#database.transaction(STORE, "readwrite").objectStore(STORE)));
    } catch {
      // Disk full, or the browser took the database away: the letter still lives in this tab.
    }
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const opening = indexedDB.open("parlour", 1);
  opening.onupgradeneeded = () => {
    const letters = opening.result.createObjectStore(STORE, { keyPath: "cid" });
    letters.createIndex("place", ["roomId", "personId"]);
  };
  return answer(opening);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("IndexedDB gave no reason"));
    };
  });
}
