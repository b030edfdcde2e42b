import { expect, it } from "vitest";
import { openMemory } from "./storage";
import { Visits } from "./visits";

it("forgets all keys that begin alike, and no other's", () => {
  const kept = new Map([["parlour.draft.A", "x"], ["parlour.draft.B", "x"], ["parlour.theme", "dark"], ["draft.C", "x"]]);
  aMemory(kept).forgetAll("draft.");
  expect([...kept.keys()]).toEqual(["parlour.theme", "draft.C"]);
});

function aMemory(kept = new Map<string, string>()) {
  // As much of localStorage as is used.
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
    key: (index: number) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  } as unknown as Storage;
  return openMemory(() => storage);
}

const visit = { title: "The kitchen", epoch: "e1", seen: 7 };

it("remembers a visit until it is told to forget", () => {
  const memory = aMemory();
  new Visits(memory).note("K7MP", visit);
  expect(new Visits(memory).find("K7MP")).toEqual(visit);
  new Visits(memory).forget("K7MP");
  expect(new Visits(memory).find("K7MP")).toBeNull();
});

it("calls nothing unread again that another tab has read in the same log", () => {
  const visits = new Visits(aMemory());
  visits.note("K7MP", visit);
  visits.note("K7MP", { ...visit, title: "The garden", seen: 3 });
  expect(visits.find("K7MP")).toEqual({ ...visit, title: "The garden" });
  visits.note("K7MP", { ...visit, epoch: "e2", seen: 3 });
  expect(visits.find("K7MP")?.seen).toBe(3);
});

it("remembers the latest hundred, also when codes look like numbers", () => {
  const visits = new Visits(aMemory());
  visits.note("2345", visit);
  for (let n = 1; n <= 99; n++) visits.note(`A${String(n)}`, visit);
  visits.note("2345", { ...visit, seen: 9 });
  visits.note("ZZZZ", visit);
  expect(visits.find("2345")?.seen).toBe(9);
  expect(visits.find("A1")).toBeNull();
  expect(visits.find("A2")).toEqual(visit);
});

it.each(["", "{", "null", '[["K7MP",{"seen":"x"}]]', '{"K7MP":1}'])("makes nothing of what it did not write: %s", (text) => {
  const visits = new Visits(aMemory(new Map([["parlour.visits", text]])));
  expect(visits.find("K7MP")).toBeNull();
  visits.note("K7MP", visit);
  expect(visits.find("K7MP")).toEqual(visit);
});

it("forgets everything, and hurts nobody, where storage is blocked", () => {
  const memory = openMemory(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  memory.remember("theme", "dark");
  memory.forget("theme");
  memory.forgetAll("draft.");
  expect(memory.recall("theme")).toBeNull();
  expect(new Visits(memory).find("K7MP")).toBeNull();
});
