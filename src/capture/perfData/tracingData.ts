import type { ProblemList } from '../problemList';
import { MAGIC } from '../traceDat/fileHeader';
import { TraceMetadata } from '../traceDat/metadata';
import { SequentialReader, type ReadableRange } from '../traceDat/sequentialReader';
import { UnexpectedData } from '../traceDat/unexpectedData';

/** From this version on the tracing data ends with the names of tasks (util/trace-event-read.c of perf). */
const FIRST_WITH_COMMAND_LINES = 0.6;

/**
 * Reads the tracing data of a perf.data: what trace-cmd writes at the beginning of a trace.dat of version 6, with
 * its own version numbers 0.5 and 0.6 (tools/perf/util/trace-event-info.c). What comes before a damaged place is
 * kept.
 *
 * @param place offset in the file to name in messages, or null when `source` is the file
 */
export async function readTracingData(
  source: ReadableRange,
  offset: number,
  size: number,
  place: number | null,
  problems: ProblemList,
): Promise<TraceMetadata> {
  const metadata = new TraceMetadata();
  try {
    await readParts(metadata, source, offset, offset + size, place);
  } catch (error) {
    if (!(error instanceof UnexpectedData)) throw error;
    problems.add(error.offset, null, `tracing data: ${error.message}`);
  }
  return metadata;
}

async function readParts(
  metadata: TraceMetadata,
  source: ReadableRange,
  start: number,
  end: number,
  place: number | null,
): Promise<void> {
  const head = new SequentialReader(source, start, end, true, place);
  const magic = await head.bytes(MAGIC.length, 'the mark of tracing data');
  if (new TextDecoder('latin1').decode(magic) !== MAGIC) {
    throw new UnexpectedData(
      place ?? start,
      'it does not begin with "\\x17\\x08\\x44tracing"; the file is damaged',
    );
  }
  const version = await head.string('the version');
  const littleEndian = (await head.u8('the byte order')) === 0;
  await head.u8('the size of a long');
  const reader = new SequentialReader(source, head.position, end, littleEndian, place);
  await reader.u32('the page size');
  // They lay out the pages of the ring buffer, which a perf.data does not hold.
  for (const name of ['header_page', 'header_event']) {
    await reader.skip(name.length + 1, name);
    await reader.skip(await reader.u64(`the size of ${name}`), name);
  }
  await metadata.readFtraceFormats(reader);
  await metadata.readEventFormats(reader);
  await metadata.readKallsyms(reader);
  await metadata.readPrintkFormats(reader);
  if (Number(version) >= FIRST_WITH_COMMAND_LINES) await metadata.readCommandLines(reader);
}
