/** The engine is told of one choice of a kernel tree after the other, however fast folders, settings and trust change. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach } from 'node:test';
import type { KernelTreeFacts } from '../../../src/engine/protocol';
import { DebugInfoChoice } from '../../../src/views/debugInfoChoice';
import { KernelTreeChoice } from '../../../src/views/kernelTreeChoice';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { ViewMessage } from '../../../src/views/viewMessage';
import { AskedWorker, settled } from './support/askedWorker';
import { facts, NO_DEBUG_INFO, NO_RULES } from './support/facts';
import { editor, KeptState, silentLog } from './support/fakeVscode';

const SETTING = 'pageHolders.kernelTree';
const refused = { name: 'KernelTreeError', message: '/b is no kernel tree', stack: null };

const treeFacts = (root: string): KernelTreeFacts => ({ root, version: '6.1.115', helps: [] });

interface Window {
  readonly worker: AskedWorker;
  readonly captures: OpenCaptures;
  readonly choice: KernelTreeChoice;
  /** What the Captures view says above its rows. */
  readonly view: { message?: string };
}

const made: { dispose(): void }[] = [];
beforeEach(() => {
  editor.reset();
});
afterEach(() => {
  for (const each of made.splice(0)) each.dispose();
});

function newWindow(): Window {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const memory = new KeptState();
  const log = silentLog();
  const view = {};
  const debugInfo = new DebugInfoChoice(worker.engine, memory, log, (given) => given);
  const choice = new KernelTreeChoice(worker.engine, captures, debugInfo, memory, new ViewMessage(view), log);
  made.push(choice, debugInfo, captures);
  return { worker, captures, choice, view };
}

/** Answers what is asked once a tree is chosen. */
async function answerRest(worker: AskedWorker): Promise<void> {
  await worker.answer('setDebugInfo', NO_DEBUG_INFO);
  await worker.answer('kindRules', NO_RULES);
}

/** Answers all that a choice asks, and tells which tree it was. */
async function answerChoice(worker: AskedWorker): Promise<string | null> {
  await worker.answer('setKindRules', NO_RULES);
  const question = await worker.asked('setKernelTree');
  const { root } = question.request;
  await question.answer(root === null ? null : treeFacts(root));
  await answerRest(worker);
  return root;
}

async function openOne({ worker, captures }: Window): Promise<void> {
  worker.answersAtOnce.set('captureFacts', [facts('c1')]);
  const opening = captures.open('/captures/c1', () => undefined);
  await worker.answer('openCapture', facts('c1'));
  await opening;
}

test('nothing is told before somebody needs the tree, and then what is set by then', async () => {
  const { worker, choice } = newWindow();
  editor.set(SETTING, '/a');
  editor.changeFolders();
  editor.set(SETTING, '/b');
  assert.deepEqual(await worker.methods(), []);
  const tree = choice.tree();
  assert.equal(await answerChoice(worker), '/b');
  assert.equal((await tree)?.root, '/b');
  assert.equal((await choice.tree())?.root, '/b');
  assert.deepEqual(await worker.methods(), [], 'it is known');
});

test('a change waits until the one before it was told, and the last holds', async () => {
  const { worker, choice } = newWindow();
  editor.set(SETTING, '/a');
  const first = choice.tree();
  await worker.answer('setKindRules', NO_RULES);
  const slow = await worker.asked('setKernelTree');
  editor.set(SETTING, '/b');
  editor.set(SETTING, '/c');
  const last = choice.tree();
  assert.deepEqual(await worker.methods(), [], 'nothing overtakes the first');
  await slow.answer(treeFacts('/a'));
  await answerRest(worker);
  await first;
  assert.equal(await answerChoice(worker), '/c', 'what is set by the time it is told');
  assert.equal(await answerChoice(worker), '/c');
  assert.equal((await last)?.root, '/c');
  assert.deepEqual(await worker.methods(), []);
});

test('a tree that is refused is told to people, leaves none, and keeps no later one', async () => {
  const { worker, choice } = newWindow();
  editor.set(SETTING, '/b');
  const tree = choice.tree();
  await worker.answer('setKindRules', NO_RULES);
  await (await worker.asked('setKernelTree')).fail(refused);
  await answerRest(worker);
  assert.equal(await tree, null);
  assert.deepEqual(editor.said, [refused.message]);
  editor.set(SETTING, '/a');
  assert.equal(await answerChoice(worker), '/a');
  assert.equal((await choice.tree())?.root, '/a');
});

test('a new engine is told again, also when the old one ended in the middle of it', async () => {
  const { worker, choice } = newWindow();
  editor.set(SETTING, '/a');
  const before = choice.tree();
  await worker.answer('setKindRules', NO_RULES);
  await worker.asked('setKernelTree');
  worker.engine.onStopped(() => {
    choice.engineIsNew();
  });
  await worker.stop();
  const after = choice.tree();
  // What was begun goes on with the new one.
  await answerRest(worker);
  await before;
  assert.equal(await answerChoice(worker), '/a');
  assert.equal((await after)?.root, '/a');
  assert.deepEqual(editor.said, [], 'that it stopped is told elsewhere');
});

test('the engine hears of trust once it is granted', async () => {
  const { worker, choice } = newWindow();
  editor.distrust();
  editor.set(SETTING, '/a');
  const told = async (): Promise<boolean> => {
    await worker.answer('setKindRules', NO_RULES);
    const { trusted } = await worker.answer('setKernelTree', treeFacts('/a'));
    await answerRest(worker);
    return trusted;
  };
  const tree = choice.tree();
  assert.equal(await told(), false);
  await tree;
  editor.trust();
  assert.equal(await told(), true);
});

test('another vmlinux leaves the tree as it is', async () => {
  const { worker, choice } = newWindow();
  const tree = choice.tree();
  assert.equal(await answerChoice(worker), null);
  await tree;
  editor.set('pageHolders.vmlinux', '/boot/vmlinux');
  const { vmlinux } = await worker.answer('setDebugInfo', NO_DEBUG_INFO);
  assert.equal(vmlinux, '/boot/vmlinux');
  assert.deepEqual(await worker.methods(), []);
});

test('a cancel ends every look-up of functions, and the view says nothing of one that is over', async () => {
  const window = newWindow();
  const { worker, choice, view } = window;
  editor.set(SETTING, '/a');
  await openOne(window);
  const first = choice.lookUpFunctions();
  assert.equal(await answerChoice(worker), '/a');
  const walk = await worker.asked('lookUpFunctions');
  const second = choice.lookUpFunctions();
  await worker.asked('lookUpFunctions');
  const report = { phase: 'indexing', done: 1, total: 0, unit: 'files', rowsAtEnd: false } as const;
  walk.progress(report);
  assert.equal(view.message, 'Looking up functions in a: 1 file read');
  assert.equal(choice.isLookingUp, true);
  await editor.run('pageHolders.cancelLookUp');
  await Promise.all([first, second]);
  walk.progress({ ...report, done: 2 });
  assert.equal(view.message, '');
  assert.equal(choice.isLookingUp, false);
  assert.equal(editor.contexts.get('pageHolders.lookingUp'), false);
  assert.deepEqual(editor.said, []);
});

test('a look-up that ends leaves what is said of one that goes on', async () => {
  const window = newWindow();
  const { worker, choice, view } = window;
  editor.set(SETTING, '/a');
  await openOne(window);
  const first = choice.lookUpFunctions();
  await answerChoice(worker);
  const walk = await worker.asked('lookUpFunctions');
  const second = choice.lookUpFunctions();
  const short = await worker.asked('lookUpFunctions');
  walk.progress({ phase: 'indexing', done: 1, total: 0, unit: 'files', rowsAtEnd: false });
  await short.answer({ asked: 2, found: 2, linksOut: '' });
  await second;
  assert.equal(view.message, 'Looking up functions in a: 1 file read');
  assert.equal(choice.isLookingUp, true);
  await walk.answer({ asked: 2, found: 2, linksOut: '' });
  await first;
  assert.equal(view.message, '');
  assert.equal(choice.isLookingUp, false);
  await settled();
});

test('links out of the tree are told once', async () => {
  const window = newWindow();
  const { worker, choice } = window;
  editor.set(SETTING, '/a');
  await openOne(window);
  const linksOut = 'drivers/vendor leads out of the kernel tree';
  for (const isFirst of [true, false]) {
    const told = choice.lookUpFunctions();
    if (isFirst) await answerChoice(worker);
    await (await worker.asked('lookUpFunctions')).answer({ asked: 2, found: 1, linksOut });
    await told;
  }
  assert.deepEqual(editor.said, [linksOut]);
});

/** Answers that the folder is no kernel tree. */
async function refuseChoice(worker: AskedWorker): Promise<void> {
  await worker.answer('setKindRules', NO_RULES);
  await (await worker.asked('setKernelTree')).fail(refused);
}

test('a choice is looked at and confirmed at once, also where no capture is open', async () => {
  const { worker } = newWindow();
  editor.pick({ label: '/a', choice: { path: '/a' } });
  const choosing = editor.run('pageHolders.chooseKernelTree');
  assert.equal(await answerChoice(worker), '/a');
  await choosing;
  assert.deepEqual(editor.said, ['Frames lead into /a, Linux 6.1.115.']);
});

test('a choice that is no kernel tree is told with what to do, and that before it goes on to serve', async () => {
  const { worker, choice } = newWindow();
  editor.pick({ label: '/a', choice: { path: '/a' } });
  const first = editor.run('pageHolders.chooseKernelTree');
  await answerChoice(worker);
  await first;
  editor.pick({ label: '/b', choice: { path: '/b' } });
  const second = editor.run('pageHolders.chooseKernelTree');
  await refuseChoice(worker);
  assert.equal(await answerChoice(worker), '/a');
  await second;
  assert.equal(editor.said.at(-1), refused.message);
  assert.deepEqual(editor.offered.at(-1), ['Choose Kernel Tree…', 'Show Log']);
  assert.equal((await choice.tree())?.root, '/a');
});

test('the picker says what is chosen and begins there; a folder that is none cannot be chosen', async () => {
  const { worker } = newWindow();
  editor.openFolders('/work/day');
  editor.pick({ label: '/a', choice: { path: '/a' } });
  const first = editor.run('pageHolders.chooseKernelTree');
  await answerChoice(worker);
  await first;
  const none = editor.shownPicks[0]!.items.at(-1)!;
  assert.equal(none.description, 'not a kernel tree: it has no Kconfig, Makefile, include/linux, mm');
  editor.pick(none);
  void editor.run('pageHolders.chooseKernelTree');
  await settled();
  const { items, activeItems } = editor.shownPicks[1]!;
  assert.deepEqual([items[0]!.detail, items[0]!.description], ['/a', 'in use, chosen']);
  assert.deepEqual(activeItems, [items[0]]);
  assert.match(editor.said.at(-1)!, /^\/work\/day is not a kernel tree: it has no Kconfig/);
  assert.deepEqual(await worker.methods(), []);
});

test('with another vmlinux captures may be named anew: what is known of them is asked again', async () => {
  const window = newWindow();
  const { worker, choice, captures } = window;
  await openOne(window);
  const tree = choice.tree();
  await answerChoice(worker);
  await tree;
  worker.answersAtOnce.set('captureFacts', [facts('c1', { heldPages: 1 })]);
  editor.set('pageHolders.vmlinux', '/boot/vmlinux');
  await worker.answer('setDebugInfo', NO_DEBUG_INFO);
  await settled();
  assert.equal(captures.all[0]!.heldPages, 1);
  worker.answersAtOnce.set('captureFacts', [facts('c1', { heldPages: 2 })]);
  await worker.answer('lookUpFunctions', null);
  await settled();
  assert.equal(captures.all[0]!.heldPages, 2, 'one may be found by itself');
});
