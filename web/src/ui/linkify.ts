// Finds the web addresses in plain text. Pure: it answers pieces, the component makes the links.

export type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "link"; readonly text: string; readonly href: string };

// Only http(s), spelled out: "javascript:" and friends can never become a link. A control or format
// character (a bidi override, a zero-width space) ends an address, so that what is shown is where it leads.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\p{Cc}\p{Cf}]+/giu;
const TRAILING = ".,;:!?…*_~";
const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
/** No browser and no server is bound to take a longer one; cut, it would lead elsewhere. */
const LONGEST = 2048;

export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = safeHref(address);
    if (href === null) continue;
    if (match.index > from) pieces.push({ kind: "text", text: text.slice(from, match.index) });
    pieces.push({ kind: "link", text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

/**
 * Punctuation of the sentence around an address is not part of it; balanced brackets are. One walk
 * to count and one back from the end: whoever writes a thousand brackets makes nobody wait.
 */
function trimmed(found: string): string {
  const counts = bracketsIn(found);
  let end = found.length;
  for (; end > 0; end -= 1) {
    const last = found.charAt(end - 1);
    if (TRAILING.includes(last)) continue;
    const closing = counts.get(last) ?? 0;
    const opening = OPENING[last];
    if (opening === undefined || closing <= (counts.get(opening) ?? 0)) break;
    counts.set(last, closing - 1);
  }
  return found.slice(0, end);
}

function bracketsIn(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [bracket] of text.matchAll(/[()[\]{}]/g)) counts.set(bracket, (counts.get(bracket) ?? 0) + 1);
  return counts;
}

function safeHref(address: string): string | null {
  if (address.length > LONGEST || !URL.canParse(address)) return null;
  const url = new URL(address);
  // "https://bank.example@evil.example" reads as the bank and leads elsewhere.
  if (url.username !== "" || url.password !== "") return null;
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
}
