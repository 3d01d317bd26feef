/** The stack beside what is selected, while answers of the engine come late or not at all. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { branch } from '../../../src/engine/lazyTree';
import type { NodeKind, StackRows } from '../../../src/engine/protocol';
import { OpenCaptures } from '../../../src/views/openCaptures';
import type { Row } from '../../../src/views/rows';
import { ShownHolders } from '../../../src/views/shownHolders';
import { StackView } from '../../../src/views/stackView';
import { AskedWorker, settled } from './support/askedWorker';
import { facts } from './support/facts';
import { editor, EventEmitter, KeptState, silentLog } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const FAILURE = { name: 'Error', message: 'No such row', stack: '' };

/** The Stack view beside an open capture, of which rows are selected. */
async function stacks(beginning = '') {
  const worker = new AskedWorker();
  const begins = (text: string) =>
    worker.answersAtOnce.set('captureFacts', [facts('c1', { beginning: text })]);
  begins(beginning);
  const captures = new OpenCaptures(worker.engine);
  const opening = captures.open('/captures/c1', () => undefined);
  await worker.answer('openCapture', facts('c1', { beginning }));
  await opening;
  const chosen = new EventEmitter<Row>();
  const holders = { onDidChoose: chosen.event } as never;
  new StackView(worker.engine, new ShownHolders(new KeptState()), captures, holders, silentLog());
  const view = editor.treeViews.get('pageHolders.stack')!;
  const select = async (id: string, kind: NodeKind) => {
    chosen.fire({ node: branch({ id, kind, label: id }).node, parent: null });
    return worker.asked('stackOf');
  };
  return { worker, captures, begins, view, select, shown: () => view.rows.map(({ label }) => label) };
}

/** Its frames have the ids that those of all stacks have. */
function stack(title: string): StackRows {
  const frames = [0, 1, 2].map(
    (index) => branch({ id: `stack/${index}`, kind: 'frame', label: `${title}${index}` }).node,
  );
  return { title, description: '', frames, first: 0, folded: null };
}

test('a late answer selects nothing in the stack that was asked for after it', async () => {
  const { view, select, shown } = await stacks();
  const one = await select('c1/a/frames/2', 'frame');
  const other = await select('c1/b', 'reference');
  await other.answer(stack('b'));
  await one.answer(stack('a'));
  assert.deepEqual([shown(), view.revealed], [['b0', 'b1', 'b2'], []]);
  await editor.run('pageHolders.nextFrame');
  assert.equal(view.revealed.at(-1)?.label, 'b0', 'no frame of it was gone to yet');
});

test('where asking fails, the stack of what was selected before is not left there', async () => {
  const { view, select, shown } = await stacks();
  await (await select('c1/a', 'reference')).answer(stack('a'));
  const late = await select('c1/b', 'reference');
  await (await select('c1/a', 'reference')).answer(stack('a'));
  await late.fail(FAILURE);
  assert.deepEqual([shown(), editor.failures], [['a0', 'a1', 'a2'], []], 'nobody asks for that one any more');

  await (await select('c1/b', 'reference')).fail(FAILURE);
  assert.deepEqual([shown(), view.description, editor.failures], [[], '', ['No such row']]);
  assert.equal(editor.contexts.get('pageHolders.hasStack'), false);
});

test('the frame of a stack that is asked for again meanwhile is selected in the new rows', async () => {
  const { worker, captures, view, select } = await stacks();
  await (await select('c1/a', 'reference')).answer(stack('a'));
  const before = await select('c1/b/frames/1', 'frame');
  await captures.askAnew();
  await before.answer(stack('b'));
  assert.deepEqual(view.revealed, []);
  await worker.answer('stackOf', stack('b'));
  assert.deepEqual(
    view.revealed.map(({ label }) => label),
    ['b1'],
  );
  await captures.askAnew();
  await worker.answer('stackOf', stack('b'));
  await settled();
  assert.equal(view.revealed.length, 1, 'it is selected once');
});

test('a stack that is asked for before the first event is known comes with it', async () => {
  const { worker, captures, begins, select, shown } = await stacks();
  await (await select('c1/a', 'reference')).fail(FAILURE);
  begins('0 page_ref_mod');
  await captures.askAnew();
  await worker.answer('stackOf', stack('a'));
  assert.deepEqual(shown(), ['a0', 'a1', 'a2']);
});

test('of a capture that begins with another event by now no stack is left', async () => {
  const { captures, begins, select, shown } = await stacks('0 page_ref_mod');
  await (await select('c1/a', 'reference')).answer(stack('a'));
  begins('1 page_ref_set');
  await captures.askAnew();
  await settled();
  assert.deepEqual(shown(), []);
});
