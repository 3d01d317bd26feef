/** A migration that fails as it did before is not judged again: what would be found is what was found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../../src/capture/turns';
import { accountAt, type Account } from '../../../src/holders/accounting';
import { indexCapture } from '../../../src/holders/captureIndex';
import { Ledger } from '../../../src/holders/ledger';
import { StackSites } from '../../../src/holders/stackSites';
import { failsAsBefore } from '../../../src/holders/triedAgain';
import { pick, seededRandom } from '../capture/support/random';
import { captureOf, type EventText } from '../support/traceText';
import {
  allocated,
  change,
  FAULT,
  finish,
  MIGRATE,
  migrateEnd,
  migrateStart,
  SCAN,
  start,
} from './support/pageEvents';

const PFN = 0x100;
const SHMEM = ['shmem_get_folio_gfp', 'shmem_fault', '__do_fault', ...FAULT];
const UNMAP = ['try_to_migrate_one', 'rmap_walk_file', 'try_to_migrate', ...MIGRATE];
const REMAP = ['remove_migration_pte', 'rmap_walk_file', ...MIGRATE];
const VMSPLICE = ['internal_get_user_pages_fast', '__do_sys_vmsplice'];
const READ_PIPE = ['page_cache_pipe_buf_release', 'pipe_read', 'vfs_read'];

/** A page of shmem in a pipe, and `passes` failed freezes of it. */
function retried(passes: readonly (readonly EventText[])[]): EventText[] {
  return [
    allocated('owner-2', SHMEM),
    change('owner-2', ['shmem_add_to_page_cache', ...SHMEM], { count: 2, val: 1, mapcount: 0 }),
    change('owner-2', VMSPLICE, { count: 3, val: 1 }),
    start,
    change('cma-1', SCAN, { count: 4, val: 1 }),
    migrateStart,
    ...passes.flat(),
    migrateEnd(1),
    finish,
  ];
}

/** @param printed of the freeze where it is not what is usual */
function pass(count: number, printed: Readonly<Record<string, string | number>> = {}): EventText[] {
  const cells = {
    flags: 'uptodate|swapbacked',
    count,
    mapcount: 0,
    mapping: '00000000deadbeef',
    val: 2,
    ...printed,
  };
  const { flags, mapcount, mapping, val } = cells;
  return [
    change('cma-1', UNMAP, { count, val: -1, mapcount: 0 }),
    {
      task: 'cma-1',
      text: `page_ref_freeze: pfn=0x100 flags=${flags} count=${cells.count} mapcount=${mapcount} mapping=${mapping} mt=4 val=${val} ret=0`,
      stack: ['folio_migrate_mapping', 'migrate_folio', ...MIGRATE],
    },
    change('cma-1', REMAP, { count: count + 1, val: 1, mapcount: 0 }),
  ];
}

/** Of each failed freeze behind another whether it is as that one, having made sure that its sum is then the same. */
async function areAsBefore(passes: readonly (readonly EventText[])[]): Promise<readonly boolean[]> {
  const capture = await captureOf(retried(passes));
  const sites = new StackSites(capture.symbols);
  const { rows, moments, mapcount } = atOnce(indexCapture(capture, sites));
  const freezes = moments.filter(({ source }) => source === 'freeze').sort((a, b) => a.row - b.row);
  const asked = freezes.map(({ row }) => row);
  const ledger = new Ledger(capture, sites, mapcount);
  const ofPage = rows.of(PFN);
  atOnce(ledger.replay(ofPage, [{ from: 0, to: ofPage.length }], asked));
  const situations = freezes.map((moment, index) => ({ moment, snapshot: ledger.snapshots[index]! }));
  const sums = situations.map(({ moment, snapshot }) =>
    told(accountAt(moment, snapshot, capture, sites, mapcount)),
  );
  return situations.slice(1).map((now, index) => {
    const isAsBefore = failsAsBefore(now, situations[index]!, capture.events);
    if (isAsBefore) assert.deepEqual(sums[index + 1], sums[index]);
    return isAsBefore;
  });
}

function told(account: Account | null): unknown {
  assert.ok(account !== null);
  return { ...account, terms: account.terms() };
}

test('a freeze that fails as the one before did is passed over, and one that differs in anything is not', async () => {
  assert.deepEqual(await areAsBefore([pass(3), pass(3), pass(3)]), [true, true]);
  const others = [
    { flags: 'uptodate|private|swapbacked' },
    { mapcount: 1 },
    { mapping: '0000000000000000' },
    { val: 3 },
  ];
  for (const other of others) {
    assert.deepEqual(await areAsBefore([pass(3), pass(3, other), pass(3, other)]), [false, true]);
  }
  const more = pass(3, { count: 4 });
  assert.deepEqual(
    await areAsBefore([pass(3), more, more]),
    [false, false],
    'of what no event shows later puts tell',
  );
  const get = change('reader-3', VMSPLICE, { count: 5, val: 1 });
  const put = change('reader-3', READ_PIPE, { count: 4, val: -1 });
  assert.deepEqual(await areAsBefore([pass(3), [get], pass(4), pass(4), [put], pass(3)]), [
    false,
    true,
    false,
  ]);
  assert.deepEqual(await areAsBefore([pass(3), [get, put], pass(3)]), [true], 'what came and went is over');
});

test('whatever happens between two freezes, those that are passed over have the sum of the one before', async () => {
  let passed = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    let others = 0;
    const passes = Array.from({ length: 30 }, (): EventText[] => {
      const what = random();
      if (what < 0.1) return [change(`reader-${10 + others}`, VMSPLICE, { count: 5 + others++, val: 1 })];
      if (what < 0.2 && others > 0) {
        return [change(`reader-${9 + others}`, READ_PIPE, { count: 3 + others--, val: -1 })];
      }
      const printed = pick(random, [{}, {}, {}, { mapcount: 1 }, { val: 3 }, { flags: 'uptodate|private' }]);
      return pass(3 + others, printed);
    });
    passed += (await areAsBefore(passes)).filter(Boolean).length;
  }
  assert.ok(passed > 100, `${passed} were passed over`);
});
