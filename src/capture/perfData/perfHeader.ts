import type { FileRanges } from '../traceDat/fileRanges';
import { SequentialReader } from '../traceDat/sequentialReader';
import { UnexpectedData } from '../traceDat/unexpectedData';
import { startsWith } from '../ascii';

/** A run of bytes of the file. */
export interface Section {
  readonly offset: number;
  readonly size: number;
}

/** The head of a perf.data (tools/perf/Documentation/perf.data-file-format.txt, struct perf_header). */
export interface PerfHeader {
  readonly littleEndian: boolean;
  /** Written to a pipe: attributes, formats and facts come as records among the others. */
  readonly isPipe: boolean;
  /** Bytes of an entry of the attributes section. */
  readonly attributeSize: number;
  readonly attributes: Section;
  /** In pipe mode, all that follows the head. */
  readonly data: Section;
  /** Numbers of the features whose sections follow the data, in their order. */
  readonly features: readonly number[];
}

/** `PERFILE2` is a 64-bit word, so a big-endian machine writes it the other way round. */
const MAGIC_LITTLE = 'PERFILE2';
const MAGIC_BIG = '2ELIFREP';
/** Version 1, written by perf before Linux 3.2. */
const MAGIC_OLD = 'PERFFILE';

const PIPE_HEADER_SIZE = 16;
const FEATURE_WORDS = 4;

/** Whether a file begins like a perf.data. */
export function isPerfData(head: Uint8Array): boolean {
  return [MAGIC_LITTLE, MAGIC_BIG, MAGIC_OLD].some((magic) => startsWith(head, 0, magic));
}

/** @throws UnexpectedData when there is no such head */
export async function readPerfHeader(file: FileRanges): Promise<PerfHeader> {
  const magic = await file.read(0, MAGIC_LITTLE.length);
  if (startsWith(magic, 0, MAGIC_OLD)) {
    throw new UnexpectedData(
      0,
      'perf.data of version 1, expected version 2 as perf writes since Linux 3.2; print it with the "perf script" ' +
        'of its own time and open that',
    );
  }
  const littleEndian = startsWith(magic, 0, MAGIC_LITTLE);
  if (!littleEndian && !startsWith(magic, 0, MAGIC_BIG)) {
    throw new UnexpectedData(0, `the file does not begin with "${MAGIC_LITTLE}": it is no perf.data`);
  }
  const reader = new SequentialReader(file, MAGIC_LITTLE.length, file.size, littleEndian);
  const headerSize = await reader.u64('the size of the head');
  if (headerSize === PIPE_HEADER_SIZE) {
    return {
      littleEndian,
      isPipe: true,
      attributeSize: 0,
      attributes: { offset: 0, size: 0 },
      data: { offset: PIPE_HEADER_SIZE, size: Math.max(0, file.size - PIPE_HEADER_SIZE) },
      features: [],
    };
  }
  const attributeSize = await reader.u64('the size of an attribute');
  const attributes = await section(reader, 'the attributes');
  const data = await section(reader, 'the data');
  await section(reader, 'the event types');
  const features: number[] = [];
  for (let word = 0; word < FEATURE_WORDS; word++) {
    const bits = await reader.big('the list of features');
    for (let bit = 0; bit < 64; bit++)
      if (((bits >> BigInt(bit)) & 1n) === 1n) features.push(word * 64 + bit);
  }
  return { littleEndian, isPipe: false, attributeSize, attributes, data, features };
}

/** Reads `struct perf_file_section`. */
export async function section(reader: SequentialReader, what: string): Promise<Section> {
  const offset = await reader.u64(`the offset of ${what}`);
  const size = await reader.u64(`the size of ${what}`);
  return { offset, size };
}
