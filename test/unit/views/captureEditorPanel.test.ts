/** A tab of the capture editor, of which its page is there only as long as it is seen, and its file may become another recording. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import type { EventDetails } from '../../../src/engine/eventProtocol';
import type { FromEditor, ToEditor } from '../../../src/engine/editorMessages';
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
  const told: ToEditor[] = [];
  const webview = {
    onDidReceiveMessage: page.event,
    asWebviewUri: (uri: vscode.Uri) => uri,
    postMessage: (message: ToEditor) => Promise.resolve(told.push(message) > 0),
  };
  const view = { visible: true, active: true, webview };
  const parts = { engine: worker.engine, captures, pageFolder: vscode.Uri.file('/page') };
  const panel = new CaptureEditorPanel(
    1,
    vscode.Uri.file(PATH),
    null,
    view as never,
    parts as Partial<EditorParts> as EditorParts,
  );
  const selectRow = async (row: number) => {
    page.fire({ type: 'ask', id: row, method: 'eventDetails', request: { row, waits: false } });
    return worker.asked('eventDetails');
  };
  const revealed = (): readonly ToEditor[] => told.splice(0).filter(({ type }) => type === 'reveal');
  return { panel, page, view, captures, read, selectRow, revealed, worker };
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

test('what is selected elsewhere is shown once there is a page to show it in, and only the last of it', async () => {
  const { panel, page, view, revealed } = await tab();
  panel.reveal({ row: 5, pfn: 0x12c02 });
  assert.deepEqual(revealed(), []);
  page.fire({ type: 'ready' });
  assert.deepEqual(revealed(), [{ type: 'reveal', row: 5, pfn: 0x12c02 }]);
  view.visible = false;
  panel.reveal({ row: 6, pfn: 0x12c02 });
  panel.reveal({ row: 7, pfn: 0x12c03 });
  assert.deepEqual(revealed(), []);
  view.visible = true;
  page.fire({ type: 'ready' });
  assert.deepEqual(revealed(), [{ type: 'reveal', row: 7, pfn: 0x12c03 }]);
  page.fire({ type: 'ready' });
  assert.deepEqual(revealed(), [], 'it was shown already');
});

test('what was selected elsewhere while the tab was hidden is nothing of another recording', async () => {
  const { panel, page, view, read, revealed } = await tab();
  page.fire({ type: 'ready' });
  view.visible = false;
  panel.reveal({ row: 5, pfn: 0x12c02 });
  await read('the second recording');
  view.visible = true;
  page.fire({ type: 'ready' });
  assert.deepEqual(revealed(), []);
});
