/** What was open in a window is opened again in the next one, when somebody asks for that. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import { CapturesOfBefore } from '../../../src/views/capturesOfBefore';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

/** A window of a workspace with that memory. */
function windowWith(memory: vscode.Memento): {
  worker: AskedWorker;
  captures: OpenCaptures;
  opened: string[];
  part: CapturesOfBefore;
} {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const opened: string[] = [];
  const opening = {
    open: (uris: readonly vscode.Uri[]) => {
      opened.push(...uris.map(String));
      return Promise.resolve();
    },
  };
  return { worker, captures, opened, part: new CapturesOfBefore(captures, opening, memory) };
}

function memoryOf(kept: unknown): vscode.Memento {
  let value = kept;
  return {
    keys: () => [],
    get: () => value as never,
    update: (_key: string, given: unknown) => {
      value = given;
      return Promise.resolve();
    },
  };
}

const ignore = (): void => undefined;
const isOffered = (): unknown => editor.contexts.get('pageHolders.hadCaptures');

test('what was open is offered in the next window, what was closed is not', async () => {
  const memory = memoryOf(undefined);
  const first = windowWith(memory);
  assert.equal(isOffered(), false);
  for (const id of ['c1', 'c2']) {
    const opening = first.captures.open(`/captures/${id}`, ignore);
    await first.worker.answer('openCapture', facts(id));
    await opening;
  }
  const closing = first.captures.close('c1');
  await first.worker.answer('closeCapture', null);
  await closing;
  first.part.dispose();

  const next = windowWith(memory);
  assert.equal(isOffered(), true);
  assert.deepEqual(next.opened, [], 'nobody asked for it');
  await vscode.commands.executeCommand('pageHolders.openAgain');
  assert.deepEqual(next.opened, ['file:/captures/c2']);
});

test('one that is still being read is not kept: it may be what ends the window', async () => {
  const memory = memoryOf(undefined);
  const { worker, captures } = windowWith(memory);
  void captures.open('/captures/c1', ignore).catch(ignore);
  const reading = await worker.asked('openCapture');
  reading.part(facts('c1', { part: 0.5 }));
  assert.equal(captures.all.length, 1);
  assert.equal(isOffered(), false);
});

test('what another version has kept is passed over', () => {
  windowWith(memoryOf({ captures: 1 }));
  assert.equal(isOffered(), false);
  windowWith(memoryOf([7, '/captures/c1']));
  assert.equal(isOffered(), true);
});
