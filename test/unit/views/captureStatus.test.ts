/** What the status bar says of the open capture, and of the tree that its frames lead into. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import type { KernelTreeChoice } from '../../../src/views/kernelTreeChoice';
import { CaptureStatus } from '../../../src/views/captureStatus';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker, settled } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

async function shown(treeDoubts: readonly string[], path = '/captures/trace.dat') {
  const worker = new AskedWorker();
  worker.answersAtOnce.set('vmlinuxInUse', null);
  worker.answersAtOnce.set('treeDoubts', treeDoubts);
  const captures = new OpenCaptures(worker.engine);
  const choice = { tree: () => Promise.resolve({ root: '/src/linux', version: '6.1.176' }) };
  new CaptureStatus(worker.engine, captures, choice as unknown as KernelTreeChoice);
  const done = captures.open(path, () => undefined);
  await worker.answer('openCapture', facts('c1', { path }));
  await done;
  await settled();
  await settled();
  return editor.statusItems[0]!;
}

test('the version is said to be that of the source, and to be of another kernel where it is', async () => {
  const { text, tooltip } = await shown([]);
  assert.equal(text, '$(graph-line) trace.dat · source: linux 6.1.176');
  assert.match(tooltip, /^Frames lead into \/src\/linux, the source of Linux 6\.1\.176\.$/m);
  editor.reset();
  const other = await shown(['the tree is Linux 6.1.176, the capture is of 6.1.192: lines may be shifted']);
  assert.match(other.text, /^\$\(warning\) /);
  assert.match(
    other.tooltip,
    /^The tree is Linux 6\.1\.176, the capture is of 6\.1\.192: lines may be shifted\.$/m,
  );
});

test('a name is no icon', async () => {
  const { text } = await shown([], '/captures/$(pass) ok.dat');
  assert.equal(text, '$(graph-line) \\$(pass) ok.dat · source: linux 6.1.176');
});
