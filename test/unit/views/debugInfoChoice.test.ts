import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { DebugInfoChoice } from '../../../src/views/debugInfoChoice';
import { AskedWorker, settled } from './support/askedWorker';
import { editor, KeptState, silentLog, Uri } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

test('a file that is no vmlinux is told, and the one that was chosen before stays', async () => {
  const worker = new AskedWorker();
  const memory = new KeptState();
  await memory.update('vmlinux', '/good/vmlinux');
  const choice = new DebugInfoChoice(worker.engine, memory, silentLog(), (given) => given);
  worker.answersAtOnce.set('debugInfo', null);
  editor.pick({ choice: { path: '/tmp/package.json' } });
  await editor.run('pageHolders.chooseVmlinux');
  assert.equal(choice.vmlinux, '/tmp/package.json');

  const applied = choice.apply({});
  const message = '/tmp/package.json: expected an ELF file';
  await (await worker.asked('setDebugInfo')).fail({ name: 'DebugFileError', message, stack: null });
  assert.deepEqual(editor.said, [message]);
  await settled();
  const again = await worker.asked('setDebugInfo');
  assert.equal(again.request.vmlinux, '/good/vmlinux');
  // It may be gone meanwhile: then it is told, and stays chosen.
  await again.fail({ name: 'DebugFileError', message: '/good/vmlinux does not exist.', stack: null });
  await applied;
  assert.equal(choice.vmlinux, '/good/vmlinux');
  assert.deepEqual(await worker.methods(), []);
  choice.dispose();
});

test('why a vmlinux of another machine is not taken is said', async () => {
  const worker = new AskedWorker();
  const choice = new DebugInfoChoice(worker.engine, new KeptState(), silentLog(), (given) => given);
  worker.answersAtOnce.set('debugInfo', null);
  editor.pickLabelled('Browse…');
  editor.chooseFolder(new Uri('vscode-vfs', '/linux/vmlinux'));
  await editor.run('pageHolders.chooseVmlinux');
  assert.equal(choice.vmlinux, null);
  assert.deepEqual(editor.said, [
    'vscode-vfs:/linux/vmlinux cannot be used: debug info is read from files of this machine alone.',
  ]);
  choice.dispose();
});
