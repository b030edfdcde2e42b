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
  /** The letters of this person in this room that nobody looks after; from now on ours. "all"
   * begins a life in the room; "strangers" are only those of tabs that are gone by now. */
  claim(roomId: string, personId: string, whose: "all" | "strangers"): Promise<readonly Letter[]>;
  /** Nobody will ever send what this person wrote: a guest who is gone does not come back. The
   * letters, in the order of writing. */
  takeAll(personId: string): Promise<readonly Letter[]>;
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

  claim(roomId: string, personId: string, whose: "all" | "strangers"): Promise<readonly Letter[]> {
    const isOurs = (letter: Letter) => letter.roomId === roomId && letter.personId === personId;
    return Promise.resolve(whose === "all" ? [...this.#letters.values()].filter(isOurs) : []);
  }

  takeAll(personId: string): Promise<readonly Letter[]> {
    const taken = [...this.#letters.values()].filter((letter) => letter.personId === personId);
    for (const { cid } of taken) this.#letters.delete(cid);
    return Promise.resolve(taken.sort(byWriting));
  }
}

/** A browser may never answer (a damaged profile, another tab that holds on): nobody waits for
 * that at the door of a room. */
const OPEN_WITHIN_MS = 1_500;

/** IndexedDB where it works, memory where it does not. */
export async function openOutboxStore(tabs: Tabs): Promise<OutboxStore> {
  const store = new IndexedStore(tabs);
  return (await Promise.race([store.opens(), after(OPEN_WITHIN_MS)])) ? store : new MemoryStore();
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
export function openLocks(locks: LockManager | undefined): Tabs {
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
  readonly #tabs: Tabs;
  #database: Promise<IDBDatabase> | null = null;

  constructor(tabs: Tabs) {
    this.#tabs = tabs;
  }

  async opens(): Promise<boolean> {
    try {
      await this.#open();
      return true;
    } catch {
      return false;
    }
  }

  put(letter: Letter): Promise<void> {
    return this.#attempt((letters) => letters.put(this.#ours(letter)));
  }

  remove(cid: string): Promise<void> {
    return this.#attempt((letters) => letters.delete(cid));
  }

  async claim(roomId: string, personId: string, whose: "all" | "strangers"): Promise<readonly Letter[]> {
    const place = [roomId, personId];
    try {
      return await this.#tabs.alone(async () => {
        const isUncared = isUncaredFor(this.#tabs.own, await this.#tabs.living(), whose);
        return await this.#move((letters) => letters.index("place").openCursor(place), isUncared, (cursor, letter) => {
          // In one transaction with the reading: what its tab has just removed must not come back.
          cursor.update(this.#ours(letter));
        });
      });
    } catch {
      return [];
    }
  }

  async takeAll(personId: string): Promise<readonly Letter[]> {
    const isTheirs = (letter: Stored) => letter.personId === personId;
    try {
      return await this.#move((letters) => letters.openCursor(), isTheirs, (cursor) => { cursor.delete(); });
    } catch {
      return [];
    }
  }

  #ours(letter: Letter): Stored {
    return { ...letter, tab: this.#tabs.own };
  }

  /** Does something to all letters of a kind at once, and answers which they were. */
  async #move(
    open: (letters: IDBObjectStore) => IDBRequest<IDBCursorWithValue | null>,
    isMeant: (letter: Stored) => boolean,
    move: (cursor: IDBCursorWithValue, letter: Letter) => void,
  ): Promise<readonly Letter[]> {
    const moved: Letter[] = [];
    const transaction = (await this.#open()).transaction(STORE, "readwrite");
    const walking = open(transaction.objectStore(STORE));
    walking.onsuccess = () => {
      const cursor = walking.result;
      if (!cursor) return;
      // What this database holds was put there by put().
      const { tab, ...letter } = cursor.value as Stored;
      if (isMeant({ tab, ...letter })) {
        moved.push(letter);
        move(cursor, letter);
      }
      cursor.continue();
    };
    await completed(transaction);
    return moved.sort(byWriting);
  }

  async #attempt(change: (letters: IDBObjectStore) => IDBRequest): Promise<void> {
    try {
      await answer(change((await this.#open()).transaction(STORE, "readwrite").objectStore(STORE)));
    } catch {
      // Disk full, or the browser took the database away: the letter still lives in this tab.
    }
  }

  /** Opened when needed: also again, after the browser closed it or another version wanted it. */
  #open(): Promise<IDBDatabase> {
    this.#database ??= this.#openAnew();
    return this.#database;
  }

  async #openAnew(): Promise<IDBDatabase> {
    const forget = () => (this.#database = null);
    try {
      const database = await openDatabase();
      database.onclose = forget;
      database.onversionchange = () => {
        database.close();
        forget();
      };
      return database;
    } catch (fault) {
      forget();
      throw fault;
    }
  }
}

function isUncaredFor(own: string, living: ReadonlySet<string> | null, whose: "all" | "strangers"): (letter: Stored) => boolean {
  if (whose === "all") return ({ tab }) => tab === own || !living?.has(tab);
  // A browser that cannot tell the living from the dead would have two tabs take from each other.
  return ({ tab }) => living !== null && tab !== own && !living.has(tab);
}

function byWriting(a: Letter, b: Letter): number {
  return a.queuedAtMs - b.queuedAtMs;
}

function after(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => { resolve(null); }, ms));
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => { resolve(); };
    transaction.onabort = () => { reject(transaction.error ?? new Error("IndexedDB gave no reason")); };
  });
}

// Async, so that a browser that throws at once fails like any other.
async function openDatabase(): Promise<IDBDatabase> {
  const opening = indexedDB.open("parlour", 1);
  opening.onupgradeneeded = () => {
    const letters = opening.result.createObjectStore(STORE, { keyPath: "cid" });
    letters.createIndex("place", ["roomId", "personId"]);
  };
  return await answer(opening);
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
