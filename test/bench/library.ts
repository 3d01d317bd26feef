/**
 * What reading and analysing one capture takes, measured from within a process of its own.
 *
 *   node library.cjs FILE [--ask]   prints what it took as one line of JSON: times in seconds, sizes in bytes
 *
 * With --ask, pages are asked for afterwards: a process of its own, as that is no part of reading and analysing.
 */
import { join } from 'node:path';
import { NONE, type Capture } from '../../src/capture/eventTable';
import { openCapture } from '../../src/capture/openCapture';
import { atOnce } from '../../src/capture/turns';
import { NodeFile } from '../../src/engine/node/nodeFile';
import { otherThreadsOf } from '../../src/engine/node/otherThreads';
import { HolderAnalyser } from '../../src/holders/analyseHolders';

/** Pages that are asked for: so many spread over all, and as many of those with most events. */
const ASKED = 100;

/** Wall and CPU time (user and system, of all threads) since a moment, in seconds. */
class Stopwatch {
  private readonly wall = performance.now();
  private readonly cpu = process.cpuUsage();

  read(): { wall: number; cpu: number } {
    const { user, system } = process.cpuUsage(this.cpu);
    return { wall: (performance.now() - this.wall) / 1000, cpu: (user + system) / 1e6 };
  }
}

async function readAndAnalyse(path: string, asks: boolean): Promise<object> {
  const before = process.memoryUsage.rss();
  const file = await NodeFile.open(path, otherThreadsOf(join(__dirname, 'decompression.js')));
  const { otherThreads } = file;
  const reading = new Stopwatch();
  const capture = await openCapture(file, otherThreads ? { otherThreads } : {});
  const read = reading.read();
  await file.close();
  const analysing = new Stopwatch();
  const analyser = atOnce(HolderAnalyser.of(capture));
  const { pages } = atOnce(analyser.analyse());
  const analyse = analysing.read();
  const rssPeak = process.resourceUsage().maxRSS * 1024;
  return {
    format: capture.format,
    bytes: file.size,
    events: capture.events.length,
    stacks: capture.stackRecords,
    distinctStacks: capture.symbols.stackCount,
    pages: pages.length,
    ...(asks ? answers(capture, analyser) : {}),
    problems: capture.problemCount,
    read,
    analyse,
    tableBytes: tableBytes(capture),
    rssBefore: before,
    rssPeak,
  };
}

/** What the rows in use take in all columns. */
function tableBytes({ events }: Capture): number {
  const taken = (columns: object, length: number): number =>
    Object.values(columns).reduce<number>(
      (sum, column) => (isColumn(column) ? sum + column.BYTES_PER_ELEMENT * length : sum),
      0,
    );
  return taken(events, events.length) + taken(events.details, events.details.length);
}

function isColumn(value: unknown): value is Float64Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value;
}

/** How much CPU time it takes to say of one page who holds it, in seconds. */
function answers(
  capture: Capture,
  analyser: HolderAnalyser,
): { page: number | null; worstPage: number | null } {
  const times = askedPages(capture).map((pfn) => {
    const one = new Stopwatch();
    analyser.page(pfn);
    return one.read().cpu;
  });
  times.sort((a, b) => a - b);
  return { page: times[times.length >> 1] ?? null, worstPage: times.at(-1) ?? null };
}

function askedPages({ events }: Capture): number[] {
  const counts = new Map<number, number>();
  for (let row = 0; row < events.length; row++) {
    const pfn = events.pfn[row]!;
    if (pfn !== NONE) counts.set(pfn, (counts.get(pfn) ?? 0) + 1);
  }
  const all = [...counts.keys()];
  const step = Math.max(1, Math.floor(all.length / ASKED));
  const busiest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, ASKED);
  return [...all.filter((_, index) => index % step === 0), ...busiest.map(([pfn]) => pfn)];
}

const [path = '', ask] = process.argv.slice(2);
void readAndAnalyse(path, ask === '--ask').then((result) => {
  process.stdout.write(`${JSON.stringify(result)}\n`);
});
