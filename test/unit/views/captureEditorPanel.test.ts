/** A tab of the capture editor whose file becomes another recording. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import type { EventDetails } from '../../../src/engine/eventProtocol';
import type { FromEditor } from '../../../src/engine/editorMessages';
import type { EditorParts } from '../../../src/views/captureEditor';
import { CaptureEditorPanel } from '../../../src/views/captureEditorPanel';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker, settled } from './support/askedWorker';
import { facts } from './support/facts';
import { editor, EventEmitter } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const PATH = '/captures/trace.dat';

/** A tab beside its capture; its page says what the test says. */
async function tab() {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const read = async (beginning: string): Promise<void> => {
    const opening = captures.open(PATH, () => undefined);
    await worker.answer('openCapture', facts('c1', { path: PATH, beginning }));
    await opening;
  };
  await read('the first recording');
  const page = new EventEmitter<FromEditor>();
  const webview = {
    onDidReceiveMessage: page.event,
    asWebviewUri: (uri: vscode.Uri) => uri,
    postMessage: () => Promise.resolve(true),
  };
  const parts = { engine: worker.engine, captures, pageFolder: vscode.Uri.file('/page') };
  const panel = new CaptureEditorPanel(
    1,
    vscode.Uri.file(PATH),
    null,
    { visible: true, active: true, webview } as never,
    parts as Partial<EditorParts> as EditorParts,
  );
  const selectRow = async (row: number) => {
    page.fire({ type: 'ask', id: row, method: 'eventDetails', request: { row, waits: false } });
    return worker.asked('eventDetails');
  };
  return { panel, captures, read, selectRow, worker };
}

function details(row: number): EventDetails {
  return { row, frames: [] } as Partial<EventDetails> as EventDetails;
}

test('the selected event is none of another recording in the same file', async () => {
  const { panel, read, selectRow } = await tab();
  await (await selectRow(5)).answer(details(5));
  await read('the first recording');
  assert.equal(panel.selectedRow, 5, 'it is the same event');
  const late = await selectRow(6);
  await read('the second recording');
  assert.equal(panel.selectedRow, null);
  await late.answer(details(6));
  assert.equal(panel.selectedRow, null, 'it was asked of the first one');
});

test('no event is selected once the capture is closed', async () => {
  const { panel, captures, selectRow, worker } = await tab();
  await (await selectRow(5)).answer(details(5));
  const closing = captures.close('c1');
  await worker.answer('closeCapture', null);
  await closing;
  await settled();
  assert.equal(panel.selectedRow, null);
});
