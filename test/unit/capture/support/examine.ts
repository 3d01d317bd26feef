/**
 * What holds for every capture that comes out of any bytes: the tables are consistent, every problem has a place in
 * the file, memory stays within a bound that follows from the file's size, and the holder analysis can work on it.
 */
import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';
import type { ByteSource } from '../../../../src/capture/byteSource';
import type { Capture } from '../../../../src/capture/eventTable';
import { openCapture, type OpenCaptureOptions } from '../../../../src/capture/openCapture';
import { analyseHolders } from '../../../../src/holders/analyseHolders';
import type { Page } from '../../../../src/holders/model';
import { assertConsistentAllocations } from './describeAllocations';
import { assertConsistent } from './describeCapture';

/** Formats whose records of each CPU or round stand apart, or whose rows are put in order of time. */
const NOT_IN_FILE_ORDER = new Set(['page-pinner', 'trace-dat', 'perf-data']);

/** What a file of some format may take, in bytes of array buffers. */
interface MemoryBound {
  /** Whatever its size: windows, the first rows of every table, decoders. */
  readonly fixed: number;
  /** For each byte of the file. */
  readonly perByte: number;
}

/**
 * The shortest records are `-0 [0]0:x:` and the like of some 12 bytes in text and 16 with their header in binary
 * formats. A row takes 66 bytes in the event table and up to 100 for what is interned of it; columns double, and the
 * old ones are there while they are copied: three times 166 for 12 bytes are 42. Twice that is left for the copies
 * of the file on its way through windows and decoders.
 */
export const TEXT_BOUND: MemoryBound = { fixed: 4 << 20, perByte: 84 };
/** A recording of another page size may take a window of one (traceDat) or two records of 64 kB (perf). */
export const BINARY_BOUND: MemoryBound = { fixed: 6 << 20, perByte: 84 };

/** Compressed blocks inside: each may stand for 4 MB, or more of its own size (traceDat/decompressor.ts). */
export const UNPACKED_BOUND: MemoryBound = { fixed: 64 << 20, perByte: 1 << 14 };

interface Examined {
  readonly capture: Capture;
  readonly pages: readonly Page[];
  /** Array buffers that were allocated, in bytes; less where some were collected meanwhile. */
  readonly taken: number;
}

/**
 * Reads a file and holds the result against what is true of every capture.
 *
 * @param contentSize what a compressed file holds, in bytes; offsets are within that
 */
export async function examine(
  bytes: Uint8Array,
  bound: MemoryBound,
  options: OpenCaptureOptions = {},
  contentSize = bytes.length,
): Promise<Examined> {
  const memory = new MemoryWatch(bytes);
  const capture = await openCapture(memory.source, options);
  memory.look();
  const limit = bound.fixed + bound.perByte * contentSize;
  assert.ok(memory.taken <= limit, `took ${memory.taken} bytes of memory, expected at most ${limit}`);
  assertConsistent(capture, { isInFileOrder: !NOT_IN_FILE_ORDER.has(capture.format) });
  if (capture.allocations) assertConsistentAllocations(capture);
  assertPlaces(capture, contentSize);
  const { pages } = analyseHolders(capture);
  assertPages(capture, pages);
  return { capture, pages, taken: memory.taken };
}

/** A source that sees how much memory there is at each read. */
class MemoryWatch {
  readonly source: ByteSource;
  taken = 0;
  private readonly before = getHeapStatistics().external_memory;

  constructor(bytes: Uint8Array) {
    this.source = {
      name: 'damaged',
      size: bytes.length,
      read: (offset, length) => {
        if (length > 4096) this.look();
        return Promise.resolve(bytes.slice(offset, offset + length));
      },
    };
  }

  look(): void {
    this.taken = Math.max(this.taken, getHeapStatistics().external_memory - this.before);
  }
}

/** Every problem, event and allocation says where it is, and that is inside the file. */
function assertPlaces(capture: Capture, size: number): void {
  for (const { offset, line, message } of capture.problems) {
    assert.ok(Number.isInteger(offset) && offset >= 0 && offset <= size, `${message}: at byte ${offset}`);
    assert.ok(line === null || (line >= 1 && line <= size + 1), `${message}: in line ${line}`);
  }
  assert.ok(capture.problemCount === 0 || capture.problems.length > 0);
  assert.ok(capture.problemCount <= size + 16, `${capture.problemCount} problems`);
  const { events, allocations } = capture;
  for (let row = 0; row < events.length; row++) assert.ok(events.offset(row) < size);
  for (let row = 0; row < (allocations?.length ?? 0); row++) assert.ok(allocations!.offset[row]! < size);
}

/** What is said of pages leads to rows that are there, and its sums are sums. */
function assertPages(capture: Capture, pages: readonly Page[]): void {
  const rows = capture.events.length;
  const isRow = (row: number): boolean => Number.isInteger(row) && row >= 0 && row < rows;
  let references = 0;
  for (const page of pages) {
    assert.ok(Number.isSafeInteger(page.pfn) && page.pfn >= 0);
    assert.ok(page.marks.length > 0);
    for (const mark of page.marks) {
      assert.ok(isRow(mark.row));
      assert.ok(mark.evidence.length > 0 && mark.evidence.every(({ row }) => isRow(row)));
      const { count, expected, held, untraced } = mark;
      if (count === null || expected === null || held === null || untraced === null) continue;
      assert.equal(expected + held + untraced, count, `the sum at row ${mark.row}`);
    }
    for (const reference of page.references) {
      assert.ok(reference.weight > 0);
      assert.ok(reference.acquired === null || isRow(reference.acquired.row));
      assert.ok(reference.released === null || isRow(reference.released.row));
      assert.ok(reference.openAt.every((mark) => mark >= 0 && mark < page.marks.length));
    }
    references += page.references.length;
  }
  // An event takes one reference, or one pin for each 1024 of its operand, of which the count holds 2^21 at most.
  assert.ok(references <= rows * 64, `${references} references of ${rows} events`);
}
