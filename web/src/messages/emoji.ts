// A message of nothing but a few emoji is a gesture, not a text, and is shown larger.

const ONLY_EMOJI = /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|\p{Emoji_Modifier}|\ufe0f|\u200d|\s)+$/u;
const AT_MOST = 3;
// The longest single emoji (a family with skin tones) is about twenty code units.
const LONGEST = 64;

// Firefox before 125 has none; every emoji is then a text.
const graphemes = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

export function isGesture(text: string): boolean {
  if (graphemes === null || text.length > LONGEST || !ONLY_EMOJI.test(text)) return false;
  const count = [...graphemes.segment(text)].filter(({ segment }) => segment.trim() !== "").length;
  return count > 0 && count <= AT_MOST;
}
