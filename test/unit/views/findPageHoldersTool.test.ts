/** What a language model is told of a range of pages. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import { FindPageHoldersTool } from '../../../src/views/findPageHoldersTool';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

async function invoked(pfn: string) {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const opening = captures.open('/captures/trace.dat', () => undefined);
  await worker.answer('openCapture', facts('c1', { path: '/captures/trace.dat' }));
  await opening;
  const tool = new FindPageHoldersTool(worker.engine, captures);
  const cancelling = new vscode.EventEmitter<void>();
  const token = { isCancellationRequested: false, onCancellationRequested: cancelling.event };
  const options = { input: { pfn }, toolInvocationToken: undefined };
  return { worker, cancelling, answer: tool.invoke(options, token) };
}

const saidBy = (result: vscode.LanguageModelToolResult): string =>
  result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');

test('pages beyond those that it is told of are said to be there, and how to ask for them', async () => {
  const { worker, answer } = await invoked('0x1000..0x2000');
  const asked = await worker.asked('pagesInRange');
  assert.deepEqual(asked.request, { range: { first: 0x1000, last: 0x2000 }, limit: 21 });
  await asked.answer(Array.from({ length: 21 }, (_, index) => 0x1000 + 2 * index));
  const text = await worker.asked('text');
  assert.equal(text.request.query.filter.pfns.length, 20);
  await text.answer('the pages');
  assert.match(
    saidBy(await answer),
    /\nOnly the first 20 pages of the range that events tell of are below, up to 0x1026; ask from 0x1027 on for the others\.\n\nthe pages$/,
  );
});

test('of a range whose pages are all told of nothing else is said', async () => {
  const { worker, answer } = await invoked('0x1000..0x2000');
  await worker.answer('pagesInRange', [0x1000, 0x1002]);
  await worker.answer('text', 'the pages');
  assert.doesNotMatch(saidBy(await answer), /Only the first/);
});

test('what nobody waits for any more is not worked on', async () => {
  const { worker, cancelling, answer } = await invoked('0x1000');
  await worker.answer('pagesInRange', [0x1000]);
  assert.deepEqual(await worker.methods(), ['text']);
  const rejected = assert.rejects(answer, { name: 'CancelledError' });
  cancelling.fire();
  await rejected;
  assert.deepEqual(await worker.methods(), []);
});
