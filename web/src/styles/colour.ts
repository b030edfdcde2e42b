// OKLCH to contrast, for the tests of the tokens. Formulas: Björn Ottosson, "A perceptual color
// space for image processing" (2020), and WCAG 2.2, "relative luminance" and "contrast ratio".

export interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
}

export function parseOklch(text: string): Oklch {
  const [lightness, chroma, hue] = (/oklch\(([\d.]+) ([\d.]+) ([\d.]+)/.exec(text) ?? []).slice(1).map(Number);
  if (lightness === undefined || chroma === undefined || hue === undefined) throw new Error(`not a colour: ${text}`);
  return { lightness, chroma, hue };
}

export function contrast(one: Oklch, other: Oklch): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Oklch): number {
  const [red = 0, green = 0, blue = 0] = linearSrgb(colour).map((channel) => Math.min(1, Math.max(0, channel)));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function linearSrgb({ lightness, chroma, hue }: Oklch): number[] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}
