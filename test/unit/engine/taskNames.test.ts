/** Tasks of which a capture has the pid alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { openedText, textOf } from './support/openedText';

test('page_owner of 5.10 to 5.17 prints no comm (mm/page_owner.c)', async () => {
  const { engine } = await openedText(
    'owner.txt',
    [
      'Page allocated via order 0, mask 0x100cca(GFP_HIGHUSER_MOVABLE), pid 206, ts 10978012345 ns, free_ts 0 ns',
      'PFN 77712 type Movable Block 149 type CMA Flags 0xfff00000080034(uptodate|lru|active|swapbacked)',
      ' prep_new_page+0x10e/0x120',
      ' __handle_mm_fault+0x8b6/0x1290',
      '\n',
    ].join('\n'),
  );
  assert.match(await textOf(engine), /^ +By pid 206$/m);
});

test('a comm may be empty, by PR_SET_NAME', async () => {
  const sample = readFileSync('media/sample/trace.txt', 'latin1').replaceAll('owner-225', '     -225');
  const { engine, capture } = await openedText('nameless.txt', sample);
  assert.match(await textOf(engine), /pipe buffer · vmsplice · pid 225 · still held/);
  assert.match(await textOf(engine, { groupBy: 'task' }), /^ *pid 225: 1 page /m);
  const asked = { capture, use: 'filter', start: 0, end: 1 } as const;
  const { rows, total } = await engine.events({ ...asked, filter: 'task:"pid 225"' });
  assert.equal(total, (await engine.events({ ...asked, filter: 'pid:225' })).total);
  assert.ok(rows[0]!.cells.includes('pid 225'));
});
