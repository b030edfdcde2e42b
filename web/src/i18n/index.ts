// The words of the page. `t` is the catalogue of the reader's language; main.ts settles it before
// anything is shown, so no component has to wait for a word.

import type { Failure } from "../state/contract";
import { english, type Catalogue } from "./en";

export type { Catalogue };

/** A language joins by its file and one line here; only the chosen file is downloaded. */
const catalogues: Readonly<Record<string, () => Promise<Catalogue>>> = {
  en: () => Promise.resolve(english),
};

export let t: Catalogue = english;

/** Takes the first language of `wanted` (BCP 47) that we speak, else English. */
export async function chooseLanguage(wanted: readonly string[]): Promise<Catalogue> {
  const spoken = wanted.map((tag) => catalogues[tag.split("-", 1)[0] ?? ""]).find((load) => load !== undefined);
  t = spoken ? await spoken() : english;
  return t;
}

/** What went wrong, as a sentence. A code without one of its own still says something true. */
export function sentenceFor(failure: Failure): string {
  if (failure.code === "rate_limited") return t.rateLimited(Math.max(1, Math.ceil(failure.retryAfterS ?? 1)));
  return t.failures[failure.code] ?? t.failures["internal"] ?? failure.code;
}

/** 86400 is "24 hours"; larger spans are said in days, smaller ones in minutes or seconds. */
export function sayableSpan(seconds: number): string {
  if (seconds > 48 * 3600) return t.spans.days(Math.round(seconds / 86_400));
  if (seconds >= 3600) return t.spans.hours(Math.round(seconds / 3600));
  if (seconds >= 60) return t.spans.minutes(Math.round(seconds / 60));
  return t.spans.seconds(seconds);
}

/** A room without a title is called by its code, which is what people say of it anyway. */
export function nameOf(room: { readonly title: string; readonly code: string }): string {
  return room.title || t.room.untitled(room.code);
}

/** "K7P3" as a voice would say it: "Kilo, Seven, Papa, Three". */
export function spellCode(code: string): string {
  return [...code].map((letter) => t.code.alphabet[letter] ?? letter).join(", ");
}
