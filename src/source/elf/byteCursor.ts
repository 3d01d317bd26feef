const TWO_28 = 2 ** 28;
const TWO_32 = 2 ** 32;
const TWO_70 = 2 ** 70;

/**
 * Reads numbers from bytes, in one byte order, and never beyond their end: what would lie there is 0, and
 * {@link isOverrun} says so from then on. So a loop over damaged data ends at its end.
 */
export class ByteCursor {
  position = 0;
  isOverrun = false;
  /** Nothing is read from here on; at most the length of the bytes. */
  end: number;
  private readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly isLittle: boolean,
  ) {
    this.end = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Another one over the same bytes, at the same place. */
  copy(): ByteCursor {
    const copy = new ByteCursor(this.bytes, this.isLittle);
    copy.position = this.position;
    copy.end = this.end;
    return copy;
  }

  /** Begins anew: what is at `position` is read next, and nothing from `end` on. */
  goTo(position: number, end: number): void {
    this.position = Math.min(position, end);
    this.end = end;
    this.isOverrun = false;
  }

  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  /** Passes over `count` bytes; one that is no such count leads to the end. */
  skip(count: number): void {
    this.take(count);
  }

  u8(): number {
    if (this.position >= this.end) return this.overrun();
    return this.bytes[this.position++]!;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : this.view.getUint16(at, this.isLittle);
  }

  u24(): number {
    const at = this.take(3);
    if (at < 0) return 0;
    const first = this.bytes[at]!;
    const middle = this.bytes[at + 1]!;
    const last = this.bytes[at + 2]!;
    return this.isLittle ? first | (middle << 8) | (last << 16) : (first << 16) | (middle << 8) | last;
  }

  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.view.getUint32(at, this.isLittle);
  }

  /** Exact up to 2^53; a larger number is no size and no offset of any file, and stays large. */
  u64(): number {
    const at = this.take(8);
    if (at < 0) return 0;
    const first = this.view.getUint32(at, this.isLittle);
    const second = this.view.getUint32(at + 4, this.isLittle);
    const high = this.isLittle ? second : first;
    const low = this.isLittle ? first : second;
    // Most are small, and stay what V8 holds without memory of their own: a product would not.
    return high === 0 ? low : high * TWO_32 + low;
  }

  big64(): bigint {
    const at = this.take(8);
    return at < 0 ? 0n : this.view.getBigUint64(at, this.isLittle);
  }

  /** 4 or 8 bytes: an offset or a length. */
  word(size: number): number {
    return size === 8 ? this.u64() : this.u32();
  }

  /** LEB128 without sign; exact up to 2^53. Bits above 2^70, which no writer has, are passed over. */
  uleb(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (;;) {
      const byte = this.u8();
      if (scale < TWO_70) value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /**
   * LEB128 with sign. One of up to seven bytes is exact; in a longer one, which says -2^63 at most, the sign is
   * taken from its bits so that small negative numbers stay exact too.
   */
  sleb(): number {
    const first = this.u8();
    if (first < 0x80) return (first & 0x40) === 0 ? first : first - 0x80;
    let value = first & 0x7f;
    let scale = 0x80;
    let byte = first;
    for (let count = 1; count < 7 && byte >= 0x80; count++) {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    }
    if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale;
    let high = 0;
    let highScale = 1;
    do {
      byte = this.u8();
      if (highScale < TWO_28) {
        high += (byte & 0x7f) * highScale;
        highScale *= 0x80;
      }
    } while (byte >= 0x80);
    if ((byte & 0x40) !== 0) high -= highScale;
    return high * scale + value;
  }

  skipLeb(): void {
    while (this.u8() >= 0x80);
  }

  /** Passes over a string and the NUL behind it; returns where it begins. */
  skipString(): number {
    const at = this.position;
    const nul = this.bytes.indexOf(0, at);
    if (nul < 0 || nul >= this.end) this.overrun();
    else this.position = nul + 1;
    return at;
  }

  private take(count: number): number {
    const at = this.position;
    if (!(count <= this.end - at)) {
      this.overrun();
      return -1;
    }
    this.position = at + count;
    return at;
  }

  private overrun(): 0 {
    this.isOverrun = true;
    this.position = this.end;
    return 0;
  }
}

const text = new TextDecoder();

/** The string that begins at `at` and ends before the next NUL, or with the bytes. */
export function stringAt(bytes: Uint8Array, at: number): string {
  if (!(at >= 0 && at < bytes.length)) return '';
  const nul = bytes.indexOf(0, at);
  const end = nul < 0 ? bytes.length : nul;
  if (end - at > 64) return text.decode(bytes.subarray(at, end));
  for (let i = at; i < end; i++) if (bytes[i]! >= 0x80) return text.decode(bytes.subarray(at, end));
  // Names are short ASCII as a rule, for which the decoder costs more; and put together from single characters, a name
  // of 20 is 300 bytes of pieces.
  return String(Reflect.apply(String.fromCharCode, null, bytes.subarray(at, end)));
}
