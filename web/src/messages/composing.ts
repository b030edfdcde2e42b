// The composer's decisions, pure: when a key sends, and how much still fits.

export const SHOW_COUNT_BELOW = 400;

/** Said aloud on crossing one of these, and not with every key. */
const STEPS = [0, 20, 100, SHOW_COUNT_BELOW - 1];

/** The step that `left` characters stand on: the same one means that there is nothing new to say. */
export function stepOf(left: number): number | "over" | null {
  return left < 0 ? "over" : (STEPS.find((step) => left <= step) ?? null);
}

/** As the server counts: characters are code points, so an emoji of one code point is one. */
export function charactersLeft(draft: string, limit: number): number {
  // A string has at least half as many code points as units: no need to walk a short one.
  if (draft.length <= limit - SHOW_COUNT_BELOW) return limit - draft.length;
  return limit - [...draft].length;
}

type Key = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "isComposing" | "keyCode">;

/** Enter sends where Shift is at hand to begin a line instead; a phone has nothing else to begin one with. */
export function isSendKey(event: Key, hasKeyboard: boolean): boolean {
  // Enter that chooses a candidate belongs to the input method. Safari ends the composition
  // before that keydown and tells only by the old key code 229 (WebKit bug 165004).
  if (event.isComposing || event.keyCode === 229) return false;
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  return hasKeyboard || event.ctrlKey || event.metaKey;
}

const ABOUT_THE_WORDS = new Set(["empty_body", "body_too_long", "forbidden_characters"]);

/** Refused for what is in it: the same again would be refused again, other words would not. */
export function needsOtherWords(code: string | undefined): boolean {
  return code !== undefined && ABOUT_THE_WORDS.has(code);
}

/** A refused letter goes back above what has been begun meanwhile. */
export function takenBack(body: string, draft: string): string {
  return draft === "" ? body : `${body}\n${draft}`;
}
