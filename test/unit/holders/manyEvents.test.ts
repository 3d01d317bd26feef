/** Pages with so many events, lives and marks that work which grows by their square, or takes them as arguments, does not end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventKind } from '../../../src/capture/eventTable';
import { atOnce } from '../../../src/capture/turns';
import { analyseHolders, analysisSteps } from '../../../src/holders/analyseHolders';
import { EvidenceFinder } from '../../../src/holders/evidence';
import { livesAround } from '../../../src/holders/lives';
import { PageRows } from '../../../src/holders/pageRows';
import { StackSites } from '../../../src/holders/stackSites';
import { captureOf, type EventText } from '../support/traceText';
import { onlyPage } from './support/foundPages';
import { ledgerOf } from './support/ledger';
import { CMA, FAULT, MIGRATE, TAIL, allocated, change } from './support/pageEvents';

/** As the arguments of one call so many are too many: Node has room for some 125,000. */
const TOO_MANY = 130_000;

/** Without stacks: in a CMA allocation, which goes on to its end, every freeze that fails is a mark. */
const START: EventText = { task: 'cma-1', text: 'cma_alloc_start: name=reserved count=16 align=0' };
const FINISH: EventText = {
  task: 'cma-1',
  text: 'cma_alloc_finish: name=reserved pfn=0xffffffffffffffff page=0000000000000000 count=16 align=0',
};
const SOCKET = ['do_tcp_sendpages', 'tcp_sendpage', 'inet_sendpage'];
const PIPE = ['page_cache_pipe_buf_release', 'pipe_read'];

const LIFE = ['page_ref_set: pfn=0x100 count=1 val=1', 'page_ref_freeze: pfn=0x100 count=1 val=2 ret=0'].map(
  (text): EventText => ({
    task: 'cma-1',
    text: text.replace(' count', ` flags=uptodate mapcount=0 ${TAIL} count`),
  }),
);

function failedFreeze(count: number): EventText {
  const state = `flags=uptodate|lru count=${count} mapcount=0 ${TAIL}`;
  const text = `page_ref_freeze: pfn=0x100 ${state} val=1 ret=0`;
  return { task: 'cma-1', text, stack: ['folio_migrate_mapping', ...MIGRATE, ...CMA] };
}

/** A report, and a put of what it had too many. */
function reportAndPut(count: number): EventText[] {
  const state = (after: number): string => `flags=uptodate|lru count=${after} mapcount=0 ${TAIL}`;
  return [
    {
      task: 'cma-1',
      text: `report_page_pinners: pfn=0x100 ${state(count)} reason=contig_range err=-11`,
      stack: MIGRATE,
    },
    { task: 'reader-2', text: `page_pin_owner_put: pfn=0x100 ${state(count - 1)}`, stack: PIPE },
  ];
}

function times<T>(count: number, make: (index: number) => readonly T[]): T[] {
  return Array.from({ length: count }, (_, index) => make(index)).flat();
}

test('a page may live and fail to move more often than a call takes arguments', async () => {
  const { pages } = analyseHolders(await captureOf([START, ...times(TOO_MANY, () => LIFE), FINISH]));
  assert.deepEqual(
    pages.map(({ order, marks, references }) => [order, marks.length, references.length]),
    [[0, TOO_MANY, TOO_MANY]],
  );
});

test('each report is judged by the puts behind it alone, and not by all that there are', async () => {
  const many = 40_000;
  const { marks, references } = await onlyPage(times(many, () => reportAndPut(3)));
  assert.equal(marks.length, many);
  assert.ok(marks.every(({ held, untraced }) => held === 1 && untraced === 0));
  // What each put competed with is told by the first report, which has all of them behind it.
  assert.ok(references.every(({ role, rivals }) => role === 'held' && rivals === many));
});

test('that a retried migration finds the same holders is seen without a search for each of them', async () => {
  const holders = 40_000;
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    ...times(holders, (index) => [change('server-3', SOCKET, { count: 2 + index, val: 1, mapcount: 0 })]),
    START,
    ...times(100, () => [failedFreeze(1 + holders)]),
  ]);
  assert.deepEqual(
    page.marks.map(({ held, evidence }) => [held, evidence.length]),
    [[holders, 100]],
  );
});

test('moments at which the same is open share one list of it', async () => {
  const [holders, retries] = [500, 300];
  const capture = await captureOf([
    allocated('owner-2', FAULT),
    ...times(holders, (index) => [change('server-3', SOCKET, { count: 2 + index, val: 1, mapcount: 0 })]),
    // Each of the tries unmaps the page and maps it again.
    ...times(retries, () => [
      change('cma-1', ['try_to_migrate_one', ...MIGRATE], { count: holders, val: -1, mapcount: 0 }),
      failedFreeze(holders),
      change('cma-1', ['remove_migration_pte', ...MIGRATE], { count: holders + 1, val: 1, mapcount: 0 }),
    ]),
  ]);
  const { events } = capture;
  const rows = Int32Array.from({ length: events.length }, (_, row) => row);
  const moments = rows.filter((row) => events.kind[row] === EventKind.PageRefFreeze);
  assert.equal(moments.length, retries);
  const ledger = ledgerOf(capture);
  atOnce(ledger.replay(rows, livesAround(events, rows, [...moments]), [...moments]));
  const open = ledger.snapshots.map((snapshot) => snapshot.open);
  assert.deepEqual([...new Set(open.map(({ length }) => length))], [holders]);
  assert.equal(new Set(open).size, 1);
});

test('the work on a page is cut into steps, at least one for each of its moments and lives', async () => {
  const moments = 300;
  for (const events of [
    [START, ...times(moments, () => LIFE), FINISH],
    [allocated('owner-2', FAULT), START, ...times(moments, () => [failedFreeze(2)])],
    times(moments, () => reportAndPut(3)),
  ]) {
    let steps = 0;
    const work = analysisSteps(await captureOf(events));
    while (work.next().done !== true) steps++;
    assert.ok(steps >= moments, `${steps} steps`);
  }
});

test('a page that tasks isolate over and over is gone through once', async () => {
  const [tasks, rounds] = [200, 150];
  const scan = ['isolate_migratepages_block', 'compact_zone', 'kcompactd'];
  // None of them puts what it gets: all of it is isolated by the task still, as far as the capture shows.
  const capture = await captureOf([
    allocated('owner-2', FAULT),
    ...times(rounds, (round) =>
      times(tasks, (task) => [
        change(`compactor-${task + 10}`, scan, { count: 2 + round * tasks + task, val: 1 }),
      ]),
    ),
  ]);
  const { events } = capture;
  const rows = new PageRows(events);
  rows.take(0, events.length, new Int32Array(events.length));
  let steps = 0;
  const before = rows.before.bind(rows);
  rows.before = (row) => {
    steps++;
    return before(row);
  };
  const evidence = new EvidenceFinder(capture, new StackSites(capture.symbols), rows);
  for (let row = 0; row < events.length; row++) evidence.take(row);
  assert.ok(steps <= 4 * events.length, `${steps} steps for ${events.length} events`);
});
