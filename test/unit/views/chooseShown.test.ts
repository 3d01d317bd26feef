/** What Group By… and the filter by PFN offer and take. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach } from 'node:test';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { ChooseShown } from '../../../src/views/chooseShown';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { listedPfns, pfnListText, pfnProblem } from '../../../src/views/pfnInput';
import { ShownHolders } from '../../../src/views/shownHolders';
import { AskedWorker, settled } from './support/askedWorker';
import { editor, KeptState, silentLog } from './support/fakeVscode';

let worker: AskedWorker;
let shown: ShownHolders;
let choose: ChooseShown;
beforeEach(() => {
  editor.reset();
  worker = new AskedWorker();
  shown = new ShownHolders(new KeptState());
  choose = new ChooseShown(
    worker.engine,
    new OpenCaptures(worker.engine),
    shown,
    { description: '' },
    silentLog(),
  );
});
afterEach(() => {
  choose.dispose();
  shown.dispose();
});

test('the grouping of now has the focus, and says that it is current', async () => {
  shown.change({ ...DEFAULT_QUERY, groupBy: 'attempt' });
  editor.pick({ value: 'task' });
  await editor.run('pageHolders.groupBy');
  const [{ activeItems }] = editor.shownPicks as [(typeof editor.shownPicks)[number]];
  assert.deepEqual(
    activeItems.map(({ label, description }) => [label, description]),
    [['Attempt', 'current']],
  );
  assert.equal(shown.query.groupBy, 'task');
});

/** Types into the box of the PFN filter. */
async function filterByPfn(text: string): Promise<void> {
  editor.type(text);
  editor.pickLabelled('$(file-binary) Page Frame Number…');
  void editor.run('pageHolders.filter');
  await settled();
}

test('pages and ranges are filtered by, with spaces or commas between; of a range what captures tell of', async () => {
  await filterByPfn('0x5, 0x12c00-0x12fff 0x9+2');
  assert.deepEqual((await worker.answer('pagesInRange', [0x12c01, 0x12c02])).range, {
    first: 0x12c00,
    last: 0x12fff,
  });
  assert.deepEqual((await worker.answer('pagesInRange', [])).range, { first: 9, last: 10 });
  await settled();
  const { pfns, emptyRanges } = shown.query.filter;
  assert.deepEqual([pfns, emptyRanges], [[0x5, 0x12c01, 0x12c02], [{ first: 9, last: 10 }]]);
  assert.equal(pfnListText(shown.query.filter), '0x5 0x12c01..0x12c02 0x9..0xa');
});

test('what is no list of pages is answered with what was expected', () => {
  assert.deepEqual(listedPfns(' 0x1 .. 0x2,7 [12800, 13000) 5 + 3'), [
    '0x1..0x2',
    '7',
    '[12800, 13000)',
    '5+3',
  ]);
  assert.equal(pfnProblem('0x12c00+512'), null);
  assert.equal(pfnProblem('0x200-0x100'), 'The ends of 0x200-0x100 are reversed: expected 0x100..0x200.');
  assert.match(pfnProblem('') ?? '', /^Expected a page frame number, like 0x12f98, or a range/);
  assert.match(pfnProblem('x') ?? '', /^x is not a page frame number, .* nor a range/);
});
