// Times and days in the reader's own clock and habits (12 or 24 hours, order of day and month).

import { t } from "./index";

/** The browser's variant of our language ("en-GB" under "en"), so that dates match the words. */
function locale(): string {
  return navigator.languages.find((tag) => tag.split("-", 1)[0] === t.language) ?? t.language;
}

const formats = new Map<string, Intl.DateTimeFormat>();

// A DateTimeFormat costs about 50 microseconds to make and almost nothing to use.
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale() + JSON.stringify(options);
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale(), options);
  formats.set(key, made);
  return made;
}

export function clockTime(at: string): string {
  return format({ hour: "numeric", minute: "2-digit" }).format(new Date(at));
}

export function fullTime(at: string): string {
  return format({ dateStyle: "full", timeStyle: "short" }).format(new Date(at));
}

/** "Today", "Yesterday", "Tuesday, 3 March", or with the year when it is not this one. */
export function dayName(day: string, now: Date): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const then = new Date(year, month - 1, date);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  // Rounded: a day with a change of the clock has 23 or 25 hours.
  const daysAgo = Math.round((midnight.getTime() - then.getTime()) / 86_400_000);
  if (daysAgo === 0) return t.messages.today;
  if (daysAgo === 1) return t.messages.yesterday;
  const sameYear = then.getFullYear() === now.getFullYear();
  return format({ weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) }).format(then);
}
