// A QR code as one SVG path. The encoder is downloaded when the first code is asked for.

export interface QrDrawing {
  /** Modules along one side, the quiet zone included: the viewBox. */
  readonly size: number;
  readonly path: string;
}

export async function drawQr(text: string): Promise<QrDrawing> {
  const { encode } = await import("uqr");
  // "M" forgives 15 %: a scratched phone screen. Four quiet modules are what ISO 18004 asks for.
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  return { size, path: pathOf(data) };
}

/** Runs of dark modules become one rectangle each: a tenth of the path of single squares. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = "";
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x += 1;
      path += `M${from} ${y}h${x - from + 1}v1H${from}z`;
    }
  }
  return path;
}
