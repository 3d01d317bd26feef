/** How many rows of a tree are shown, while captures come, grow and go. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { NodeTree } from '../../../src/views/nodeTree';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { isMoreRow } from '../../../src/views/rows';
import { ShownHolders } from '../../../src/views/shownHolders';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor, KeptState, silentLog } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

interface Window {
  readonly worker: AskedWorker;
  readonly captures: OpenCaptures;
  readonly shown: ShownHolders;
  readonly tree: NodeTree;
}

/** A window with the rows of one capture, of which more are shown than at first. */
async function withMore(): Promise<Window> {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const shown = new ShownHolders(new KeptState());
  const tree = new NodeTree('holders', worker.engine, captures, shown, silentLog());
  const opening = captures.open('/captures/c1', () => undefined);
  await worker.answer('openCapture', facts('c1'));
  await opening;
  const rows = tree.getChildren();
  await worker.answer('children', { nodes: [], total: 1000 });
  const more = (await rows).find(isMoreRow);
  assert.ok(more);
  tree.showMore(more);
  assert.equal(await asked({ worker, tree }), 400);
  return { worker, captures, shown, tree };
}

/** How many rows are asked for. */
async function asked({ worker, tree }: Pick<Window, 'worker' | 'tree'>): Promise<number> {
  const rows = tree.getChildren();
  const { end } = await worker.answer('children', { nodes: [], total: 1000 });
  await rows;
  return end;
}

test('rows that somebody unfolded stay when places are found, a file changes or another capture comes', async () => {
  const window = await withMore();
  const { worker, captures } = window;
  worker.answersAtOnce.set('captureFacts', [facts('c1')]);
  await captures.askAnew();
  assert.equal(await asked(window), 400);
  const opening = captures.open('/captures/c2', () => undefined);
  await worker.answer('openCapture', facts('c2'));
  await opening;
  assert.equal(await asked(window), 400);
});

test('other rows begin as all do: those of another query, and of the next capture when none is open', async () => {
  const window = await withMore();
  window.shown.change({ groupBy: 'task' });
  assert.equal(await asked(window), 200);

  const other = await withMore();
  const closing = other.captures.close('c1');
  await other.worker.answer('closeCapture', null);
  await closing;
  assert.equal(await asked(other), 200);
});
