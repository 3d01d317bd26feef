/** A comparison whose tab outlives the captures that it is of. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import type * as vscode from 'vscode';
import { CompareCaptures } from '../../../src/views/compareCaptures';
import type { CaptureFacts } from '../../../src/engine/protocol';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor, silentLog } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

/** A window with these captures open, each as an engine calls it. */
async function windowWith(...open: readonly CaptureFacts[]) {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  for (const each of open) {
    const opening = captures.open(each.path, () => undefined);
    await worker.answer('openCapture', each);
    await opening;
  }
  return { worker, comparing: new CompareCaptures(worker.engine, captures, silentLog()) };
}

function capture(id: string, name: string, beginning: string): CaptureFacts {
  return facts(id, { path: `/captures/${name}`, beginning, tellsOfMoving: true });
}

const BEFORE = capture('c1', 'night1', '12.3 page_ref_mod');
const AFTER = capture('c2', 'night2', '45.6 page_ref_mod');

/** Opens a tab that compares them. */
async function tab(): Promise<vscode.Uri> {
  await windowWith(BEFORE, AFTER);
  const parent = null;
  await editor.run('pageHolders.compareCaptures', { node: { id: 'c1' }, parent });
  return editor.shownTexts[0]! as unknown as vscode.Uri;
}

async function asked(uri: vscode.Uri, ...open: readonly CaptureFacts[]) {
  const { worker, comparing } = await windowWith(...open);
  const text = comparing.provideTextDocumentContent(uri);
  const question = await worker.asked('compare');
  await question.fail({ name: 'CompareError', message: 'It fails.', stack: '' });
  await text;
  return question.request;
}

test('the captures of a tab are compared whatever the next engine calls them', async () => {
  const uri = await tab();
  assert.deepEqual(await asked(uri, BEFORE, AFTER), { before: 'c1', after: 'c2' });
  assert.deepEqual(await asked(uri, { ...AFTER, id: 'c1' }, { ...BEFORE, id: 'c2' }), {
    before: 'c2',
    after: 'c1',
  });
});

test('others are not compared in their place, nor another recording in the same file', async () => {
  const uri = await tab();
  const others = [capture('c1', 'other1', '12.3 page_ref_mod'), capture('c2', 'other2', '45.6 page_ref_mod')];
  assert.deepEqual(await asked(uri, ...others), { before: '', after: '' });
  assert.deepEqual(await asked(uri, BEFORE, { ...AFTER, beginning: '78.9 page_ref_mod' }), {
    before: 'c1',
    after: '',
  });
});

test('a capture to choose says of pages that could not be judged that, and not that nobody held them', async () => {
  const found = { pageEvents: 9, pages: 2, attempts: 1 };
  const judged = { ...BEFORE, ...found, heldPages: 1, untracedPages: 1 };
  await windowWith(judged, { ...AFTER, ...found, unjudgedPages: 2 });
  await editor.run('pageHolders.compareCaptures', undefined);
  const [{ items } = assert.fail()] = editor.shownPicks;
  assert.deepEqual(
    items.map(({ description }) => description),
    ['2 pages failed to move, 1 held, 1 untraced', '2 pages failed to move, not judged'],
  );
});
