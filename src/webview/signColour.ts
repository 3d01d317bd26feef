/** Colours of themes for signs: some are meant to lie over something, and are hardly seen where they lie over nothing. */

/** What WCAG 2 asks of graphics that say something (1.4.11). */
export const LEAST_CONTRAST = 3;

/** Parts of the way to the foreground that are tried. */
const STEPS = 20;

/** Red, green and blue from 0 to 255, and how opaque it is from 0 to 1. */
type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/**
 * The colour without what shines through it, and as much nearer to the foreground as it takes to be told from the
 * background. Whatever is no colour in the notation of VS Code's variables stays as it is.
 */
export function signColour(colour: string, background: string, foreground: string): string {
  const [own, ground, text] = [colour, background, foreground].map(parsed);
  if (own === undefined || ground === undefined) return colour;
  const opaque: Colour = [own[0], own[1], own[2], 1];
  const behind = text ?? opaque;
  for (let step = 0; step <= STEPS; step++) {
    const mixed = between(opaque, behind, step / STEPS);
    if (contrast(mixed, ground) >= LEAST_CONTRAST) return `rgb(${mixed.slice(0, 3).join(', ')})`;
  }
  return foreground;
}

/** As WCAG 2 counts it, from 1 to 21; 1 where one of them is no colour. */
export function contrastOf(one: string, other: string): number {
  const [first, second] = [parsed(one), parsed(other)];
  return first === undefined || second === undefined ? 1 : contrast(first, second);
}

function contrast(one: Colour, other: Colour): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance([red, green, blue]: Colour): number {
  const [r, g, b] = [red, green, blue].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function between(one: Colour, other: Colour, part: number): Colour {
  const mix = (at: 0 | 1 | 2): number => Math.round(one[at] + (other[at] - one[at]) * part);
  return [mix(0), mix(1), mix(2), 1];
}

/** `#rgb`, `#rrggbb`, either with an alpha, `rgb()` and `rgba()`. */
function parsed(text: string): Colour | undefined {
  const hex = /^#([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.exec(text.trim())?.[1];
  if (hex !== undefined) {
    const digits = hex.length < 6 ? hex.replace(/./g, '$&$&') : hex;
    const [red, green, blue, alpha = 255] = (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
    return [red!, green!, blue!, alpha / 255];
  }
  const list = /^rgba?\(([\d.,\s/%]+)\)$/.exec(text.trim())?.[1];
  const [red, green, blue, alpha = 1] = (list?.match(/[\d.]+/g) ?? []).map(Number);
  return red === undefined || green === undefined || blue === undefined
    ? undefined
    : [red, green, blue, alpha];
}
