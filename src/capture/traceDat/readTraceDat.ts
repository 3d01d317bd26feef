import type { ReadOptions } from '../byteChunks';
import type { ByteSource } from '../byteSource';
import type { Capture } from '../eventTable';
import { FtraceTextReader } from '../ftraceText';
import { LineWindow, type LineReader } from '../lineWindow';
import { countOtherEvents } from '../otherEvents';
import type { ClearMemory } from '../otherThreads';
import { ProblemList } from '../problemList';
import { RowEstimate } from '../rowEstimate';
import { RowsAhead } from '../rowsAhead';
import { BufferData } from './bufferData';
import { captureFacts } from './captureFacts';
import { CaptureClock, countsNanoseconds } from './clock';
import { buffersWithoutCpus, compareHits, haveSameEvents } from './compareBuffers';
import { CpuCursor } from './cpuCursor';
import type { CpuData, PageSpan } from './cpuData';
import type { FileHeader } from './fileHeader';
import { OptionId, type CpuRange } from './fileOptions';
import { FileRanges } from './fileRanges';
import { FileStructure, type RingBuffer } from './fileStructure';
import type { LoopMemory } from '../loop/loopMemory';
import { mergeCursors } from './mergeCursors';
import type { PageHeader } from './metadata';
import { RecordReader } from './recordReader';

/** The data of one CPU of one buffer. */
interface CpuPages {
  readonly buffer: RingBuffer;
  readonly range: CpuRange;
  readonly data: CpuData;
}

/** With its first pages in memory. */
interface CpuPart extends CpuPages {
  /** Null where all of its events are lost. */
  readonly first: PageSpan | null;
}

/**
 * Reads a trace.dat of version 6 or 7 as trace-cmd writes it (trace-cmd.dat.v6(5), trace-cmd.dat.v7(5)). All
 * ring buffers in it become one capture, in order of time, and what several of them recorded of one event one row; what is
 * damaged is left out and listed as a problem with its offset in the file.
 *
 * The file is read by ranges, never as a whole. Times are exact in nanoseconds.
 *
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function readTraceDat(source: ByteSource, options: ReadOptions = {}): Promise<Capture> {
  const file = new FileRanges(source, options);
  const problems = new ProblemList(source.size);
  const structure = new FileStructure(file, problems);
  await structure.readHeader();
  const compression = structure.header?.compression ?? 'none';
  // It starts while the rest of the structure is read.
  const { otherThreads } = options;
  const thread = compression === 'none' ? null : (otherThreads?.startDecompression?.(compression) ?? null);
  try {
    await structure.read();
    const data = new BufferData(file, structure, problems, thread);
    // A thread that decompresses leaves no time for it: with both, reading took longer.
    const clear = thread === null ? (otherThreads?.clearMemory ?? null) : null;
    return await readData(source, options, { file, problems, structure, data, clear });
  } finally {
    thread?.end();
  }
}

/** A file whose structure is known. */
interface OpenTraceDat {
  readonly file: FileRanges;
  readonly problems: ProblemList;
  readonly structure: FileStructure;
  readonly data: BufferData;
  readonly clear: ClearMemory | null;
}

async function readData(
  source: ByteSource,
  options: ReadOptions,
  { file, problems, structure, data, clear }: OpenTraceDat,
): Promise<Capture> {
  const [text] = structure.texts;
  if (text && structure.buffers.length === 0) {
    await structure.readNames();
    return readTexts(source, file, structure, data, problems);
  }
  if (text) {
    problems.add(
      text.offset,
      null,
      'the file also holds the text of a latency tracer, which was left out; show it with "trace-cmd report"',
    );
  }
  const { header, metadata } = structure;
  const reader = new RecordReader(
    metadata,
    header?.littleEndian ?? true,
    metadata.page?.longSize ?? 8,
    kernelOf(structure.options.uname),
    problems,
  );
  const records =
    header && metadata.page ? await askForRecords(header, metadata.page, structure, data, reader) : null;
  await structure.readNames();
  let timeBase = 0n;
  let uncomparedBuffers: readonly string[] = [];
  if (records) {
    const rowsAhead = clear && new RowsAhead(reader.table, clear);
    const onLoad = async (base: bigint): Promise<void> => {
      await rowsAhead?.advance();
      await options.onPart?.(reader.table.length, () => captureOf(source, structure, reader, problems, base));
    };
    ({ timeBase, uncomparedBuffers } = await readRecords(structure, records, reader, problems, onLoad));
  } else if (structure.buffers.length > 0 && !structure.damagedSections.has(OptionId.headerInfo)) {
    problems.add(
      header?.end ?? 0,
      null,
      'the file does not say how its pages are laid out (header_page), so no event can be read; record again',
    );
  }
  file.finish(problems);
  const missingNames = missingNamesOf(structure, reader);
  return {
    ...captureOf(source, structure, reader, problems, timeBase),
    missingNames,
    ...(uncomparedBuffers.length === 0 ? {} : { uncomparedBuffers }),
  };
}

/** What was read till now. */
function captureOf(
  source: ByteSource,
  structure: FileStructure,
  reader: RecordReader,
  problems: ProblemList,
  timeBase: bigint,
): Capture {
  reader.flush();
  const { gapRecorder } = reader;
  return {
    path: source.name,
    format: 'trace-dat',
    clock: structure.options.tsc || countsNanoseconds(structure.clock) ? 'ns' : 'ticks',
    resolution: 1,
    timeBase,
    events: reader.table,
    symbols: reader.symbols,
    allocations: null,
    gaps: gapRecorder.gaps,
    lost: gapRecorder.lost,
    problems: [...problems.kept].sort((a, b) => a.offset - b.offset),
    problemCount: problems.count,
    missingNames: null,
    stackRecords: reader.stackRecords,
    orphanStacks: reader.orphanStacks,
    otherEvents: countOtherEvents(reader.table, reader.symbols),
    facts: [...captureFacts(structure), ...readerFacts(reader)],
    kernel: { release: kernelOf(structure.options.uname).release, buildId: null },
    ...(reader.uncertainFlags === null ? {} : { uncertainFlags: reader.uncertainFlags }),
    ...(reader.copies === 0 ? {} : { copiesLeftOut: reader.copies }),
  };
}

/** The data of all buffers, before anything of it was read. */
interface Records {
  readonly header: FileHeader;
  readonly page: PageHeader;
  readonly ranges: readonly CpuPages[];
  /** Bytes of all. */
  readonly total: number;
  /** As of {@link RecordReader.memoryForLoop}. */
  readonly memory: LoopMemory | null;
}

/** Has another thread, if there is one, decompress the first records: it has time while names are read here. */
async function askForRecords(
  header: FileHeader,
  page: PageHeader,
  structure: FileStructure,
  data: BufferData,
  reader: RecordReader,
): Promise<Records> {
  const ranges = cpuRanges(structure, data);
  const total = ranges.reduce((sum, { range }) => sum + range.size, 0);
  const pageSize = ranges.reduce((most, { buffer }) => Math.max(most, buffer.pageSize), 0);
  const memory = reader.memoryForLoop(ranges.length, pageSize, total, data.wanted, data.isWithThread);
  data.allocate = memory && ((length) => memory.allocate(length));
  for (const pages of ranges) await pages.data.askAhead?.();
  return { header, page, ranges, total, memory };
}

/** What is known when all records were read. */
interface RecordsRead {
  /** What to add to their times. */
  readonly timeBase: bigint;
  /** As {@link Capture.uncomparedBuffers}. */
  readonly uncomparedBuffers: readonly string[];
}

/**
 * Reads the records of all buffers.
 *
 * @param onLoad called before more pages are read, with what to add to the times
 */
async function readRecords(
  structure: FileStructure,
  { header, page, ranges, total, memory }: Records,
  reader: RecordReader,
  problems: ProblemList,
  onLoad: (timeBase: bigint) => Promise<void>,
): Promise<RecordsRead> {
  const parts = await cpuParts(ranges);
  const sharedClock = parts[0]?.buffer.clock ?? '';
  const stamps = parts
    .filter(({ buffer }) => buffer.clock === sharedClock)
    .map(({ first }) => first && firstStamp(first, page, header.littleEndian));
  const { timeOffset, tsc, host } = structure.options;
  const clock = new CaptureClock(smallest(stamps), timeOffset, tsc, host);
  const layout = { littleEndian: header.littleEndian, page, record: structure.metadata.record, clock };
  const cursors = parts.map(({ buffer, range, data: cpuData, first }, order) => {
    const isShared = buffer.clock === sharedClock;
    const all = putBack(first, cpuData);
    return new CpuCursor(order, range.cpu, isShared, all, buffer.pageSize, layout, problems);
  });
  const ofBuffers = cursors.map((cursor, index) => ({ cursor, buffer: parts[index]!.buffer }));
  const hits = compareHits(ofBuffers);
  const uncompared = new Set(buffersWithoutCpus(ofBuffers));
  const starts = parts.reduce((sum, { range }) => sum + range.offset, 0);
  const estimate = new RowEstimate(reader.table, total);
  const beforeLoad = (): Promise<void> => {
    if (estimate.isDue) estimate.update(cursors.reduce((sum, cursor) => sum + cursor.fileOffset, 0) - starts);
    return onLoad(clock.timeBase);
  };
  const merge = (own: readonly CpuCursor[]): Promise<void> =>
    mergeCursors(own, reader.queueFor(own, memory), reader, beforeLoad);
  await merge(cursors.filter((cursor) => cursor.hasSharedClock));
  for (const buffer of structure.buffers) {
    const own = ofBuffers.filter((each) => each.buffer === buffer).map(({ cursor }) => cursor);
    if (buffer.clock === sharedClock || own.length === 0) continue;
    problems.add(
      0,
      null,
      `buffer "${buffer.name}" was recorded with the clock ${buffer.clock}, the others with ${sharedClock}: its ` +
        'events come after theirs and have no time',
    );
    const rowsBefore = reader.table.length;
    await merge(own);
    if (haveSameEvents(reader.table, rowsBefore)) uncompared.add(buffer.name);
  }
  const forgotten = hits.reduce((sum, ofCpu) => sum + ofCpu.forgotten, 0);
  if (forgotten > 0) {
    problems.addForFile(
      0,
      `${forgotten} events stand at a time at which the clock stood still for many: those of them that several buffers ` +
        'recorded may count twice; record each event in one buffer, or with another clock',
    );
  }
  return { timeBase: clock.timeBase, uncomparedBuffers: [...uncompared] };
}

function cpuRanges(structure: FileStructure, data: BufferData): CpuPages[] {
  return structure.buffers.flatMap((buffer) => data.ofBuffer(buffer).map((part) => ({ buffer, ...part })));
}

async function cpuParts(ranges: readonly CpuPages[]): Promise<CpuPart[]> {
  const parts: CpuPart[] = [];
  for (const pages of ranges) {
    const first = await pages.data.next();
    if (first !== null || pages.data.isCutOff) parts.push({ ...pages, first });
  }
  return parts;
}

/** Time stamp of the first page of a span, or null when the span is too short for one or zeros. */
function firstStamp({ bytes }: PageSpan, page: PageHeader, littleEndian: boolean): bigint | null {
  if (bytes.length < page.timestampOffset + 8) return null;
  const stamp = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(page.timestampOffset, littleEndian);
  return stamp === 0n ? null : stamp;
}

function smallest(stamps: readonly (bigint | null)[]): bigint {
  let found: bigint | null = null;
  for (const stamp of stamps) if (stamp !== null && (found === null || stamp < found)) found = stamp;
  return found ?? 0n;
}

function putBack(first: PageSpan | null, rest: CpuData): CpuData {
  let waiting = first;
  return {
    get isCutOff() {
      return rest.isCutOff;
    },
    next: async () => {
      const span = waiting ?? (await rest.next());
      waiting = null;
      return span;
    },
    nextInMemory: () => {
      const span = waiting ?? rest.nextInMemory?.() ?? null;
      waiting = null;
      return span;
    },
  };
}

/** Reads a file of a latency tracer, which holds ftrace text in place of ring buffers. */
async function readTexts(
  source: ByteSource,
  file: FileRanges,
  structure: FileStructure,
  data: BufferData,
  problems: ProblemList,
): Promise<Capture> {
  const reader = new FtraceTextReader();
  for (const text of structure.texts) {
    // Offsets are those in the file where the text stands there as it is.
    const window = new LineWindow(shifted(reader, text.isCompressed ? 0 : text.offset), 0);
    const spans = data.ofText(text);
    for (let span = await spans.next(); span !== null; span = await spans.next()) window.push(span.bytes);
    window.finish();
  }
  file.finish(problems);
  for (const problem of problems.kept) reader.problems.addForFile(problem.offset, problem.message);
  return {
    path: source.name,
    format: 'trace-dat',
    clock: reader.isTicks ? 'ticks' : 'ns',
    resolution: reader.resolution,
    timeBase: reader.timeBase,
    events: reader.table,
    symbols: reader.symbols,
    allocations: null,
    gaps: reader.gapRecorder.gaps,
    lost: reader.gapRecorder.lost,
    problems: reader.problems.kept,
    problemCount: reader.problems.count,
    missingNames: null,
    stackRecords: reader.stackRecords,
    orphanStacks: reader.orphanStacks,
    otherEvents: reader.otherEvents(),
    facts: [...captureFacts(structure), ...reader.factList()],
  };
}

function shifted(reader: LineReader, base: number): LineReader {
  return {
    read: (bytes, start, end, offset, last) => reader.read(bytes, start, end, base + offset, last),
    overlongLine: (offset, length) => {
      reader.overlongLine(base + offset, length);
    },
    endsWithoutNewline: (offset) => {
      reader.endsWithoutNewline(base + offset);
    },
  };
}

function readerFacts(reader: RecordReader): (readonly [string, string])[] {
  const facts: (readonly [string, string])[] = [];
  if (reader.flagSource !== null) facts.push(['page flags', reader.flagSource]);
  if (reader.userStacks > 0) facts.push(['user stacks (left out)', String(reader.userStacks)]);
  if (reader.copies > 0) facts.push(['copies of events in other buffers (left out)', String(reader.copies)]);
  if (reader.cutStacks > 0) facts.push(['stacks cut short by the writer', String(reader.cutStacks)]);
  return facts;
}

function missingNamesOf(structure: FileStructure, reader: RecordReader): string | null {
  const { symbols } = structure.metadata;
  if (symbols.codeCount > 0 || reader.stackRecords === 0) return null;
  if (symbols.lineCount > 0) {
    return (
      'all addresses of its kallsyms are 0: record as root with kernel.kptr_restrict=0, or give the /proc/kallsyms of ' +
      'the same boot, saved so'
    );
  }
  return `${lackOfKallsyms(structure)}: give that of the same boot, saved as root, or record with trace-cmd as root`;
}

/** A file whose kallsyms is damaged or lost is not one that was recorded without. */
function lackOfKallsyms({ damagedSections, metadata: { symbols } }: FileStructure): string {
  const offset = damagedSections.get(OptionId.kallsyms);
  if (offset !== undefined) return `the kallsyms of the file, at byte ${offset}, could not be read`;
  if (symbols.textLength > 0) return 'the kallsyms of the file has no line that names an address';
  return 'the file has no kallsyms';
}

/** `Linux host 6.1.192-pagelab x86_64` → `6.1.192-pagelab`, `x86_64`. */
function kernelOf(uname: string | null): { release: string | null; machine: string | null } {
  const match = /(?:^|\s)(\d+\.\d+\S*)(?:.*\s(\S+))?$/.exec(uname ?? '');
  return { release: match?.[1] ?? null, machine: match?.[2] ?? null };
}
