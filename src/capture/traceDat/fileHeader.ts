import { startsWith } from '../ascii';
import type { FileRanges } from './fileRanges';
import { SequentialReader } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** First bytes of every trace.dat, and of the tracing data inside a perf.data. */
export const MAGIC = '\x17\x08\x44tracing';

/** The head of a trace.dat (trace-cmd.dat.v6(5), trace-cmd.dat.v7(5)). */
export interface FileHeader {
  readonly version: 6 | 7;
  readonly littleEndian: boolean;
  /** Bytes of a `long` of the recorded user space, not of the kernel. */
  readonly longSize: number;
  /** Bytes of a page of the recorded machine. */
  readonly pageSize: number;
  /** Name of the compression, `none` where there is none. */
  readonly compression: string;
  /** Where the first option section is (version 7), else 0. */
  readonly optionsOffset: number;
  /** Offset of the first byte behind the head. */
  readonly end: number;
}

/** Whether a file begins like a trace.dat. */
export function isTraceDat(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && startsWith(head, 0, MAGIC);
}

/** @throws UnexpectedData when there is no such head, or one of another version */
export async function readFileHeader(file: FileRanges): Promise<FileHeader> {
  // The byte order is not known before the byte that tells it: nothing before needs it.
  const first = new SequentialReader(file, 0, file.size, true);
  const magic = await first.bytes(MAGIC.length, 'the mark of a trace.dat file');
  if (!isTraceDat(magic)) {
    throw new UnexpectedData(0, 'the file does not begin with "\\x17\\x08\\x44tracing": it is no trace.dat');
  }
  const versionText = await first.string('the version');
  if (versionText !== '6' && versionText !== '7') {
    throw new UnexpectedData(
      MAGIC.length,
      `trace.dat version ${JSON.stringify(versionText.slice(0, 20))}, expected 6 or 7; convert it with ` +
        '"trace-cmd convert --file-version 7"',
    );
  }
  const endian = await first.u8('the byte order');
  const longSize = await first.u8('the size of a long');
  if (endian > 1) {
    throw new UnexpectedData(
      first.place - 2,
      `a byte order of ${endian}, expected 0 (little) or 1 (big endian)`,
    );
  }
  const reader = new SequentialReader(file, first.position, file.size, endian === 0);
  const pageSize = await reader.u32('the page size');
  const head = { littleEndian: endian === 0, longSize, pageSize };
  if (versionText === '6') {
    return { ...head, version: 6, compression: 'none', optionsOffset: 0, end: reader.position };
  }
  const compression = await reader.string('the name of the compression');
  await reader.string('the version of the compression');
  const optionsOffset = await reader.u64('the offset of the options');
  return { ...head, version: 7, compression, optionsOffset, end: reader.position };
}
