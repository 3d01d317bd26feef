/** A part of a section in memory that is moved to where it is needed next. */
import { ByteCursor } from './byteCursor';
import type { Now } from './rangeSource';
import type { SectionBytes } from './sectionBytes';

export interface SectionPart {
  /** Over the bytes of the part. Whoever has it may set its position and end. */
  readonly cursor: ByteCursor;
  /** Where the part begins in the section. */
  readonly start: number;
  /** Bytes that it has. */
  readonly length: number;
}

const SMALLEST = 1 << 16;
/** Units of this size are rare: no room is kept for larger ones. */
const LARGE = 1 << 23;

/**
 * Units are read into the same memory one after the other: memory of its own for each costs as much as reading it, and
 * as much again to free it (70 MB for 2000 addresses of a kernel).
 */
export class SectionWindow {
  private cursor: ByteCursor;
  private part: SectionPart;

  constructor(
    private readonly section: SectionBytes,
    private readonly isLittle: boolean,
  ) {
    this.cursor = new ByteCursor(new Uint8Array(0), isLittle);
    this.part = { cursor: this.cursor, start: 0, length: 0 };
  }

  /**
   * The part with so many bytes from `offset`, and maybe more; fewer where the section ends. The bytes are others
   * once another part is asked for: be done with them before anything is waited for.
   */
  at(offset: number, length: number): Now<SectionPart> {
    const { part, section } = this;
    const start = Math.max(0, Math.min(offset, section.size));
    const wanted = Math.max(0, Math.min(length, section.size - start));
    if (start >= part.start && start + wanted <= part.start + part.length) return part;
    if (!section.isNow) return this.load(start, wanted);
    if (this.cursor.bytes.length < wanted) {
      const size = wanted < LARGE ? Math.max(SMALLEST, 2 * wanted) : wanted;
      this.cursor = new ByteCursor(new Uint8Array(size), this.isLittle);
    }
    const filled = section.fill(start, this.cursor.bytes.subarray(0, wanted));
    this.part = { cursor: this.cursor, start, length: filled };
    return this.part;
  }

  /** What has to be waited for gets memory of its own, as others may ask meanwhile. */
  private async load(start: number, length: number): Promise<SectionPart> {
    const bytes = await this.section.read(start, length);
    this.part = { cursor: new ByteCursor(bytes, this.isLittle), start, length: bytes.length };
    return this.part;
  }
}
