/** Where the links of a comparison lead when a capture was closed or read again behind it. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import { CompareCaptures } from '../../../src/views/compareCaptures';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker, settled } from './support/askedWorker';
import { facts } from './support/facts';
import { editor, silentLog } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const HOLDER = { capture: 'c1', path: '/captures/c1', row: 'k0' };

async function withCapture(id: string) {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  new CompareCaptures(worker.engine, captures, silentLog());
  const shown: unknown[] = [];
  const opened: unknown[] = [];
  vscode.commands.registerCommand('pageHolders.showHolder', (row: unknown) => shown.push(row));
  const open = async (path: string, as: string): Promise<void> => {
    const done = captures.open(path, () => undefined);
    await worker.answer('openCapture', facts(as, { path }));
    await done;
  };
  vscode.commands.registerCommand('pageHolders.openResource', async (uri: unknown) => {
    opened.push(uri);
    await open('/captures/c1', 'c9');
  });
  await open(`/captures/${id}`, id);
  return { captures, shown, opened, open };
}

test('a link leads to the holder of its capture, also when that was read again', async () => {
  const { captures, shown, open } = await withCapture('c1');
  await editor.run('pageHolders.showComparedHolder', HOLDER);
  await open('/captures/c2', 'c2');
  await editor.run('pageHolders.showComparedHolder', { ...HOLDER, capture: 'c0' });
  assert.deepEqual(shown, ['c1/k0', 'c1/k0']);
  assert.deepEqual([editor.said, captures.all.length], [[], 2]);
});

test('of a capture that was closed nothing else is shown, and it is offered to be opened again', async () => {
  const { shown, opened } = await withCapture('c2');
  await editor.run('pageHolders.showComparedHolder', HOLDER);
  assert.deepEqual([shown, editor.said, editor.offered], [[], ['c1 is not open.'], [['Open Again']]]);
  editor.press('Open Again');
  await editor.run('pageHolders.showComparedHolder', HOLDER);
  await settled();
  assert.equal(opened.length, 1);
  assert.deepEqual(shown, ['c9/k0']);
});
