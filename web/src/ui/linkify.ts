// Finds the web addresses in plain text. Pure: it answers pieces, the component makes the links.

export type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "link"; readonly text: string; readonly href: string };

// Only http(s), spelled out: "javascript:" and friends can never become a link. A control or format
// character (a bidi override, a zero-width space) ends an address, so that what is shown is where it leads.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\p{Cc}\p{Cf}]+/giu;
const TRAILING = /[.,;:!?…*_~]+$/;

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

/** Punctuation of the sentence around an address is not part of it; balanced brackets are. */
function trimmed(found: string): string {
  let address = found;
  for (;;) {
    const shorter = withoutLooseBracket(address.replace(TRAILING, ""));
    if (shorter === address) return address;
    address = shorter;
  }
}

function withoutLooseBracket(address: string): string {
  for (const [open, close] of ["()", "[]", "{}"].map((pair) => [...pair])) {
    if (open === undefined || close === undefined || !address.endsWith(close)) continue;
    if (address.split(close).length > address.split(open).length) return address.slice(0, -1);
  }
  return address;
}

function safeHref(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  // "https://bank.example@evil.example" reads as the bank and leads elsewhere.
  if (url.username !== "" || url.password !== "") return null;
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
}
