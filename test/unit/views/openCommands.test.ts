/** Captures are there before what takes long. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import { DebugInfoChoice } from '../../../src/views/debugInfoChoice';
import { KernelTreeChoice } from '../../../src/views/kernelTreeChoice';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { OpenCommands } from '../../../src/views/openCommands';
import { ViewMessage } from '../../../src/views/viewMessage';
import { AskedWorker, settled } from './support/askedWorker';
import { facts, NO_DEBUG_INFO, NO_RULES } from './support/facts';
import { editor, KeptState, silentLog } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

/** A window with one capture, and all that its commands need. */
async function withOne(): Promise<{ worker: AskedWorker; captures: OpenCaptures }> {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const memory = new KeptState();
  const log = silentLog();
  const message = new ViewMessage({});
  const debugInfo = new DebugInfoChoice(worker.engine, memory, log, (given) => given);
  const kernelTree = new KernelTreeChoice(worker.engine, captures, debugInfo, memory, message, log);
  const commands = new OpenCommands(captures, kernelTree, message, vscode.Uri.file('/sample'), log);
  worker.answersAtOnce.set('setKindRules', NO_RULES);
  worker.answersAtOnce.set('kindRules', NO_RULES);
  worker.answersAtOnce.set('captureFacts', [facts('c1')]);
  worker.answersAtOnce.set('lookUpFunctions', null);
  const opening = commands.open([vscode.Uri.file('/captures/c1')]);
  await worker.answer('setKernelTree', null);
  await worker.answer('setDebugInfo', NO_DEBUG_INFO);
  await worker.answer('openCapture', facts('c1'));
  await opening;
  return { worker, captures };
}

test('that a capture other than the sample was opened is known to the walkthrough', async () => {
  const { worker } = await withOne();
  assert.equal(editor.contexts.get('pageHolders.openedOwn'), true);
  editor.reset();
  const opening = editor.run('pageHolders.openSample');
  await worker.answer('openCapture', facts('c2', { path: '/sample' }));
  await opening;
  assert.equal(editor.contexts.get('pageHolders.openedOwn'), undefined);
});

test('a refresh reads the captures before it looks at the tree and the vmlinux, which may take half a minute', async () => {
  const { worker, captures } = await withOne();
  const refresh = editor.run('pageHolders.refresh');
  assert.deepEqual(await worker.methods(), ['openCapture']);
  await worker.answer('openCapture', facts('c1', { events: 7 }));
  assert.equal(captures.all[0]!.events, 7);
  assert.deepEqual(await worker.methods(), ['setKernelTree']);
  await worker.answer('setKernelTree', null);
  await worker.answer('setDebugInfo', NO_DEBUG_INFO);
  await refresh;
  await settled();
});

/** A refresh whose only file cannot be read. */
async function refusedRefresh(worker: AskedWorker, error: { name: string; message: string }): Promise<void> {
  const refresh = editor.run('pageHolders.refresh');
  const question = await worker.asked('openCapture');
  await question.fail({ ...error, stack: null });
  await worker.answer('checkFiles', [
    facts(
      'c1',
      error.message.includes('not exist') ? { changed: { kind: 'gone', text: 'was deleted' } } : {},
    ),
  ]);
  await worker.answer('setKernelTree', null);
  await worker.answer('setDebugInfo', NO_DEBUG_INFO);
  await refresh;
}

test('that a file is gone is no error: what was read of it stays, as is said', async () => {
  const { worker } = await withOne();
  editor.reset();
  await refusedRefresh(worker, { name: 'CaptureError', message: '/captures/c1 does not exist.' });
  assert.deepEqual(editor.said, [
    'c1 was deleted or moved away since it was read. What was read of it stays open.',
  ]);
  assert.deepEqual([editor.failures, editor.offered], [[], [['Show Log']]]);
});

test('who opens what is no capture is offered to open another file, and not where something else failed', async () => {
  const { worker } = await withOne();
  for (const [name, buttons] of [
    ['CaptureError', ['Open Another Capture…', 'Show Log']],
    ['Error', ['Show Log']],
  ] as const) {
    editor.reset();
    await refusedRefresh(worker, { name, message: 'no line of a trace was found' });
    assert.deepEqual([editor.failures, editor.offered], [['no line of a trace was found'], [buttons]]);
  }
});

/** Two files of which the first is being read when its reading is begun anew. */
async function withTwoBegunAnew(
  worker: AskedWorker,
): Promise<{ both: Promise<unknown>; again: Promise<unknown> }> {
  const files = ['/captures/a', '/captures/b'].map((path) => vscode.Uri.file(path));
  const both = editor.run('pageHolders.openResource', files[0], files);
  await worker.asked('openCapture');
  const again = editor.run('pageHolders.openResource', files[0]);
  await settled();
  return { both, again };
}

test('files that wait are read after the first, also where that is opened again meanwhile', async () => {
  const { worker, captures } = await withOne();
  const { both, again } = await withTwoBegunAnew(worker);
  assert.deepEqual(await worker.methods(), ['openCapture']);
  await worker.answer('openCapture', facts('a'));
  const { path } = await worker.answer('openCapture', facts('b'));
  assert.equal(path, '/captures/b');
  await Promise.all([both, again]);
  assert.deepEqual(
    captures.all.map(({ id }) => id),
    ['c1', 'a', 'b'],
  );
});

test('that the first cannot be read is told once, and the others are read', async () => {
  const { worker } = await withOne();
  editor.reset();
  const { both, again } = await withTwoBegunAnew(worker);
  await (await worker.asked('openCapture')).fail({ name: 'CaptureError', message: 'no trace', stack: null });
  await worker.answer('openCapture', facts('b'));
  await Promise.all([both, again]);
  assert.deepEqual(editor.failures, ['no trace']);
});

test('who stops the first wants none of those that wait', async () => {
  const { worker } = await withOne();
  const { both, again } = await withTwoBegunAnew(worker);
  await editor.run('pageHolders.stopReading');
  await Promise.all([both, again]);
  assert.deepEqual(await worker.methods(), []);
});
