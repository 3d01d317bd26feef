import { NO_CPU } from '../eventTable';
import { CHUNK_HEAD, COUNT_SIZE } from './compressedCpuData';
import type { CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import type { PageHeader } from './metadata';
import type { FoundSection } from './sections';
import { SequentialReader } from './sequentialReader';

/** No kernel has more (NR_CPUS of x86 with MAXSMP): where times go back more often, the pages are damaged. */
const MOST_CPUS = 8192;

/** The data of one CPU, of which it is not known which one. */
type CpuRun = Omit<CpuRange, 'cpu'>;

/** How the pages of a section are laid out. */
interface PageLayout {
  readonly littleEndian: boolean;
  readonly pageSize: number;
  readonly page: PageHeader;
}

/**
 * Finds the data of each CPU in the section of a buffer whose option is lost. trace-cmd writes one CPU after the other,
 * each from the next multiple of the page size on, and nothing for a CPU without data (tcmd_out_write_cpu_data() of
 * lib/trace-cmd/trace-output.c).
 */
export function findCpuRuns(file: FileRanges, section: FoundSection, layout: PageLayout): Promise<CpuRun[]> {
  return section.isCompressed ? chunkRuns(file, section, layout) : pageRuns(file, section, layout);
}

/**
 * The CPUs that the runs are of, as far as that is sure, else NO_CPU.
 *
 * @param runsAreSure false where two CPUs may stand in one run
 * @param activeCpus those with events by the statistics, empty where there are none
 */
export function cpusOfRuns(
  runCount: number,
  runsAreSure: boolean,
  activeCpus: readonly number[],
  cpuCount: number | null,
): number[] {
  const isPart = runsAreSure && runCount < activeCpus.length;
  if (isPart || runCount === activeCpus.length) return activeCpus.slice(0, runCount);
  const cpus = Array.from({ length: runCount }, (_, cpu) => cpu);
  return runCount === cpuCount ? cpus : cpus.map(() => NO_CPU);
}

/** Compressed: a number of chunks and the chunks say where the data of a CPU ends. */
async function chunkRuns(
  file: FileRanges,
  section: FoundSection,
  { littleEndian, pageSize }: PageLayout,
): Promise<CpuRun[]> {
  const { dataOffset, end } = section;
  const reader = new SequentialReader(file, dataOffset, end, littleEndian);
  const runs: CpuRun[] = [];
  for (;;) {
    const offset = nextMultiple(reader.position, pageSize);
    if (offset + COUNT_SIZE + CHUNK_HEAD > end) return runs;
    await reader.skip(offset - reader.position, 'the gap before the data of a CPU');
    const count = await reader.u32('the number of compressed chunks');
    // It is 0 as long as trace-cmd writes the chunks. Zeros behind it are what no one wrote.
    if (count === 0 && (await reader.u32('the compressed size of a chunk')) === 0) continue;
    const isWhole = count > 0 && (await skipChunks(reader, count));
    runs.push({ offset, size: (isWhole ? reader.position : end) - offset - COUNT_SIZE, isCutOff: !isWhole });
    if (!isWhole) return runs;
  }
}

/** Skips the chunks of a CPU; false where they go on behind the end. */
async function skipChunks(reader: SequentialReader, count: number): Promise<boolean> {
  for (let i = 0; i < count; i++) {
    if (reader.remaining < CHUNK_HEAD) return false;
    const compressed = await reader.u32('the compressed size of a chunk');
    await reader.skip(4, 'the size of a chunk');
    if (compressed > reader.remaining) return false;
    await reader.skip(compressed, 'a compressed chunk');
  }
  return true;
}

/** Flat: where the time of a page is before that of the page before, another CPU begins. */
async function pageRuns(
  file: FileRanges,
  section: FoundSection,
  { littleEndian, pageSize, page }: PageLayout,
): Promise<CpuRun[]> {
  const { dataOffset, end } = section;
  const spanSize = Math.max(1, Math.floor(file.chunkSize / pageSize)) * pageSize;
  const starts: number[] = [];
  let last = -1n;
  let runsEnd = nextMultiple(dataOffset, pageSize);
  while (runsEnd < end) {
    const bytes = await file.read(runsEnd, Math.min(spanSize, end - runsEnd));
    if (bytes.length === 0) break;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + page.timestampOffset + 8 <= bytes.length; at += pageSize) {
      const time = view.getBigUint64(at + page.timestampOffset, littleEndian);
      // No clock of a running kernel stands at 0: nothing was written here.
      if (time === 0n) return runsBetween(starts, runsEnd + at, true);
      const isOther = last < 0n || time < last;
      if (isOther && starts.length < MOST_CPUS) starts.push(runsEnd + at);
      last = time;
    }
    runsEnd += bytes.length;
  }
  return runsBetween(starts, runsEnd, section.isCutOff);
}

function runsBetween(starts: readonly number[], end: number, isCutOff: boolean): CpuRun[] {
  return starts.map((offset, index) => {
    const isLast = index === starts.length - 1;
    return { offset, size: (starts[index + 1] ?? end) - offset, isCutOff: isLast && isCutOff };
  });
}

function nextMultiple(offset: number, size: number): number {
  return Math.ceil(offset / size) * size;
}
