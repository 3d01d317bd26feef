import { NEWLINE } from './ascii';
import type { ByteSource } from './byteSource';
import { joined, putBack, takeHead } from './byteChunks';
import { contentChunks } from './decompress';
import {
  binaryFormat,
  byteOrderMarkLength,
  foreignFormat,
  HEAD_LENGTH,
  isBinary,
  type OtherFormat,
} from './detectFormat';
import type { Capture, SymbolTable } from './eventTable';
import { FtraceTextReader } from './ftraceText';
import { LineWindow, type LineReader } from './lineWindow';
import { PerfScriptReader, isPerfScript } from './perfScript';
import { readPerfData, type PerfDataOptions } from './perfData/perfData';
import { bareFrames } from './nameFrames';
import { isPerfData } from './perfData/perfHeader';
import { collectSource } from './memorySource';
import { ProblemList } from './problemList';
import { RowEstimate } from './rowEstimate';
import { isTraceDat } from './traceDat/fileHeader';
import { readTraceDat } from './traceDat/readTraceDat';
import { ringBufferPages } from './traceDat/ringBufferPages';
import { DmesgReader, isDmesg } from './dmesgText';
import { PageOwnerReader, isPageOwner } from './pageOwnerText';
import { PagePinnerReader, isPagePinner } from './pagePinnerText';
import { QuotedLines, blankQuotes, isQuoted } from './quotedLines';
import type { TextReader } from './textReader';

/** How a capture is read. */
export type OpenCaptureOptions = PerfDataOptions;

/**
 * Reads a capture of any known format, which is told by the content. It may be compressed with gzip, zstd or xz.
 * A file that is something else comes back as a capture without events and with a problem that says what it is.
 *
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function openCapture(source: ByteSource, given: OpenCaptureOptions = {}): Promise<Capture> {
  const options = forwardOnly(given);
  const endProblems = new ProblemList();
  const { chunks, compression } = await contentChunks(source, options, endProblems);
  const beginning = joined(await takeHead(chunks, HEAD_LENGTH));
  const head = beginning.subarray(0, HEAD_LENGTH);
  if (head.length === 0 && endProblems.kept[0]) {
    await chunks.return();
    const { message } = endProblems.kept[0];
    return finished(source, new FtraceTextReader(), new ProblemList(), { format: 'unknown', message });
  }
  const readBinary = binaryReader(head);
  if (readBinary) {
    if (!compression) {
      await chunks.return();
      return readBinary(source, options);
    }
    const all = putBack([beginning], chunks);
    const content = await collectSource(source.name, source.size, all, endProblems, options.pause);
    return unpacked(await readBinary(content, withoutProgress(options)), compression.name, endProblems);
  }
  const other = binaryFormat(head) ?? ringBufferPages(source.name, head);
  if (other) {
    await chunks.return();
    return finished(source, new FtraceTextReader(), endProblems, other);
  }

  const markLength = byteOrderMarkLength(head);
  const { reader, lines } = readersOf(head.subarray(markLength));
  if (compression) reader.facts.set('compression', compression.name);
  const window = new LineWindow(lines, markLength);
  window.push(head);
  if (reader.table.length + reader.ownLines === 0 && isBinary(head)) {
    await chunks.return();
    return finished(source, new FtraceTextReader(), endProblems, foreignFormat(head));
  }
  window.push(beginning.subarray(HEAD_LENGTH));
  const { onPart, pause } = options;
  // What comes behind the last line, or before it, would change rows that were shown.
  const isInOrder = reader.finish === undefined;
  // Of a compressed file it is not known how long its content is.
  const estimate = compression ? null : new RowEstimate(reader.table, source.size);
  let bytesPushed = beginning.length;
  for await (const chunk of chunks) {
    window.push(chunk);
    bytesPushed += chunk.length;
    if (estimate?.isDue) estimate.update(bytesPushed);
    if (isInOrder)
      await onPart?.(reader.table.length, () => finished(source, reader, new ProblemList(), null));
    await pause?.();
  }
  // Why it ends here is said by whoever opened it: nothing is cut off.
  const isBrokenOff = Boolean(source.failure);
  if (isBrokenOff) window.breakOff();
  else window.finish();
  reader.finish?.();
  if (reader.table.length + reader.ownLines === 0) {
    return finished(source, new FtraceTextReader(), endProblems, foreignFormat(head));
  }
  if (isBrokenOff) return finished(source, reader, new ProblemList(), null);
  const missingEntries = reader.missingEntries?.() ?? null;
  const capture = finished(source, reader, endProblems, null);
  return missingEntries === null ? capture : { ...capture, missingEntries };
}

/** The reader of a format that needs any part of the file at any time, or null for all others. */
function binaryReader(
  head: Uint8Array,
): ((source: ByteSource, options: OpenCaptureOptions) => Promise<Capture>) | null {
  if (isTraceDat(head)) return readTraceDat;
  return isPerfData(head) ? readPerfData : null;
}

/** The reader of the text that begins so, and what takes its lines. */
function readersOf(head: Uint8Array): { readonly reader: TextReader; readonly lines: LineReader } {
  if (!isQuoted(head) || isDmesg(head)) {
    const reader = textReader(head);
    return { reader, lines: reader };
  }
  const indented = head.slice();
  blankQuotes(indented, 0, indented.lastIndexOf(NEWLINE) + 1);
  const reader = textReader(indented);
  return { reader, lines: new QuotedLines(reader) };
}

/** The reader of the text that begins so. */
function textReader(head: Uint8Array): TextReader {
  if (isPageOwner(head)) return new PageOwnerReader();
  if (isPagePinner(head)) return new PagePinnerReader();
  if (isDmesg(head)) return new DmesgReader();
  return isPerfScript(head) ? new PerfScriptReader() : new FtraceTextReader();
}

/** What was read from the content of a compressed file, with what the decompression says. */
function unpacked(capture: Capture, compression: string, endProblems: ProblemList): Capture {
  return {
    ...capture,
    problems: [...capture.problems, ...endProblems.kept],
    problemCount: capture.problemCount + endProblems.count,
    facts: [['compression', compression], ...capture.facts],
  };
}

/** A binary reader begins anew behind the look at the head: its progress counts once it is beyond that. */
function forwardOnly(options: OpenCaptureOptions): OpenCaptureOptions {
  const { onProgress } = options;
  if (!onProgress) return options;
  let reported = 0;
  return {
    ...options,
    onProgress: (bytesRead, totalBytes) => {
      reported = Math.max(reported, bytesRead);
      onProgress(reported, totalBytes);
    },
  };
}

/** The bytes of the file were counted while they were decompressed; no part of the little that is left is shown. */
function withoutProgress(options: OpenCaptureOptions): OpenCaptureOptions {
  return { ...options, onProgress: () => undefined, onPart: () => undefined };
}

function finished(
  source: ByteSource,
  reader: TextReader,
  endProblems: ProblemList,
  other: OtherFormat | null,
): Capture {
  const {
    problems,
    gapRecorder,
    timeGoesBack,
    joinedTraces,
    uncomparedBuffers = [],
    unprintedStacks = 0,
  } = reader;
  if (other) problems.add(0, null, other.message);
  for (const problem of endProblems.kept) problems.addForFile(problem.offset, problem.message);
  return {
    path: source.name,
    format: other?.format ?? reader.format,
    clock: reader.isTicks ? 'ticks' : 'ns',
    resolution: reader.resolution,
    timeBase: reader.timeBase,
    events: reader.table,
    symbols: reader.symbols,
    allocations: reader.allocations ?? null,
    gaps: gapRecorder.gaps,
    lost: gapRecorder.lost,
    problems: problems.kept,
    problemCount: problems.count,
    missingNames: isAllBare(reader.symbols) ? KALLSYMS_NEEDED : null,
    stackRecords: reader.stackRecords,
    orphanStacks: reader.orphanStacks,
    otherEvents: reader.otherEvents(),
    facts: reader.factList(),
    ...(reader.kernel ? { kernel: reader.kernel } : {}),
    ...(timeGoesBack ? { timeGoesBack } : {}),
    ...(joinedTraces ? { joinedTraces } : {}),
    ...(uncomparedBuffers.length > 0 ? { uncomparedBuffers } : {}),
    ...(reader.uncertainFlags ? { uncertainFlags: reader.uncertainFlags } : {}),
    ...(unprintedStacks > 0 ? { unprintedStacks } : {}),
  };
}

const KALLSYMS_NEEDED = 'give the /proc/kallsyms of the recorded kernel, saved as root in the same boot';

/** Whether there are stacks, of addresses alone: `trace-cmd report -R`. */
function isAllBare(symbols: SymbolTable): boolean {
  return symbols.frameCount > 0 && bareFrames(symbols) === symbols.frameCount;
}
