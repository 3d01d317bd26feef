import { contentSizeAt, contentSizeSize, dictionaryIdSize, isSingleSegment, ZSTD_MAGIC } from '../zstdFrame';

/** ZSTD_WINDOWLOG_LIMIT_DEFAULT: what libzstd takes without being told; perf -z 22 needs as much. */
const LARGEST_WINDOW = 1 << 27;
/** Block_Maximum_Size of RFC 8878. */
const LARGEST_BLOCK = 1 << 17;

/** 0x184d2a50 to 0x184d2a5f begin frames of data that is not zstd's. */
const SKIPPABLE = 0x184d2a50;

const BLOCK_RUN = 1;
const BLOCK_RESERVED = 3;

const enum Part {
  Magic,
  Descriptor,
  FrameHeader,
  SkippableSize,
  BlockHeader,
  /** Content of a block, a checksum, or a skippable frame: bytes that are not looked at. */
  Content,
}

/**
 * Walks through a zstd stream (RFC 8878) by the headers of its frames and blocks and tells when they ask for more
 * memory than a sane stream does, before a decompressor believes them.
 */
export class ZstdGuard {
  private part = Part.Magic;
  /** Bytes of the part that are still to come. */
  private left = 4;
  /** Those that came, of a part that is looked at; behind them zeros. */
  private readonly bytes = new Uint8Array(16);
  private readonly view = new DataView(this.bytes.buffer);
  private length = 0;
  private descriptor = 0;
  private isLastBlock = false;

  /** Looks at the next bytes of the stream; what is wrong with them, or null. */
  check(bytes: Uint8Array): string | null {
    for (let i = 0; i < bytes.length;) {
      if (this.part === Part.Content) {
        const skipped = Math.min(this.left, bytes.length - i);
        this.left -= skipped;
        i += skipped;
      } else {
        this.bytes[this.length++] = bytes[i++]!;
        this.left--;
      }
      // A part may be empty: it ends without a byte of its own.
      while (this.left === 0) {
        const wrong = this.endPart();
        if (wrong !== null) return wrong;
      }
    }
    return null;
  }

  private endPart(): string | null {
    const value = this.view.getUint32(0, true);
    switch (this.part) {
      case Part.Magic:
        if (value - (value % 16) === SKIPPABLE) return this.begin(Part.SkippableSize, 4);
        if (value !== ZSTD_MAGIC) return 'no frame begins where one should';
        return this.begin(Part.Descriptor, 1);
      case Part.Descriptor: {
        this.descriptor = value;
        const windowSize = isSingleSegment(value) ? 0 : 1;
        return this.begin(Part.FrameHeader, windowSize + dictionaryIdSize(value) + contentSizeSize(value));
      }
      case Part.FrameHeader: {
        const window = this.windowSize();
        if (window > LARGEST_WINDOW) return `a window of ${window} bytes`;
        return this.begin(Part.BlockHeader, 3);
      }
      case Part.SkippableSize:
        this.isLastBlock = true;
        this.descriptor = 0;
        return this.begin(Part.Content, value);
      case Part.BlockHeader: {
        const type = (value >> 1) & 3;
        const size = value >> 3;
        if (type === BLOCK_RESERVED || size > LARGEST_BLOCK)
          return `a block of type ${type} with ${size} bytes`;
        this.isLastBlock = (value & 1) === 1;
        return this.begin(Part.Content, type === BLOCK_RUN ? 1 : size);
      }
      case Part.Content:
        if (!this.isLastBlock) return this.begin(Part.BlockHeader, 3);
        if ((this.descriptor & 4) !== 0) {
          // The checksum of the frame.
          this.descriptor = 0;
          return this.begin(Part.Content, 4);
        }
        return this.begin(Part.Magic, 4);
    }
  }

  private begin(part: Part, length: number): null {
    this.part = part;
    this.left = length;
    this.bytes.fill(0);
    this.length = 0;
    return null;
  }

  /** Bytes of history that the frame wants. */
  private windowSize(): number {
    const { descriptor, bytes, view } = this;
    if (!isSingleSegment(descriptor)) return 2 ** (10 + (bytes[0]! >> 3)) * (1 + (bytes[0]! & 7) / 8);
    // Without a window the frame is one segment of the size that stands behind the dictionary's id.
    return contentSizeAt(view, dictionaryIdSize(descriptor), descriptor)!;
  }
}
