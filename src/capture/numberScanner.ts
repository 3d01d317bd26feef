import { HEX_VALUE, LOWER_X, MINUS, ZERO, isDigit } from './ascii';

/** From here on a double is not exact. No page has such a PFN: it is -1, printed in hexadecimal. */
const LARGEST_EXACT = 2 ** 53;

/**
 * Reads the numbers of a line in the forms that the kernel and trace-cmd print: `-12`, `12`, `0x1f`, `1f`.
 * The result stays in the fields, so that a hot path makes no object. Reading stops at the first byte that is
 * no digit; callers keep a line end behind the line.
 */
export class NumberScanner {
  /** Index behind the number. */
  next = 0;
  /** True when at least one digit was there. */
  found = false;
  /** The value, exact up to 2^53. */
  value = 0;
  /** Upper and lower 32 bits of a value read as hexadecimal. */
  high = 0;
  low = 0;

  /** Decimal with an optional sign, or hexadecimal after `0x`. */
  number(bytes: Uint8Array, at: number): void {
    if (bytes[at] === ZERO && bytes[at + 1] === LOWER_X) {
      this.hexadecimal(bytes, at + 2);
      return;
    }
    const negative = bytes[at] === MINUS;
    let i = negative ? at + 1 : at;
    const first = i;
    let value = 0;
    for (let digit = bytes[i]!; isDigit(digit); digit = bytes[++i]!) value = value * 10 + (digit - ZERO);
    this.found = i > first;
    this.next = i;
    this.value = negative ? -value : value;
    this.low = this.value | 0;
    this.high = 0;
  }

  /** Hexadecimal digits without a prefix. */
  hexadecimal(bytes: Uint8Array, at: number): void {
    let i = at;
    let high = 0;
    let low = 0;
    for (let digit = HEX_VALUE[bytes[i]!]!; digit < 16; digit = HEX_VALUE[bytes[++i]!]!) {
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    this.found = i > at;
    this.next = i;
    this.high = high;
    this.low = low;
    this.value = (high >>> 0) * 4294967296 + (low >>> 0);
  }

  /**
   * A PFN: `0x1f`, or bare digits, which are decimal (kernels before 53d884a6675b) unless a letter among them
   * or the event (`bareIsHexadecimal`: cma_* printed %lx up to 5.x) says otherwise. -1 for "no page".
   */
  pfn(bytes: Uint8Array, at: number, bareIsHexadecimal: boolean): void {
    if (bytes[at] === ZERO && bytes[at + 1] === LOWER_X) {
      this.hexadecimal(bytes, at + 2);
    } else {
      this.hexadecimal(bytes, at);
      if (!bareIsHexadecimal && this.found && onlyDigits(bytes, at, this.next)) this.number(bytes, at);
    }
    if (this.value >= LARGEST_EXACT) this.value = -1;
  }
}

function onlyDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isDigit(bytes[i]!)) return false;
  return true;
}
