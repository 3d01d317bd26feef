/** Digits without 0x, which people write in decimal and kernels print in hexadecimal. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach } from 'node:test';
import type { PfnRange } from '../../../src/holders/model';
import { ShowHoldersOfPfn } from '../../../src/views/showHoldersOfPfn';
import type { ShownHolders } from '../../../src/views/shownHolders';
import { AskedWorker } from './support/askedWorker';
import { editor, silentLog } from './support/fakeVscode';

let worker: AskedWorker;
let command: ShowHoldersOfPfn;
let shown: (readonly number[] | undefined)[];
beforeEach(() => {
  editor.reset();
  worker = new AskedWorker();
  shown = [];
  const holders: Partial<ShownHolders> = { lead: ({ filter }) => shown.push(filter.pfns) };
  command = new ShowHoldersOfPfn(worker.engine, holders as ShownHolders, silentLog());
});
afterEach(() => {
  command.dispose();
});

/** Asks with a text, of captures that tell of the given pages, and returns the ranges that were looked for. */
async function ask(text: string, ...answers: readonly (readonly number[])[]): Promise<readonly PfnRange[]> {
  void editor.run('pageHolders.showHoldersOfPfn', text);
  const asked: PfnRange[] = [];
  for (const answer of answers) asked.push((await worker.answer('pagesInRange', answer)).range);
  assert.deepEqual(await worker.methods(), []);
  return asked;
}

test('they are decimal where an event tells of such a page', async () => {
  assert.deepEqual(await ask('77720', [0x12f98]), [{ first: 77720, last: 77720 }]);
  assert.deepEqual([shown, editor.said], [[[0x12f98]], []]);
});

test('they are as kernels print them where none does, and that is said', async () => {
  assert.deepEqual(await ask(' 12800', [], [0x12800]), [
    { first: 12800, last: 12800 },
    { first: 0x12800, last: 0x12800 },
  ]);
  assert.deepEqual(shown, [[0x12800]]);
  assert.match(
    editor.said.join(),
    /^No event tells of 0x3200, which 12800 is in decimal\. Holders of 0x12800 are/,
  );
  assert.deepEqual((await ask('12800-13000', [], [0x12801]))[1], { first: 0x12800, last: 0x13000 });
  assert.match(editor.said.at(-1)!, /which 12800-13000 is in decimal\. Holders of 0x12800\.\.0x13000 are/);
});

test('several are shown together, as a filter of events or a trace names them, and those are told that are in no event', async () => {
  assert.deepEqual(await ask('pfn:0x12fc0,0x12fc5 pfn=0x13000+2', [0x12fc0], [], [0x13000, 0x13001]), [
    { first: 0x12fc0, last: 0x12fc0 },
    { first: 0x12fc5, last: 0x12fc5 },
    { first: 0x13000, last: 0x13001 },
  ]);
  assert.deepEqual(shown, [[0x12fc0, 0x13000, 0x13001]]);
  assert.deepEqual(editor.said, ['No event tells of page 0x12fc5.']);
});

test('nothing is shown where no event tells of either, and what is hexadecimal is looked for once', async () => {
  await ask('12800', [], []);
  assert.deepEqual(await ask('[12800, 13000)', []), [{ first: 0x12800, last: 0x12fff }]);
  assert.deepEqual(shown, []);
  assert.deepEqual(editor.said, [
    'No event tells of page 0x3200.',
    'No event tells of pages 0x12800 to 0x12fff.',
  ]);
});
