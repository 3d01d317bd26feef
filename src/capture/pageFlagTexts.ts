import { CLOSE_PARENTHESIS, EQUALS, LOWER_X, OPEN_PARENTHESIS, PIPE, ZERO } from './ascii';
import { ByteInterner } from './byteInterner';
import { ABSENT, PageFlag } from './eventTable';
import { grown } from './growingColumn';
import { NumberScanner } from './numberScanner';
import { needsOrder, type PageFlagNumbers } from './pageFlagNumbers';

/** Page flags as they are printed → {@link PageFlag} bits; each text is looked into once. */
export class PageFlagTexts {
  /** Whether the newest text was a number whose bits are other flags in another kernel. */
  isNumber = false;

  private readonly texts = new ByteInterner();
  private readonly names = new ByteInterner();
  private readonly nameBits: number[] = [];
  private bits = new Int32Array(256);
  /** By text, 1 for those that are such a number. */
  private numbers = new Uint8Array(256);
  private readonly scanner = new NumberScanner();

  /** @param order of the bits of numbers; null where a number says nothing */
  constructor(private readonly order: PageFlagNumbers | null = null) {
    const encoder = new TextEncoder();
    for (const [name, bit] of Object.entries(PageFlag)) {
      this.nameBits[this.names.intern(encoder.encode(name), 0, name.length)] = bit;
    }
  }

  /**
   * Names joined by `|`, hexadecimal, or both (`locked|0x8000e`); {@link ABSENT} for a number whose bits may be any
   * flags.
   */
  bitsOf(bytes: Uint8Array, start: number, end: number): number {
    const known = this.texts.size;
    const id = this.texts.intern(bytes, start, end);
    if (id === known) this.add(bytes, start, end);
    this.isNumber = this.numbers[id] === 1;
    return this.bits[id]!;
  }

  /** Nobody knows any more which bit of a number is which flag. */
  forgetNumbers(): void {
    for (let id = 0; id < this.texts.size; id++) if (this.numbers[id] === 1) this.bits[id] = ABSENT;
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

  /** Looks into a text that has just got its id. */
  private add(bytes: Uint8Array, start: number, end: number): void {
    const id = this.texts.size - 1;
    if (id === this.bits.length) {
      this.bits = grown(this.bits, new Int32Array(id * 2));
      this.numbers = grown(this.numbers, new Uint8Array(id * 2));
    }
    let named = 0;
    let number = 0;
    for (let at = start; at < end;) {
      let partEnd = at;
      while (partEnd < end && bytes[partEnd] !== PIPE) partEnd++;
      if (bytes[at] === ZERO && bytes[at + 1] === LOWER_X) {
        this.scanner.hexadecimal(bytes, at + 2);
        number = this.scanner.low;
      } else {
        named |= this.nameBits[this.names.find(bytes, at, partEnd)] ?? 0;
      }
      at = partEnd + 1;
    }
    // Whoever knows the names prints those bits as a number that have none (__print_flags).
    const isNumber = (named & ~PageFlag.locked) === 0 && needsOrder(number);
    this.numbers[id] = isNumber ? 1 : 0;
    const bits = isNumber ? (this.order?.bitsOf(number) ?? ABSENT) : number & PageFlag.locked;
    this.bits[id] = bits === ABSENT ? ABSENT : named | bits;
  }
}
