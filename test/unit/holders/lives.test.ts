/** A page's lives are replayed one by one where somebody asks: the answer is that of a replay of everything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerReference } from '../../../src/holders/ledgerReference';
import { lastLife, livesAround } from '../../../src/holders/lives';
import type { Capture } from '../../../src/capture/eventTable';
import { atOnce, ROWS_OF_PAGE_A_STEP } from '../../../src/capture/turns';
import { seededRandom } from '../capture/support/random';
import { captureOf, type EventText } from '../support/traceText';
import { ledgerOf } from './support/ledger';
import { change, FAULT, FLAGS, MIGRATE, SCAN, TAIL } from './support/pageEvents';

const STACKS: readonly (readonly string[])[] = [
  ['__do_sys_vmsplice'],
  ['try_grab_page', 'pin_user_pages_remote', 'process_vm_rw_core'],
  ['page_cache_pipe_buf_release', 'pipe_read'],
  ['try_to_migrate_one', ...MIGRATE],
  ['remove_migration_pte', ...MIGRATE],
  ['zap_pte_range', 'unmap_vmas'],
  ['folio_add_lru', ...FAULT],
  SCAN,
];

function refEvent(name: string, count: number, rest: string, stack: readonly string[]): EventText {
  return {
    task: 'any-2',
    text: `${name}: pfn=0x100 ${FLAGS} count=${count} mapcount=1 ${TAIL} ${rest}`,
    stack: [`__${name}`, ...stack],
  };
}

function kmem(name: string): EventText {
  return { task: 'any-2', text: `${name}: page=0000000000000000 pfn=0x100 order=0` };
}

/** Whatever may happen to one page, most of it in an order that a kernel would not have: events are lost. */
function randomEvents(seed: number, length: number): EventText[] {
  const random = seededRandom(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length }, (): EventText => {
    const stack = STACKS[upTo(STACKS.length)]!;
    const count = upTo(4);
    const what = upTo(20);
    if (what < 6) return change(`task-${upTo(3)}`, stack, { count: count + 1, val: 1 });
    if (what < 12) return change(`task-${upTo(3)}`, stack, { count, val: -1 });
    if (what === 12) return change('task-1', STACKS[1]!, { count: 1025, val: 1024 });
    if (what === 13) return change('task-2', STACKS[1]!, { count: 1, val: -1024 });
    if (what === 14) return refEvent('page_ref_set', upTo(2), `val=${upTo(2)}`, FAULT);
    if (what === 15) return refEvent('page_ref_freeze', 0, `val=${count} ret=${upTo(2)}`, MIGRATE);
    if (what === 16) return refEvent('page_ref_unfreeze', count, `val=${count}`, MIGRATE);
    if (what === 17) return kmem('mm_page_alloc');
    if (what === 18) return kmem('mm_page_free');
    // An event of no page, at which somebody may ask.
    return { task: 'cma-1', text: 'cma_alloc_start: name=reserved count=16 align=0' };
  });
}

function plain({ site, standing, ...reference }: LedgerReference): object {
  return { ...reference, site: site?.functionName ?? null, isOpen: standing !== null };
}

function replayed(
  capture: Capture,
  lives: readonly { from: number; to: number }[],
  rows: Int32Array,
  moments: number[],
) {
  const ledger = ledgerOf(capture);
  atOnce(ledger.replay(rows, lives, moments));
  return ledger.snapshots.map(({ row, count, open, pool, lastRow, lifetime }) => ({
    row,
    count,
    // Between two lives nothing counts.
    ...(count === null
      ? {}
      : {
          pool,
          lastRow,
          open: open.map(plain),
          references: lifetime.references.map(plain),
          order: lifetime.order,
          nature: lifetime.nature,
        }),
  }));
}

test('the lives around some moments say what a replay of all of them says', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const capture = await captureOf(randomEvents(seed, 120));
    const { events } = capture;
    const rows = Int32Array.from({ length: events.length }, (_, row) => row).filter(
      (row) => events.pfn[row] === 0x100,
    );
    const random = seededRandom(seed + 1000);
    const moments = Array.from({ length: events.length }, (_, row) => row).filter(() => random() < 0.06);
    const whole = replayed(capture, [{ from: 0, to: rows.length }], rows, moments);
    assert.deepEqual(replayed(capture, livesAround(events, rows, moments), rows, moments), whole);
    const last = events.length - 1;
    const [end] = replayed(capture, [{ from: 0, to: rows.length }], rows, [last]);
    assert.deepEqual(replayed(capture, [lastLife(events, rows)], rows, [last]), [end]);
  }
});

test('of a page with many lives, those that nobody asks for are not replayed', async () => {
  const life = [
    refEvent('page_ref_set', 1, 'val=1', FAULT),
    change('any-2', ['zap_pte_range'], { count: 0, val: -1 }),
  ];
  const { events } = await captureOf(Array.from({ length: 50 }, () => life).flat());
  const rows = Int32Array.from({ length: 100 }, (_, row) => row);
  assert.deepEqual(livesAround(events, rows, [10, 10, 60]), [
    { from: 10, to: 12 },
    { from: 60, to: 62 },
  ]);
  // Between two lives: what comes next says what there was.
  assert.deepEqual(livesAround(events, rows, [11]), [{ from: 12, to: 13 }]);
  assert.deepEqual(lastLife(events, rows), { from: 98, to: 100 });
  assert.deepEqual(livesAround(events, rows, [99]), [{ from: 100, to: 100 }]);
});

test('a long life is replayed in steps', async () => {
  const use = [
    change('any-2', ['some_driver_does'], { count: 2, val: 1 }),
    change('any-2', ['some_driver_does'], { count: 1, val: -1 }),
  ];
  const capture = await captureOf(Array.from({ length: 3 * ROWS_OF_PAGE_A_STEP }, () => use).flat());
  const rows = Int32Array.from({ length: capture.events.length }, (_, row) => row);
  const ledger = ledgerOf(capture);
  const steps = ledger.replay(rows, [{ from: 0, to: rows.length }], []);
  assert.equal(Array.from(steps).length, 6);
});
