import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gap } from '../../../src/capture/eventTable';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { MissingEvents } from '../../../src/holders/missingEvents';
import { openCapture } from '../../../src/capture/openCapture';
import type { Reference } from '../../../src/holders/model';
import { memorySource, traceText, type EventText } from '../support/traceText';
import { allocated, change, FAULT, finish, named, refused, start } from './support/pageEvents';

function gap(beforeRow: number, given: Partial<Gap> = {}): Gap {
  return { cpu: 1, from: null, to: null, events: 5, beforeRow, cause: 'lost', ...given };
}

test('gaps between two rows are summed, with their CPUs', () => {
  const missing = new MissingEvents([gap(20, { cpu: 3 }), gap(10), gap(30), gap(15, { cause: 'started' })]);
  assert.equal(missing.between(0, 9), null);
  assert.equal(missing.between(10, 19), null);
  assert.equal(missing.between(9, 10), '5 events of CPU 1 are missing');
  assert.equal(missing.between(0, 25), '10 events of CPU 1, 3 are missing');
  assert.equal(new MissingEvents([gap(4, { events: null, cpu: null })]).between(3, 4), 'events are missing');
  assert.equal(new MissingEvents([gap(4, { events: 1 })]).between(3, 4), '1 event of CPU 1 is missing');
});

test('sums and CPUs between any two rows are those that a search through all gaps finds', () => {
  let state = 3;
  // Park and Miller's generator: the same gaps on every machine.
  const random = (below: number): number => (state = (state * 48271) % 0x7fffffff) % below;
  for (let round = 0; round < 200; round++) {
    const gaps = Array.from({ length: random(12) }, () =>
      gap(random(40), {
        cpu: random(4) === 0 ? null : random(5),
        events: random(4) === 0 ? null : random(9),
        cause: random(5) === 0 ? 'started' : 'lost',
      }),
    );
    const missing = new MissingEvents(gaps);
    for (const [from, to] of Array.from({ length: 20 }, () => [random(45) - 2, random(45) - 2] as const)) {
      for (const end of [to, Infinity]) {
        const within = gaps.filter(
          ({ cause, beforeRow }) => cause !== 'started' && beforeRow > from && beforeRow <= end,
        );
        assert.equal(missing.gapsBetween(from, end), within.length);
        assert.equal(missing.between(from, end), missingText(within));
      }
    }
  }
});

/** What is missing in some gaps, told by a look at each. */
function missingText(gaps: readonly Gap[]): string | null {
  if (gaps.length === 0) return null;
  const cpus = new Set(gaps.flatMap(({ cpu }) => cpu ?? []));
  const where = cpus.size === 0 ? '' : ` of CPU ${[...cpus].sort((a, b) => a - b).join(', ')}`;
  if (gaps.some(({ events }) => events === null)) return `events${where} are missing`;
  const events = gaps.reduce((sum, each) => sum + each.events!, 0);
  return events === 1 ? `1 event${where} is missing` : `${events} events${where} are missing`;
}

test('references and gaps may be many: neither is gone through for each of the others', () => {
  const many = 200_000;
  const missing = new MissingEvents(
    Array.from({ length: many }, (_, row) => gap(row, { cpu: row % 8, events: 3 })),
  );
  let gaps = 0;
  for (let row = 0; row < many; row++) {
    if (missing.between(row, Infinity) !== null) gaps += missing.gapsBetween(row, Infinity);
  }
  assert.equal(gaps, (many * (many - 1)) / 2);
});

test('a count that is none, of damaged bytes, is not summed', () => {
  const missing = new MissingEvents([gap(1, { events: 2 ** 60 }), gap(2), gap(3, { events: 7 })]);
  assert.equal(missing.between(0, 3), 'events of CPU 1 are missing');
  assert.equal(missing.between(1, 3), '12 events of CPU 1 are missing');
});

const LOST = 'CPU:0 [LOST 12 EVENTS]\n';
const VMSPLICE = ['internal_get_user_pages_fast', 'iov_iter_get_pages2', '__do_sys_vmsplice'];
const READ = ['page_cache_pipe_buf_release', 'pipe_read'];
const TAKEN = [allocated('owner-2', FAULT), change('owner-2', VMSPLICE, { count: 2, val: 1 })];
const FAILED = [start, ...refused(2), named('0x100'), finish];
const PUT = change('reader-3', READ, { count: 1, val: -1 });

/** The holder of the one page that fails to move in events, of which some are lost between each two parts. */
async function holderOf(...parts: readonly (readonly EventText[])[]): Promise<Reference | undefined> {
  const text = parts.map((part) => traceText(part).replace(/^#.*\n/gm, '')).join(LOST);
  const bytes = new TextEncoder().encode(`# tracer: nop\n#\n${text}`);
  const { pages } = analyseHolders(await openCapture(memorySource('trace.txt', bytes)));
  return pages[0]?.references.find(({ role }) => role === 'held');
}

test('a reference that spans lost events is not sure, one beside them is', async () => {
  const spanning = await holderOf(TAKEN, [...FAILED, PUT]);
  assert.deepEqual([spanning?.confidence, spanning?.gapsMeanwhile], ['assumed', 1]);
  assert.match(spanning!.evidence, /; while it was open, 12 events of CPU 0 are missing$/);
  const twice = await holderOf(TAKEN, FAILED, [PUT]);
  assert.equal(twice?.gapsMeanwhile, 2);
  const beside = await holderOf([...TAKEN, ...FAILED, PUT], [start]);
  assert.deepEqual([beside?.confidence, beside?.gapsMeanwhile], ['rule', undefined]);
  assert.doesNotMatch(beside!.evidence, /missing/);
});

test('of a reference that went out of sight, what is lost behind the end of its page is none of its own', async () => {
  const freed = { task: 'owner-2', text: 'mm_page_free: page=00000000aaaa pfn=0x100 order=0' };
  const gone = await holderOf([...TAKEN, ...FAILED, freed], [start]);
  assert.deepEqual([gone?.releasedUnseen, gone?.gapsMeanwhile], [true, undefined]);
  const within = await holderOf([...TAKEN, ...FAILED], [freed, start]);
  assert.deepEqual([within?.releasedUnseen, within?.gapsMeanwhile], [true, 1]);
});

test('what is missing before the first event makes no reference doubtful', async () => {
  const unseen = await holderOf([], [...FAILED, PUT]);
  assert.deepEqual([unseen?.acquired, unseen?.confidence, unseen?.gapsMeanwhile], [null, 'rule', undefined]);
});
