// The composer's decisions, pure: when a key sends, and how much still fits.

/** As the server counts: characters are code points, so an emoji of one code point is one. */
export const BODY_LIMIT = 4000;
export const SHOW_COUNT_BELOW = 400;

export function charactersLeft(draft: string): number {
  // A string has at least half as many code points as units: no need to walk a short one.
  if (draft.length <= BODY_LIMIT - SHOW_COUNT_BELOW) return BODY_LIMIT - draft.length;
  return BODY_LIMIT - [...draft].length;
}

type Key = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "isComposing" | "keyCode">;

export function isSendKey(event: Key): boolean {
  // Enter that chooses a candidate belongs to the input method. Safari ends the composition
  // before that keydown and tells only by the old key code 229 (WebKit bug 165004).
  if (event.isComposing || event.keyCode === 229) return false;
  return event.key === "Enter" && !event.shiftKey && !event.altKey;
}
