/** Who allocated a page: what may be claimed of page_owner beside a trace, and what may not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { atOnce } from '../../../src/capture/turns';
import { relateClocks } from '../../../src/holders/allocationClock';
import { HolderAnalyser } from '../../../src/holders/analyseHolders';
import { memorySource } from '../support/traceText';
import { alloc, allocationsOf, dumpOf, failed, free, traceOf, type OwnerRecord } from './support/ownedPages';

const SECOND = 1e9;
const MS = 1e6;
/** The trace's clock is that much behind page_owner's. */
const AHEAD = 49_868_000;

/** Allocations that both tell of, so that their clocks can be compared. */
const SHARED_EVENTS = [alloc(1 * SECOND, 'sh-7', 0x500), alloc(1 * SECOND + 3 * MS, 'sh-7', 0x501)];
const SHARED_RECORDS: readonly OwnerRecord[] = [
  { pfn: 0x500, at: 1 * SECOND + AHEAD - 2000, comm: 'sh', pid: 7 },
  { pfn: 0x501, at: 1 * SECOND + 3 * MS + AHEAD - 5000, comm: 'sh', pid: 7 },
];
/** Read behind the page in question, but of no use for a bound: rows are read in order of PFN. */
const LATE: OwnerRecord = { pfn: 0x9000, at: 9 * SECOND, comm: 'cat', pid: 99 };
/** Read before it: whatever follows was read later than 8 s. */
const EARLY: OwnerRecord = { pfn: 0x100, at: 8 * SECOND, comm: 'cat', pid: 99 };

const record = (given: Partial<OwnerRecord>): OwnerRecord => ({
  pfn: 0x2000,
  at: 500 * MS,
  comm: 'owner',
  pid: 42,
  ...given,
});

function standings(trace: Capture, dump: Capture) {
  return allocationsOf(trace, [dump]).map(({ standing, marks, event, record: of }) => ({
    standing,
    marks,
    sources: [...(event === null ? [] : ['event']), ...(of === null ? [] : ['record'])].join('+'),
  }));
}

test('the rows that allocate or free a page are its own and those of the blocks that cover it', async () => {
  const trace = await traceOf([
    alloc(1 * SECOND, 'sh-7', 0x2000, 2),
    alloc(1.1 * SECOND, 'sh-7', 0x2004, 2),
    free(1.2 * SECOND, 'sh-7', 0x2000, 2),
    alloc(1.3 * SECOND, 'sh-7', 0x2002),
    alloc(1.4 * SECOND, 'sh-7', 0x2000),
    free(1.5 * SECOND, 'sh-7', 0x2002),
    alloc(1.6 * SECOND, 'sh-7', 0x2002, 1),
    failed(2 * SECOND, 0x2003),
  ]);
  const rowsOf = (pfn: number): readonly number[] => atOnce(HolderAnalyser.of(trace)).lifeEventsOf(pfn);
  assert.deepEqual(rowsOf(0x2000), [0, 2, 4]);
  assert.deepEqual(rowsOf(0x2002), [0, 2, 3, 5, 6]);
  assert.deepEqual(rowsOf(0x2003), [0, 2, 6]);
  assert.deepEqual(rowsOf(0x2005), [1]);
  assert.deepEqual(rowsOf(0x2008), []);
});

test('the clocks are compared by the allocations that both tell of', async () => {
  const trace = await traceOf([...SHARED_EVENTS, failed(2 * SECOND, 0x2000)]);
  const relation = relateClocks(trace, await dumpOf(SHARED_RECORDS));
  assert.ok(relation.kind === 'measured');
  // The event that was least late is closest to the truth.
  assert.equal(relation.shift + Number(trace.timeBase), 2000 - AHEAD);
  assert.deepEqual([relation.allocations, relation.frees, relation.spread], [2, 0, 3000]);
});

test('the real dump and the trace that it was read beside', async () => {
  const open = (path: string): Promise<Capture> => openCapture(memorySource(path, readFileSync(path)));
  const trace = await open('test/fixtures/a_held/report.txt.gz');
  const relation = relateClocks(trace, await open('test/fixtures/dumps/page_owner.gz'));
  assert.ok(relation.kind === 'measured');
  assert.equal(relation.allocations, 3);
  assert.ok(Math.abs(relation.shift + Number(trace.timeBase) + 49_868_000) < 1000);
  assert.ok(relation.spread < 5000);
});

test('no clock is guessed', async () => {
  const mark = failed(2 * SECOND, 0x2000);
  const dump = await dumpOf(SHARED_RECORDS);
  const cases: readonly (readonly [string, Capture])[] = [
    ['no allocation is in both', await traceOf([alloc(1 * SECOND, 'sh-7', 0x700), mark])],
    ['of another task', await traceOf([alloc(1 * SECOND, 'sh-8', 0x500), mark])],
    ['of another order', await traceOf([alloc(1 * SECOND, 'sh-7', 0x500, 1), mark])],
    [
      'from elsewhere',
      await traceOf([alloc(1 * SECOND, 'sh-7', 0x500, 0, ['pipe_write', 'vfs_write']), mark]),
    ],
    [
      'freed again before the trace ends',
      await traceOf([alloc(1 * SECOND, 'sh-7', 0x500), free(1.5 * SECOND, 'sh-7', 0x500), mark]),
    ],
    [
      'as many for one difference as for another',
      await traceOf([alloc(1 * SECOND, 'sh-7', 0x500), alloc(1.5 * SECOND, 'sh-7', 0x501), mark]),
    ],
  ];
  for (const [what, trace] of cases) {
    const relation = relateClocks(trace, dump);
    assert.equal(relation.kind, 'unknown', what);
    const found = allocationsOf(trace, [await dumpOf([...SHARED_RECORDS, record({})])]);
    assert.deepEqual(
      found.map(({ standing, time }) => [standing, time]),
      [['as-of-dump', NaN]],
      what,
    );
    assert.match(
      found[0]!.notes.join(' '),
      /^Not compared with the marks: the trace does not name its clock/,
    );
  }
});

test('many frees of a burst do not make a clock', async () => {
  const pages = Array.from({ length: 50 }, (_, index) => 0x600 + index);
  const trace = await traceOf([
    ...pages.map((pfn) => free(1 * SECOND, 'sh-7', pfn)),
    failed(2 * SECOND, 0x2000),
  ]);
  const dump = await dumpOf(
    pages.map((pfn) => ({ pfn, at: 700 * SECOND, comm: 'sh', pid: 9, freedAt: 600 * SECOND })),
  );
  assert.equal(relateClocks(trace, dump).kind, 'unknown');
});

test('a clock by its name: perf has that of page_owner, local has it up to a constant of the boot', async () => {
  const trace = await traceOf([failed(2 * SECOND, 0x2000)]);
  const dump = await dumpOf(SHARED_RECORDS);
  const related = (clock: string) => relateClocks({ ...trace, facts: [['clock', clock]] }, dump);
  assert.deepEqual(related('perf'), {
    kind: 'shared',
    shift: -Number(trace.timeBase),
    uncertainty: trace.resolution,
    clock: 'local_clock',
  });
  const local = related('local');
  assert.ok(local.kind === 'shared' && local.uncertainty === SECOND);
  assert.deepEqual(related('mono').kind, 'unknown');
  assert.deepEqual(relateClocks({ ...trace, clock: 'ticks' }, dump).kind, 'unknown');
});

test('a record made before the mark and read after it is of the life in which the page failed', async () => {
  const trace = await traceOf([...SHARED_EVENTS, failed(2 * SECOND, 0x2000)]);
  const dump = await dumpOf([EARLY, ...SHARED_RECORDS, record({}), LATE]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'same-life', marks: [0], sources: 'record' }]);
  const [found] = allocationsOf(trace, [dump]);
  assert.equal(Math.round(found!.time + Number(trace.timeBase)), 500 * MS - AHEAD + 2000);
});

test('a record that may have been read before the mark is claimed for nothing', async () => {
  const trace = await traceOf([...SHARED_EVENTS, failed(2 * SECOND, 0x2000)]);
  const dump = await dumpOf([...SHARED_RECORDS, record({}), LATE]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'as-of-dump', marks: [], sources: 'record' }]);
  assert.match(allocationsOf(trace, [dump])[0]!.notes.join(' '), /may be older than the failure/);
});

test('a record that is later than the mark is of another life', async () => {
  const trace = await traceOf([...SHARED_EVENTS, failed(2 * SECOND, 0x2000)]);
  const dump = await dumpOf([EARLY, ...SHARED_RECORDS, record({ at: 2.2 * SECOND }), LATE]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'later', marks: [], sources: 'record' }]);
});

test('a page that was freed after the record was made, and before the mark, had another life', async () => {
  const trace = await traceOf([
    ...SHARED_EVENTS,
    free(1.5 * SECOND, 'owner-42', 0x2000),
    failed(2 * SECOND, 0x2000),
  ]);
  const dump = await dumpOf([...SHARED_RECORDS, record({})]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'earlier', marks: [], sources: 'record' }]);
});

test('between two marks: the record is of the later life, the event of the earlier one', async () => {
  const trace = await traceOf([
    ...SHARED_EVENTS,
    alloc(1.1 * SECOND, 'first-41', 0x2000),
    failed(2 * SECOND, 0x2000),
    free(3 * SECOND, 'first-41', 0x2000),
    failed(5 * SECOND, 0x2000, 'cma-alloc-91'),
  ]);
  const dump = await dumpOf([EARLY, ...SHARED_RECORDS, record({ at: 4 * SECOND }), LATE]);
  assert.deepEqual(standings(trace, dump), [
    { standing: 'traced', marks: [0], sources: 'event' },
    { standing: 'same-life', marks: [1], sources: 'record' },
  ]);
});

test('an event and a record of one allocation are one', async () => {
  const trace = await traceOf([
    ...SHARED_EVENTS,
    alloc(1.2 * SECOND, 'owner-42', 0x2000),
    failed(2 * SECOND, 0x2000),
  ]);
  const dump = await dumpOf([...SHARED_RECORDS, record({ at: 1.2 * SECOND + AHEAD - 3000 })]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'traced', marks: [0], sources: 'event+record' }]);
});

test('a migrated page carries the record of another: its time proves nothing', async () => {
  const trace = await traceOf([...SHARED_EVENTS, failed(2 * SECOND, 0x2000)]);
  const dump = await dumpOf([EARLY, ...SHARED_RECORDS, record({ migrated: 'compaction' }), LATE]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'as-of-dump', marks: [], sources: 'record' }]);
  assert.match(allocationsOf(trace, [dump])[0]!.notes.join(' '), /target of a migration \(compaction\)/);
});

test('a page within a large allocation is found by its first page, in the dump and in the trace', async () => {
  const trace = await traceOf([
    ...SHARED_EVENTS,
    alloc(1.2 * SECOND, 'driver-50', 0x3000, 4),
    failed(2 * SECOND, 0x2007),
    failed(2.1 * SECOND, 0x3005),
  ]);
  const dump = await dumpOf([EARLY, ...SHARED_RECORDS, record({ order: 3 }), LATE]);
  assert.deepEqual(standings(trace, dump), [{ standing: 'same-life', marks: [0], sources: 'record' }]);
  const late = await traceOf([alloc(1.2 * SECOND, 'driver-50', 0x3000, 4), failed(2.1 * SECOND, 0x3005)]);
  assert.deepEqual(
    allocationsOf(late, []).map(({ standing, event }) => [standing, event]),
    [['traced', 0]],
  );
});

test('of several dumps, one that shares no allocation is left out when another does', async () => {
  const trace = await traceOf([...SHARED_EVENTS, failed(2 * SECOND, 0x2000)]);
  const related = await dumpOf([EARLY, ...SHARED_RECORDS, record({}), LATE]);
  const foreign = await dumpOf([record({ comm: 'foreign', pid: 77 })]);
  assert.deepEqual(
    allocationsOf(trace, [foreign, related]).map((each) => each.record?.dump.capture),
    [related],
  );
});

test('without a dump and without an event nothing is said', async () => {
  assert.deepEqual(allocationsOf(await traceOf([failed(2 * SECOND, 0x2000)]), []), []);
});
