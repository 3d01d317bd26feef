import { BLANK, CLOSE_PARENTHESIS, COMMA, OPEN_PARENTHESIS, startsWith } from './ascii';
import { ABSENT } from './eventTable';
import { NumberScanner } from './numberScanner';

/** TASK_COMM_LEN of the kernel, with the 0 at the end. */
const LONGEST_COMM = 16;

/** What may follow a comm in the line, which may itself hold any byte. */
const BEHIND_COMM = [', ts ', ', free_ts '];

/**
 * Reads the line with which page_owner describes an allocation, behind its `via order `. The result stays in
 * the fields. All versions of mm/page_owner.c:
 *
 * - `0, mask 0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)`, `0, mask 0x24200ca` up to 4.5
 * - then `, pid 12, ts 34 ns` (5.11), `, free_ts 30 ns` (5.13 to 6.x), `, tgid 12 (comm)` behind the pid (5.18)
 * - in dump_page() `0, migratetype Movable, gfp_mask 0x…(…), pid …`, times without `ns`
 */
export class PageOwnerLine {
  order = 0;
  /** Where the flags stand as printed; empty when the line has none. */
  gfpStart = 0;
  gfpEnd = 0;
  /** Where the migratetype stands; empty when the line has none. */
  migratetypeStart = 0;
  migratetypeEnd = 0;
  /** -1 where the line has none. */
  pid = -1;
  /** ABSENT where the line has none. */
  tgid = ABSENT;
  /** Empty when the line has none. */
  commStart = 0;
  commEnd = 0;
  /** ns, NaN where the line has none. */
  time = NaN;
  freeTime = NaN;
  private readonly scanner = new NumberScanner();

  /** Reads `bytes[start, end)`; `end` is the line end. False when there is no order. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    const { scanner } = this;
    this.gfpStart = this.gfpEnd = this.migratetypeStart = this.migratetypeEnd = 0;
    this.commStart = this.commEnd = 0;
    this.pid = -1;
    this.tgid = ABSENT;
    this.time = this.freeTime = NaN;
    scanner.number(bytes, start);
    if (!scanner.found || scanner.value < 0) return false;
    this.order = scanner.value;
    let at = scanner.next;
    while (at < end && bytes[at] === COMMA) at = this.field(bytes, at + 2, end);
    return true;
  }

  /** Reads one `key value` and returns where its comma or the line end stands. */
  private field(bytes: Uint8Array, at: number, end: number): number {
    const { scanner } = this;
    if (startsWith(bytes, at, 'mask ') || startsWith(bytes, at, 'gfp_mask ')) {
      this.gfpStart = valueStart(bytes, at, end);
      return (this.gfpEnd = maskEnd(bytes, this.gfpStart, end));
    }
    if (startsWith(bytes, at, 'pid ')) {
      scanner.number(bytes, at + 4);
      if (scanner.found) this.pid = scanner.low;
      return this.comm(bytes, scanner.next, end);
    }
    if (startsWith(bytes, at, 'tgid ')) {
      scanner.number(bytes, at + 5);
      if (scanner.found) this.tgid = scanner.low;
      return this.comm(bytes, scanner.next, end);
    }
    if (startsWith(bytes, at, 'ts ')) {
      scanner.number(bytes, at + 3);
      if (scanner.found) this.time = scanner.value;
      return commaOf(bytes, scanner.next, end);
    }
    if (startsWith(bytes, at, 'free_ts ')) {
      scanner.number(bytes, at + 8);
      if (scanner.found) this.freeTime = scanner.value;
      return commaOf(bytes, scanner.next, end);
    }
    if (startsWith(bytes, at, 'migratetype ')) {
      this.migratetypeStart = at + 12;
      return (this.migratetypeEnd = commaOf(bytes, this.migratetypeStart, end));
    }
    return commaOf(bytes, at, end);
  }

  /** ` (comm)` behind a pid or tgid, if it is there; returns where the field's comma or the line end stands. */
  private comm(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] !== BLANK || bytes[at + 1] !== OPEN_PARENTHESIS) return commaOf(bytes, at, end);
    const start = at + 2;
    const stop = Math.min(end, start + LONGEST_COMM);
    let close = -1;
    for (let i = start; i < stop; i++) {
      if (bytes[i] !== CLOSE_PARENTHESIS) continue;
      if (i + 1 >= end || bytes[i + 1]! < BLANK || BEHIND_COMM.some((text) => startsWith(bytes, i + 1, text)))
        close = i;
    }
    if (close < 0) return commaOf(bytes, at, end);
    this.commStart = start;
    this.commEnd = close;
    return close + 1;
  }
}

function valueStart(bytes: Uint8Array, at: number, end: number): number {
  let start = at;
  while (start < end && bytes[start] !== BLANK) start++;
  return Math.min(end, start + 1);
}

/** `0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)` ends with its parenthesis, the number alone with the word. */
function maskEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! > BLANK && bytes[at] !== COMMA) at++;
  return at;
}

function commaOf(bytes: Uint8Array, at: number, end: number): number {
  let comma = at;
  while (comma < end && bytes[comma] !== COMMA) comma++;
  return comma;
}
