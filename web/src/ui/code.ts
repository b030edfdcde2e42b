// Reading a room code out of what people type or paste. The server has the last word on what a
// code is; here only the noise is taken off, so that the tiles show what was meant.

/** Codes begin at four characters and grow with the number of rooms. */
export const SHORTEST_CODE = 4;
export const LONGEST_CODE = 8;

/** "k7-p3", " K7P3 " and "https://host/r/k7p3?x" all say K7P3. */
export function codeIn(text: string): string {
  const inLink = /\/r\/([^/?#\s]+)/i.exec(text)?.[1];
  return (inLink ?? text)
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .slice(0, LONGEST_CODE);
}
