import { Extent, isPage, pageStride, timeStride } from './repetition';

/** Up to the time stamp, the time stamp, and what follows: the line of an event in ftrace text and `trace-cmd report`. */
const EVENT = /^(.+-\d+ +(?:\([^)]{1,8}\) +)?\[\d+\](?: +\S+ +| *))(\d+(?:\.\d+)?)(: .*)$/;
const PFN = /(\b(?:\w+_)?pfn[= ]0x|\bzone_(?:start|end)=0x)([0-9a-f]+)/g;
/** How many events the file holds: what the tracer says at its head. */
const ENTRIES = /^(# entries-in-buffer\/entries-written: )(\d+)\/(\d+)/;
/** Each CPU's record begins once. */
const ONCE = /^##### CPU \d+ buffer started ####$/;

/** A piece of text that is the same each time round, and the number behind it that is not. */
interface Piece {
  readonly text: string;
  readonly slot: TimeSlot | PageSlot | null;
}
interface TimeSlot {
  readonly kind: 'time';
  /** In units of its last digit. */
  readonly value: bigint;
  readonly width: number;
  readonly decimals: number;
}
interface PageSlot {
  readonly kind: 'page';
  readonly value: bigint;
}

/**
 * Yields ftrace text (`trace`, `trace_pipe`, `trace-cmd report`) in which all events come `times` times.
 *
 * @throws Error when the text has no event
 */
export function* repeatText(text: string, times: number): Generator<Uint8Array> {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const first = lines.findIndex((line) => EVENT.test(line));
  if (first < 0) throw new Error('no line of it is an event of ftrace text');
  const head = lines.slice(0, first).map((line) => line.replace(ENTRIES, timesMore(times)));
  const body = lines.slice(first);
  yield encoded([...head, ''].join('\n'));

  const once = cut(body);
  const again = cut(body.filter((line) => !ONCE.test(line)));
  const stamps = new Extent();
  const pages = new Extent();
  let events = 0;
  for (const { slot } of once) {
    if (slot?.kind === 'time') {
      stamps.add(slot.value);
      events++;
    } else if (slot) {
      pages.add(slot.value);
    }
  }
  const timeStep = timeStride(stamps, events);
  const pageStep = pageStride(pages);
  for (let round = 0n; round < times; round++) {
    yield encoded(printed(round === 0n ? once : again, round * timeStep, round * pageStep));
  }
}

function timesMore(times: number): (...match: string[]) => string {
  return (_all, label, kept, written) =>
    `${label}${String(Number(kept) * times)}/${String(Number(written) * times)}`;
}

function cut(lines: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  let text = '';
  for (const line of lines) {
    const event = EVENT.exec(line);
    if (!event) {
      text += `${line}\n`;
      continue;
    }
    const [, task, time, rest] = event as unknown as [string, string, string, string];
    const decimals = time.includes('.') ? time.length - time.indexOf('.') - 1 : 0;
    const slot = {
      kind: 'time',
      value: BigInt(time.replace('.', '')),
      width: time.length,
      decimals,
    } as const;
    pieces.push({ text: text + task, slot });
    let at = 0;
    for (const match of rest.matchAll(PFN)) {
      const [all, label, digits] = match as unknown as [string, string, string];
      const value = BigInt(`0x${digits}`);
      if (!isPage(value)) continue;
      pieces.push({ text: rest.slice(at, match.index) + label, slot: { kind: 'page', value } });
      at = match.index + all.length;
    }
    text = `${rest.slice(at)}\n`;
  }
  pieces.push({ text, slot: null });
  return pieces;
}

function printed(pieces: readonly Piece[], later: bigint, further: bigint): string {
  let result = '';
  for (const { text, slot } of pieces) {
    result += text;
    if (slot) result += slot.kind === 'time' ? stamp(slot, later) : (slot.value + further).toString(16);
  }
  return result;
}

function stamp({ value, width, decimals }: TimeSlot, later: bigint): string {
  const digits = String(value + later).padStart(decimals + 1, '0');
  if (decimals === 0) return digits.padStart(width);
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`.padStart(width);
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
