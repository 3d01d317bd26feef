/** Compressed debug sections: SHF_COMPRESSED (gABI, "Compressed Sections") and the older .zdebug_ of GNU. */
import { ByteCursor } from './byteCursor';
import { sizeInFile, type ElfFile, type ElfSection } from './elfFile';
import { readRange } from './rangeSource';

const enum Compression {
  Zlib = 1,
  Zstd = 2,
}

interface CompressedSection {
  readonly compression: number;
  /** Bytes from the begin of the file, and their count. */
  readonly offset: number;
  readonly length: number;
  /** Bytes when decompressed, as the section says. */
  readonly size: number;
}

/** Compressed bytes read and decompressed at a time. */
const STEP = 1 << 16;
/** Deflate makes at most 1032 bytes of one; debug info shrinks to a third. */
const HIGHEST_RATIO = 1032;
const FREE_SIZE = 1 << 20;
/** What one block of memory holds in every browser. */
const LARGEST = 0x7fff_f000;

/** What the section says of its compression; null when it is not compressed, or damaged (a problem says so). */
export async function compressionOf(elf: ElfFile, section: ElfSection): Promise<CompressedSection | null> {
  const isOld = section.name.startsWith('.zdebug_');
  if (!section.isCompressed && !isOld) return null;
  const headerSize = isOld ? 12 : elf.wordSize === 8 ? 24 : 12;
  const cursor = new ByteCursor(
    await readRange(elf.source, section.offset, headerSize),
    isOld ? false : elf.isLittle,
  );
  let compression: number = Compression.Zlib;
  let size: number;
  if (isOld) {
    // "ZLIB" and the size, big-endian whatever the file is.
    cursor.skip(4);
    size = cursor.u64();
  } else {
    compression = cursor.u32();
    if (elf.wordSize === 8) cursor.skip(4);
    size = cursor.word(elf.wordSize);
  }
  const length = Math.max(0, sizeInFile(elf, section) - headerSize);
  const problem = cursor.isOverrun
    ? `expected a compression header of ${headerSize} bytes; the section ends before`
    : compression !== Compression.Zlib && compression !== Compression.Zstd
      ? `compression type ${compression}, expected 1 (zlib) or 2 (zstd)`
      : size > LARGEST || size > FREE_SIZE + length * HIGHEST_RATIO
        ? `${length} compressed bytes that stand for ${size}, more than they can or memory holds`
        : null;
  if (problem !== null) {
    elf.problems.add(section.name, 0, problem);
    return { compression, offset: section.offset, length: 0, size: 0 };
  }
  return { compression, offset: section.offset + headerSize, length, size };
}

/** The whole section; what came before a damaged place when there is one (a problem says so). */
export async function decompressSection(
  elf: ElfFile,
  section: ElfSection,
  { compression, offset, length, size }: CompressedSection,
): Promise<Uint8Array> {
  const target = new Uint8Array(size);
  if (size === 0) return target;
  let written = 0;
  let taken = 0;
  try {
    // Loaded where they are needed: fflate makes tables as it loads, 8 ms of the start of every process.
    if (compression === Compression.Zstd) {
      const { decompress: decompressZstd } = await import('fzstd');
      // The library wants the whole frame; it writes nowhere but into the target it is given.
      const compressed = await readRange(elf.source, offset, length);
      taken = compressed.length;
      written = decompressZstd(compressed, target).length;
    } else {
      const { Unzlib } = await import('fflate');
      const stream = new Unzlib((data) => {
        const fitting = data.subarray(0, size - written);
        target.set(fitting, written);
        written += fitting.length;
      });
      while (taken < length && written < size) {
        const step = await readRange(elf.source, offset + taken, Math.min(STEP, length - taken));
        if (step.length === 0) break;
        taken += step.length;
        stream.push(step, taken >= length);
      }
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    elf.problems.add(section.name, written, `damaged compressed data before byte ${taken} of it: ${reason}`);
    return target.subarray(0, written);
  }
  if (written < size) {
    elf.problems.add(section.name, written, `${size} bytes when decompressed were expected, ${written} came`);
  }
  return target.subarray(0, written);
}
