/** What was open in a window is opened again in the next one, when somebody asks for that. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import { CapturesOfBefore } from '../../../src/views/capturesOfBefore';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

const EXTENSION = vscode.Uri.file('/extensions/page-holders-2');
/** Files that are there, in a folder with others. */
const HERE = ['c1', 'c2', 'c3', 'other'].map((name) => `/captures/${name}`);

beforeEach(() => {
  editor.reset();
  for (const path of HERE) editor.files.set(path, new Uint8Array());
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
  return { worker, captures, opened, part: new CapturesOfBefore(captures, opening, memory, EXTENSION) };
}

/** One that opens captures one after the other; none that fails keeps the next. */
function openingWindow(memory: vscode.Memento): { worker: AskedWorker; captures: OpenCaptures } {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const open = async (uris: readonly vscode.Uri[]): Promise<void> => {
    for (const { path } of uris) await captures.open(path, ignore).catch(ignore);
  };
  new CapturesOfBefore(captures, { open }, memory, EXTENSION);
  return { worker, captures };
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

test('one that is still being read is kept: the window may end before it is read', async () => {
  const memory = memoryOf(undefined);
  const { worker, captures } = windowWith(memory);
  void captures.open('/captures/c1', ignore).catch(ignore);
  const reading = await worker.asked('openCapture');
  reading.part(facts('c1', { part: 0.5 }));
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c1']);
});

test('captures that are being opened again stay kept until all were tried, but for those that are closed', async () => {
  const memory = memoryOf(['/captures/c1', '/captures/c2', '/captures/c3']);
  const { worker, captures } = openingWindow(memory);
  const again = editor.run('pageHolders.openAgain');
  const first = await worker.asked('openCapture');
  first.part(facts('c1', { part: 0.5 }));
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c1', '/captures/c2', '/captures/c3']);
  await captures.close('c1');
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c2', '/captures/c3']);
  await worker.answer('openCapture', facts('c2'));
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c2', '/captures/c3']);
  await (await worker.asked('openCapture')).fail({ name: 'Error', message: 'No such file', stack: '' });
  await again;
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c2']);
});

test('none that can be opened again is none that is forgotten', async () => {
  const memory = memoryOf(['/captures/c1']);
  const { worker } = openingWindow(memory);
  const again = editor.run('pageHolders.openAgain');
  await (await worker.asked('openCapture')).fail({ name: 'Error', message: 'No such file', stack: '' });
  await again;
  assert.deepEqual([memory.get('openCaptures'), isOffered()], [['/captures/c1'], true]);
});

test('what the worker took with it is kept while it is opened again', async () => {
  const memory = memoryOf(undefined);
  const { worker, captures } = windowWith(memory);
  for (const id of ['c1', 'c2']) {
    const opening = captures.open(`/captures/${id}`, ignore);
    await worker.answer('openCapture', facts(id));
    await opening;
  }
  await worker.stop();
  captures.forgetAll();
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c1', '/captures/c2']);
  const opening = captures.open('/captures/c2', ignore);
  await worker.answer('openCapture', facts('c2'));
  await opening;
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c1', '/captures/c2']);
});

test('what is opened instead takes the place of what was open before', async () => {
  const memory = memoryOf(['/captures/c1', '/captures/c2']);
  const { worker, captures } = windowWith(memory);
  const opening = captures.open('/captures/c2', ignore);
  await worker.answer('openCapture', facts('c2'));
  await opening;
  assert.deepEqual(memory.get('openCaptures'), ['/captures/c2']);
});

test('what another version has kept is passed over', () => {
  windowWith(memoryOf({ captures: 1 }));
  assert.equal(isOffered(), false);
  windowWith(memoryOf([7, '/captures/c1']));
  assert.equal(isOffered(), true);
});

/** Presses the button, and what is kept after that. */
async function keptAfterPress(memory: vscode.Memento): Promise<unknown> {
  await editor.run('pageHolders.openAgain');
  return memory.get('openCaptures');
}

test('one that was deleted is told of and not offered again, and so is the sample of another version', async () => {
  const gone = ['/captures/gone', '/extensions/page-holders-1/media/sample/trace.txt'];
  const memory = memoryOf(gone);
  const { opened } = windowWith(memory);
  assert.deepEqual([await keptAfterPress(memory), isOffered(), opened], [[], false, []]);
  assert.deepEqual(editor.said, ['gone, trace.txt were not found, and are not offered again.']);
});

test('one of a drive that is away is offered again, until somebody wants no more of it', async () => {
  const away = ['/mnt/share/c1', '/media/stick/2026/c2'];
  editor.emptyFolders.add('/mnt/share');
  const memory = memoryOf(away);
  const { opened } = windowWith(memory);
  assert.deepEqual([await keptAfterPress(memory), isOffered(), opened], [away, true, []]);
  assert.deepEqual(editor.said, ['c1, c2 were not found. Their drive may be away: they are offered again.']);
  editor.press('Do Not Offer Again');
  assert.deepEqual([await keptAfterPress(memory), isOffered()], [[], false]);
});

test('one of which nobody can say whether it is there stays, and is opened to be told why', async () => {
  const path = '/captures/unreachable';
  editor.unreachable.add(path);
  const memory = memoryOf([path]);
  const { opened } = windowWith(memory);
  assert.deepEqual([await keptAfterPress(memory), opened, editor.said], [[path], [`file:${path}`], []]);
});
