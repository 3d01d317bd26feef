/** A frame that is pressed before the kernel tree was looked through. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach } from 'node:test';
import * as vscode from 'vscode';
import type { FrameTarget, KernelTreeFacts } from '../../../src/engine/protocol';
import type { KernelTreeChoice } from '../../../src/views/kernelTreeChoice';
import { OpenFrame } from '../../../src/views/openFrame';
import { AskedWorker, settled } from './support/askedWorker';
import { editor, silentLog } from './support/fakeVscode';

const stack = ['page_cache_pipe_buf_release', 'pipe_read'].map((name) => ({
  function: name,
  offset: null,
  module: null,
}));
const unknown: FrameTarget = {
  function: 'pipe_read',
  file: null,
  line: null,
  certainty: 'unknown',
  inlined: [],
  candidates: [],
  note: '',
};
const pending: FrameTarget = { ...unknown, pending: stack };

let worker: AskedWorker;
let frames: OpenFrame;
beforeEach(() => {
  editor.reset();
  worker = new AskedWorker();
  const tree = { root: '/src/linux' } as KernelTreeFacts;
  const choice = { tree: () => Promise.resolve(tree) } as Partial<KernelTreeChoice> as KernelTreeChoice;
  frames = new OpenFrame(worker.engine, choice, silentLog());
});
afterEach(() => {
  frames.dispose();
});

test('it is asked for again, and what is found then counts', async () => {
  const opened = editor.run('pageHolders.openFrame', pending);
  const asked = await worker.asked('resolveFrames');
  assert.deepEqual(asked.request, { stack, others: [] });
  assert.deepEqual(editor.shownWork, ['pipe_read opens when it is found in linux']);
  assert.deepEqual(editor.said, []);
  await asked.answer([
    { ...unknown, function: stack[0]!.function },
    { ...unknown, note: 'No such function.' },
  ]);
  await opened;
  assert.deepEqual(editor.said, ['pipe_read was not found in /src/linux. No such function.']);
});

test('what looks like a link in the names of functions and folders is none in the title of the wait', async () => {
  const name = 'pipe[read](command:workbench.action.quit)';
  const opened = editor.run('pageHolders.openFrame', { ...pending, function: name });
  await worker.answer('resolveFrames', [unknown, unknown]);
  await opened;
  assert.deepEqual(editor.shownWork, [
    'pipe[read] (command:workbench.action.quit) opens when it is found in linux',
  ]);
});

test('a cancel leaves it at that', async () => {
  const opened = editor.run('pageHolders.openFrame', pending);
  await settled();
  editor.cancelWork();
  await opened;
  await worker.answer('resolveFrames', [unknown, unknown]);
  assert.deepEqual(editor.said, []);
});

test('the frame that is asked for later is the one that opens', async () => {
  const first = editor.run('pageHolders.openFrame', pending);
  const second = editor.run('pageHolders.openFrame', {
    ...pending,
    function: 'do_splice',
    pending: [stack[0]],
  });
  const [of, ofSecond] = [await worker.asked('resolveFrames'), await worker.asked('resolveFrames')];
  await ofSecond.answer([{ ...unknown, function: 'do_splice' }]);
  await of.answer([unknown, unknown]);
  await Promise.all([first, second]);
  assert.deepEqual(editor.said, ['do_splice was not found in /src/linux.']);
});

test('it stays the one that is shown where the source of the frame before it comes later', async (context) => {
  const shown: string[] = [];
  let release: (value: undefined) => void = () => undefined;
  const slow = new Promise<undefined>((resolve) => (release = resolve));
  const lines = { lineCount: 1, lineAt: () => ({ firstNonWhitespaceCharacterIndex: 0 }) };
  const open = async (uri: { readonly path: string }): Promise<unknown> => {
    if (uri.path.endsWith('slow.c')) await slow;
    return { uri, ...lines };
  };
  const show = ({ uri }: { readonly uri: { readonly path: string } }): Promise<unknown> => {
    shown.push(uri.path);
    return Promise.resolve({ revealRange: () => undefined });
  };
  context.mock.method(vscode.workspace, 'openTextDocument', open);
  context.mock.method(vscode.window, 'showTextDocument', show);
  context.mock.method(vscode.workspace.fs, 'stat', () => Promise.resolve({ type: vscode.FileType.File }));
  const at = (file: string): FrameTarget => ({ ...unknown, file, line: 1, certainty: 'exact' });
  const first = editor.run('pageHolders.openFrame', at('mm/slow.c'));
  await settled();
  await editor.run('pageHolders.openFrame', at('mm/fast.c'));
  release(undefined);
  await first;
  assert.deepEqual(shown, ['/src/linux/mm/fast.c']);
});
