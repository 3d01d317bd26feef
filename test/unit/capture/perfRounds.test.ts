/** perf.data put in order round by round is what it is when all of it is sorted at the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { rowTexts } from './support/describeCapture';
import { KERNEL_CONTEXT } from './support/perfDataWriter';
import { Records, recording } from './support/perfRecording';
import { below, pick, seededRandom } from './support/random';
import { memorySource } from './support/sources';

const EVENTS = 6000;
const CPUS = 4;
const START = 5_000_000_000;

interface Written {
  readonly time: number;
  readonly cpu: number;
  readonly write: (records: Records) => void;
}

/** What happens on some CPUs, in order of time: samples of tasks that are born and renamed, and losses. */
function activity(random: () => number, hasEqualTimes: boolean): Written[] {
  let time = START;
  return Array.from({ length: EVENTS }, (_, index) => {
    time += hasEqualTimes ? below(random, 3) : 1 + below(random, 50);
    const now = time;
    const cpu = below(random, CPUS);
    const tid = 1 + below(random, 20);
    const kind = below(random, 100);
    const chain = [KERNEL_CONTEXT, 0xffffffff81000010n + BigInt(below(random, 5))];
    const write = (records: Records): void => {
      if (kind === 0) records.comm(tid, `task${index}`, now);
      else if (kind === 1) records.fork(tid, 1 + (index % 20), now);
      else if (kind === 2) records.lost(1 + (index % 7), now, cpu);
      else records.pageRef({ tid, time: now, cpu, chain }, BigInt(index), 2, -1);
    };
    return { time, cpu, write };
  });
}

/** The activity as perf reads it: round by round all CPUs, one after the other, while events go on to come. */
function inRounds(
  random: () => number,
  all: readonly Written[],
  count = pick(random, [3, 8, 40]),
): Written[][] {
  const left = Array.from({ length: CPUS }, (_, cpu) => all.filter((event) => event.cpu === cpu));
  const rounds: Written[][] = [];
  const end = all.at(-1)!.time;
  const step = (end - START) / count;
  for (let time = START; time <= end;) {
    const round: Written[] = [];
    for (const events of left) {
      time += step * (0.1 + random() / CPUS);
      while (events[0] && events[0].time < time) round.push(events.shift()!);
    }
    rounds.push(round);
  }
  rounds.push(left.flat());
  return rounds;
}

function recordsOf(rounds: readonly (readonly Written[])[], marks: boolean): Records {
  const records = new Records(true).comm(1, 'first').comm(2, 'second');
  for (const round of rounds) {
    for (const event of round) event.write(records);
    if (marks) records.round();
  }
  return records.lostSamples(3);
}

async function read(records: Records, piece: number): Promise<Capture> {
  return openCapture(memorySource(recording({ little: true, pipe: false, piece }, records)), {
    chunkSize: 1 << 16,
  });
}

function assertSame(found: Capture, expected: Capture): void {
  assert.deepEqual(rowTexts(found), rowTexts(expected));
  assert.deepEqual(found.gaps, expected.gaps);
  for (const key of ['timeBase', 'lost', 'problemCount', 'stackRecords'] as const) {
    assert.equal(found[key], expected[key], key);
  }
}

for (const piece of [0, 3000]) {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const what = `${piece > 0 ? 'compressed' : 'plain'}, seed ${seed}`;
    test(`rounds: ${what}`, async () => {
      const random = seededRandom(seed);
      // Of records in one compressed record it is not known which came first.
      const rounds = inRounds(random, activity(random, piece === 0 && seed % 2 === 0));
      const expected = await read(recordsOf(rounds, false), piece);
      assert.ok(expected.gaps.length > 10 && expected.events.length > EVENTS / 2);
      assertSame(await read(recordsOf(rounds, true), piece), expected);
    });

    test(`rounds with records that come too late: ${what}`, async () => {
      const random = seededRandom(seed + 100);
      const rounds = inRounds(random, activity(random, false));
      for (let i = 0; i < 3; i++) {
        const from = rounds[below(random, rounds.length >> 1)]!;
        const [late] = from.splice(below(random, from.length), 1);
        if (late) rounds.at(-1 - i)!.push(late);
      }
      const expected = await read(recordsOf(rounds, false), piece);
      assertSame(await read(recordsOf(rounds, true), piece), expected);
    });
  }
}

test('names that perf adds when it ends count from the beginning', async () => {
  const random = seededRandom(7);
  const rounds = inRounds(random, activity(random, false));
  const records = recordsOf(rounds, true).comm(3, 'known-late');
  const expected = await read(recordsOf(rounds, false).comm(3, 'known-late'), 0);
  assertSame(await read(records, 0), expected);
});

/** The parts that are shown while records are read, as they were then. */
async function readParts(
  records: Records,
): Promise<{ whole: Capture; parts: { part: Capture; texts: string[] }[] }> {
  const parts: { part: Capture; texts: string[] }[] = [];
  const whole = await openCapture(memorySource(recording({ little: true, pipe: false, piece: 0 }, records)), {
    chunkSize: 1 << 12,
    onPart: (rows, soFar) => {
      const part = soFar();
      assert.equal(part.events.length, rows);
      analyseHolders(part);
      parts.push({ part, texts: rowTexts(part) });
      return undefined;
    },
  });
  return { whole, parts };
}

test('what rounds settle is shown while the rest is read, and is what the whole begins with', async () => {
  const random = seededRandom(11);
  const { whole, parts } = await readParts(recordsOf(inRounds(random, activity(random, false), 40), true));
  assert.ok(parts.length >= 3, `${parts.length} parts`);
  const all = rowTexts(whole);
  for (const { texts } of parts) {
    assert.ok(texts.length > 0 && texts.length < all.length);
    assert.deepEqual(texts, all.slice(0, texts.length));
  }
});

test('a part that was shown stays as it was when a record comes too late', async () => {
  const random = seededRandom(12);
  const rounds = inRounds(random, activity(random, false), 40);
  rounds.at(-1)!.push(rounds[3]!.pop()!);
  const { whole, parts } = await readParts(recordsOf(rounds, true));
  assert.ok(parts.length >= 2, `${parts.length} parts`);
  for (const { part, texts } of parts) assert.deepEqual(rowTexts(part), texts);
  assertSame(whole, await read(recordsOf(rounds, false), 0));
});
