import type { ByteSource } from './byteSource';
import { byteChunks, joined, putBack, takeHead, type ReadOptions } from './byteChunks';
import {
  binaryFormat,
  byteOrderMarkLength,
  foreignFormat,
  foreignText,
  HEAD_LENGTH,
  isBinary,
  type OtherFormat,
} from './detectFormat';
import type { Capture } from './eventTable';
import { FtraceTextReader } from './ftraceText';
import { gunzip, isGzip } from './gunzip';
import { LineWindow } from './lineWindow';
import { ProblemList } from './problemList';

export type OpenCaptureOptions = ReadOptions;

/**
 * Reads a capture of any known format, which is told by the content. Text may be gzipped. A file that is
 * something else comes back as a capture without events and with a problem that says what it is.
 *
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function openCapture(source: ByteSource, options: OpenCaptureOptions = {}): Promise<Capture> {
  const reader = new FtraceTextReader();
  const compressed = new ProblemList();
  let chunks = byteChunks(source, options);
  let taken = await takeHead(chunks, 2);
  chunks = putBack(taken, chunks);
  const isCompressed = isGzip(joined(taken, 2));
  if (isCompressed) {
    chunks = gunzip(chunks, compressed);
    reader.facts.set('compression', 'gzip');
  }
  taken = await takeHead(chunks, HEAD_LENGTH);
  const head = joined(taken, HEAD_LENGTH);
  const other = binaryFormat(head);
  if (other) return finished(source, reader, compressed, other);

  const window = new LineWindow(reader, byteOrderMarkLength(head));
  for (const chunk of taken) window.push(chunk);
  if (reader.table.length + reader.ownLines === 0) {
    const foreign = foreignText(head) ?? (isBinary(head) ? foreignFormat(head) : null);
    if (foreign) {
      await chunks.return();
      return finished(source, new FtraceTextReader(), compressed, foreign);
    }
  }
  for await (const chunk of chunks) window.push(chunk);
  window.finish();
  if (reader.table.length + reader.ownLines === 0) {
    return finished(source, new FtraceTextReader(), compressed, foreignFormat(head));
  }
  return finished(source, reader, compressed, null);
}

function finished(
  source: ByteSource,
  reader: FtraceTextReader,
  compressed: ProblemList,
  other: OtherFormat | null,
): Capture {
  const { problems, gapRecorder } = reader;
  if (other) problems.add(0, null, other.message);
  for (const problem of compressed.kept) problems.add(problem.offset, problem.line, problem.message);
  return {
    path: source.name,
    format: other?.format ?? (reader.isTraceCmd ? 'trace-cmd-report' : 'ftrace'),
    clock: reader.isTicks ? 'ticks' : 'ns',
    resolution: reader.resolution,
    timeBase: reader.timeBase,
    events: reader.table,
    symbols: reader.symbols,
    gaps: gapRecorder.gaps,
    lost: gapRecorder.lost,
    problems: problems.kept,
    problemCount: problems.count,
    stackRecords: reader.stackRecords,
    orphanStacks: reader.orphanStacks,
    otherEvents: reader.otherEvents(),
    facts: reader.factList(),
  };
}
