// What day it is, for a page that stays open over midnight, or sleeps through it.

import { createSubscriber } from "svelte/reactivity";

/** The clock can be set and a timer can be late by the sleep of a laptop: looked at again at least this often. */
const LONGEST_WAIT_MS = 3_600_000;

export function untilMidnight(now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime();
}

/** Tells of every new day, at midnight or as soon as the page is seen again. Answers how to stop. */
export function whenDayChanges(changed: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  let shown = new Date().toDateString();

  function look(): void {
    const now = new Date();
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(untilMidnight(now) + 1, LONGEST_WAIT_MS));
    if (now.toDateString() === shown) return;
    shown = now.toDateString();
    changed();
  }
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

const subscribe = createSubscriber(whenDayChanges);

/** Now; whoever shows it is told when it has become another day. */
export function today(): Date {
  subscribe();
  return new Date();
}
