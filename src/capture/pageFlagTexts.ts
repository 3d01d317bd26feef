import { CLOSE_PARENTHESIS, EQUALS, LOWER_X, OPEN_PARENTHESIS, PIPE, ZERO } from './ascii';
import { ByteInterner } from './byteInterner';
import { PageFlag } from './eventTable';
import { NumberScanner } from './numberScanner';

/** Bits that {@link PageFlag} names; what lies above is section, node, zone and younger flags. */
const FLAG_BITS = 0xffffff;

/** Page flags as they are printed → {@link PageFlag} bits; each text is looked into once. */
export class PageFlagTexts {
  private readonly texts = new ByteInterner();
  private readonly names = new ByteInterner();
  private readonly nameBits: number[] = [];
  private bits = new Int32Array(256);
  private readonly scanner = new NumberScanner();

  constructor() {
    const encoder = new TextEncoder();
    for (const [name, bit] of Object.entries(PageFlag)) {
      this.nameBits[this.names.intern(encoder.encode(name), 0, name.length)] = bit;
    }
  }

  /** Names joined by `|`, hexadecimal, or both (`locked|0x8000e`). */
  bitsOf(bytes: Uint8Array, start: number, end: number): number {
    const known = this.texts.size;
    const id = this.texts.intern(bytes, start, end);
    if (id < known) return this.bits[id]!;
    if (id === this.bits.length) {
      const wider = new Int32Array(id * 2);
      wider.set(this.bits);
      this.bits = wider;
    }
    return (this.bits[id] = this.parse(bytes, start, end));
  }

  /**
   * As %pGp prints them behind the number: `0x400000000000001d(locked|uptodate|lru|zone=1)`. Only the names
   * count, for the bits of the number change with the kernel's version and configuration.
   */
  namedBitsOf(bytes: Uint8Array, start: number, end: number): number {
    let open = start;
    while (open < end && bytes[open] !== OPEN_PARENTHESIS) open++;
    if (open === end) return this.bitsOf(bytes, start, end);
    let namesEnd = open + 1;
    let at = open + 1;
    // node=, zone= and lastcpupid= follow the names: no flags, and too many values to keep each text.
    for (; at < end && bytes[at] !== CLOSE_PARENTHESIS && bytes[at] !== EQUALS; at++) {
      if (bytes[at] === PIPE) namesEnd = at;
    }
    if (bytes[at] !== EQUALS) namesEnd = at;
    return this.bitsOf(bytes, open + 1, namesEnd);
  }

  private parse(bytes: Uint8Array, start: number, end: number): number {
    let bits = 0;
    for (let at = start; at < end;) {
      let partEnd = at;
      while (partEnd < end && bytes[partEnd] !== PIPE) partEnd++;
      if (bytes[at] === ZERO && bytes[at + 1] === LOWER_X) {
        this.scanner.hexadecimal(bytes, at + 2);
        bits |= this.scanner.low & FLAG_BITS;
      } else {
        bits |= this.nameBits[this.names.find(bytes, at, partEnd)] ?? 0;
      }
      at = partEnd + 1;
    }
    return bits;
  }
}
