// A face made of a name: initials on a colour that belongs to the person for good.

/** Where the hue wheel gives colours that people tell apart and that sit well on warm paper. */
export const HUES = [18, 42, 68, 105, 138, 165, 195, 225, 255, 285, 318, 345] as const;

/** The same id has the same hue on every device; a rename does not change it. */
export function hueOf(personId: string): number {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (const character of personId) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  // FNV's low bits are weak for short inputs; the high ones are mixed.
  return HUES[(hash >>> 16) % HUES.length] ?? HUES[0];
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** "Ada Lovelace" is "AL", "maria" is "M", "👩‍🚀 Zoe" is "👩‍🚀"; at most two, never half a character. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = firstGrapheme(words[0]);
  const last = words.length > 1 ? firstGrapheme(words.at(-1)) : "";
  // Two emoji, or two ideographs, do not fit the circle.
  return isLetter(first) && isLetter(last) ? (first + last).toLocaleUpperCase() : first.toLocaleUpperCase();
}

function firstGrapheme(word: string | undefined): string {
  return word === undefined ? "" : (graphemes.segment(word)[Symbol.iterator]().next().value?.segment ?? "");
}

function isLetter(grapheme: string): boolean {
  return /^(?!\p{Script=Han})\p{L}\p{M}*$/u.test(grapheme);
}
