/**
 * Runs a reader over many damaged files. Every round has random numbers of its own, so that one that fails can be
 * run alone: the message says how, and the file that was read is kept.
 *
 * `MUTATIONS` is the number of rounds, `MUTATION_SEED` makes others of them, `MUTATION_ROUND` runs one alone.
 *
 * A campaign runs in a worker: one that hangs can be ended, its heap is bounded, and it is spared the tracking of
 * every promise that the test runner does, which costs more than reading a small file.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test as register } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { processorTime } from './processorTime';
import { seededRandom } from './random';

/** Rounds of a campaign. */
export const MUTATIONS = Number(process.env['MUTATIONS'] ?? 20_000);
const SEED = Number(process.env['MUTATION_SEED'] ?? 20261123);
const ONLY_ROUND = process.env['MUTATION_ROUND'];
const FAILED = 'out/mutations';

/** No round may take more of the processors, in ms: of what other threads of the process take there is little. */
const LONGEST = 5_000;
/** After this many ms a round is taken to hang, on however busy a machine. */
const HANGS = 120_000;
/** Heap of a worker in MB, array buffers apart: what the largest files of a campaign need several times over. */
const LARGEST_HEAP = 400;

interface Campaign {
  /** How many rounds, {@link MUTATIONS} unless told. */
  readonly rounds?: number;
  /** Makes the damaged file of a round. */
  readonly make: (random: () => number, round: number) => Uint8Array;
  /** Reads it, throws what is wrong with the result, and returns whether the file was of the kind meant. */
  readonly examine: (bytes: Uint8Array, random: () => number, round: number) => Promise<boolean>;
  /** Part of the rounds whose file has to be of the kind meant, say damaged in a way that shows. */
  readonly least?: number;
  /** Where the library that is tried cannot be cleaned up: rounds after which another worker goes on. */
  readonly roundsOfWorker?: number;
}

interface Task {
  readonly name: string;
  readonly first: number;
  readonly behind: number;
  /** The round under way. */
  readonly current: Int32Array;
}

/** As `test` of node:test; a worker that runs a campaign registers no tests. */
export function test(name: string, body: () => Promise<void>): void {
  if (isMainThread) void register(name, body);
}

/** Registers a campaign as a test of this name. A file may have several. */
export function campaign(name: string, what: Campaign): void {
  if (isMainThread) {
    void register(name, () => inWorkers(name, what));
    return;
  }
  const task = workerData as Task;
  if (task.name !== name) return;
  // Only when the whole file is loaded: its constants are used.
  setImmediate(() => {
    void run(task, what).then((ofKind) => {
      parentPort!.postMessage(ofKind);
    });
  });
}

async function inWorkers(name: string, what: Campaign): Promise<void> {
  const { rounds = MUTATIONS, least = 0, roundsOfWorker = Infinity } = what;
  const begin = ONLY_ROUND === undefined ? 0 : Number(ONLY_ROUND);
  const end = ONLY_ROUND === undefined ? Math.ceil(rounds) : begin + 1;
  let ofKind = 0;
  for (let first = begin; first < end; first += roundsOfWorker) {
    ofKind += await inWorker({
      name,
      first,
      behind: Math.min(end, first + roundsOfWorker),
      current: new Int32Array(new SharedArrayBuffer(4)),
    });
  }
  if (ONLY_ROUND !== undefined) return;
  assert.ok(ofKind >= (end - begin) * least, `${ofKind} of ${end - begin} files were of the kind meant`);
}

/** Number of files that were of the kind meant. */
function inWorker(task: Task): Promise<number> {
  const worker = new Worker(__filename, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP },
  });
  const where = (): string => placeOf(task.name, Atomics.load(task.current, 0));
  return new Promise((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      const current = Atomics.load(task.current, 0);
      if (current === last) {
        void worker.terminate();
        reject(new Error(`${where()}: hangs`));
      }
      last = current;
    }, HANGS);
    worker.once('message', resolve);
    worker.once('error', (error) => {
      reject(error.message.startsWith(task.name) ? error : new Error(`${where()}: ${error.message}`));
    });
    worker.once('exit', () => {
      clearInterval(watch);
      reject(new Error(`${where()}: the worker ended`));
    });
  });
}

async function run({ name, first, behind, current }: Task, { make, examine }: Campaign): Promise<number> {
  let ofKind = 0;
  for (let round = first; round < behind; round++) {
    Atomics.store(current, 0, round);
    const random = seededRandom(hashOf(name, SEED, round));
    const bytes = make(random, round);
    const start = performance.now();
    try {
      if (await examine(bytes, random, round)) ofKind++;
      if (performance.now() - start > LONGEST) await assertShort(() => examine(bytes, random, round));
    } catch (error) {
      const said = error instanceof Error ? error.stack : String(error);
      throw new Error(`${placeOf(name, round)}: ${said}\nThe file is ${kept(name, round, bytes)}`);
    }
  }
  return ofKind;
}

/** Asking for the processors' time takes longer than to read a small file, so it is done where that may be too much. */
async function assertShort(examine: () => Promise<boolean>): Promise<void> {
  const start = processorTime();
  await examine();
  const taken = processorTime() - start;
  assert.ok(taken <= LONGEST, `took ${Math.round(taken)} ms`);
}

function placeOf(name: string, round: number): string {
  return `${name}, again with MUTATION_SEED=${SEED} MUTATION_ROUND=${round}`;
}

function kept(name: string, round: number, bytes: Uint8Array): string {
  mkdirSync(FAILED, { recursive: true });
  const file = path.join(FAILED, `${name.replace(/\W+/g, '-')}-${SEED}-${round}`);
  writeFileSync(file, bytes);
  return file;
}

function hashOf(name: string, seed: number, round: number): number {
  let hash = seed;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return Math.imul(hash ^ round, 0x9e3779b1) ^ (round * 0x85ebca6b);
}
