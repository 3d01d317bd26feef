/**
 * What reading and analysing one capture takes, measured from within a process of its own.
 *
 *   node library.cjs FILE             reads and analyses it, and prints what that took as one line of JSON
 *   node library.cjs FILE --answers   opens it in the engine, and prints how long single pages take to answer
 */
import type { Capture } from '../../src/capture/eventTable';
import { openCapture } from '../../src/capture/openCapture';
import { Engine } from '../../src/engine/engine';
import { NodeFile } from '../../src/engine/nodeFile';
import { analyseHolders } from '../../src/holders/analyseHolders';

/** Pages that are asked for, spread over all. */
const ASKED = 200;

/** Wall and CPU time (user and system, of all threads) since a moment, in seconds. */
class Stopwatch {
  private readonly wall = performance.now();
  private readonly cpu = process.cpuUsage();

  read(): { wall: number; cpu: number } {
    const { user, system } = process.cpuUsage(this.cpu);
    return { wall: (performance.now() - this.wall) / 1000, cpu: (user + system) / 1e6 };
  }
}

async function readAndAnalyse(path: string): Promise<object> {
  const startup = process.cpuUsage();
  const before = process.memoryUsage.rss();
  const file = await NodeFile.open(path);
  const reading = new Stopwatch();
  const capture = await openCapture(file);
  const read = reading.read();
  await file.close();
  const analysing = new Stopwatch();
  const pages = analyseHolders(capture);
  const analyse = analysing.read();
  return {
    format: capture.format,
    bytes: file.size,
    events: capture.events.length,
    stacks: capture.stackRecords,
    distinctStacks: capture.symbols.stackCount,
    pages: pages.length,
    problems: capture.problemCount,
    read,
    analyse,
    startup: (startup.user + startup.system) / 1e6,
    tableBytes: tableBytes(capture),
    rssBefore: before,
    rssPeak: process.resourceUsage().maxRSS * 1024,
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

async function answers(path: string): Promise<object> {
  const engine = new Engine();
  await engine.openCapture({ path });
  const all = { tree: 'holders', node: null, start: 0, end: Infinity, reason: null } as const;
  const rows = new Stopwatch();
  const { nodes } = await engine.children(all);
  const list = rows.read().wall;
  const step = Math.max(1, Math.floor(nodes.length / ASKED));
  const times: number[] = [];
  for (let i = 0; i < nodes.length; i += step) {
    const one = new Stopwatch();
    await engine.text({ node: nodes[i]!.id, reason: null });
    times.push(one.read().wall);
  }
  times.sort((a, b) => a - b);
  return {
    rows: nodes.length,
    list,
    asked: times.length,
    median: times[times.length >> 1] ?? null,
    worst: times.at(-1) ?? null,
  };
}

const [path = '', mode] = process.argv.slice(2);
void (mode === '--answers' ? answers(path) : readAndAnalyse(path)).then((result) => {
  process.stdout.write(`${JSON.stringify(result)}\n`);
});
