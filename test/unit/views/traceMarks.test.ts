/** Lenses and outline of a trace with a name that was cut within a letter, of which the text has other bytes. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import type { CaptureMarks } from '../../../src/engine/protocol';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { TraceMarks } from '../../../src/views/traceMarks';
import { linesInBytes } from '../../../src/views/traceText';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const PATH = '/captures/trace.txt';
const MARK = '           main-1 [000] ..... 2.000000: test_pages_isolated: ret=fail\n';
/** TASK_COMM_LEN leaves 15 bytes of a name. */
const FILE = Buffer.concat([
  Buffer.from('# tracer: nop\n  '),
  Buffer.from('日本語スレ').subarray(0, 14),
  Buffer.from(`-77 [000] ..... 1.000000: page_ref_mod: pfn=0x1\n${MARK}`),
]);

/** What the providers say of the text of that file, for marks of the engine. */
async function providers(marks: CaptureMarks) {
  const worker = new AskedWorker();
  worker.answersAtOnce.set('captureMarks', marks);
  const captures = new OpenCaptures(worker.engine);
  const opening = captures.open(PATH, () => undefined);
  await worker.answer('openCapture', facts('c1', { path: PATH }));
  await opening;
  const lines = new TextDecoder().decode(FILE).split('\n');
  const document = {
    uri: vscode.Uri.file(PATH),
    isDirty: false,
    eol: vscode.EndOfLine.LF,
    lineCount: lines.length,
    getText: () => lines.join('\n'),
    lineAt: (line: number) => ({ text: lines[line]! }),
  } as Partial<vscode.TextDocument> as vscode.TextDocument;
  const provider = new TraceMarks(worker.engine, captures, []);
  return {
    lenses: async () => (await provider.provideCodeLenses(document)).map(({ range }) => range),
    outline: () => provider.provideDocumentSymbols(document),
  };
}

function markAt(offset: number): CaptureMarks['marks'][number] {
  return { offset, furtherOffsets: [], pfn: 1, label: '', description: '', node: 'c1/0x1/m0', attempt: null };
}

test('a mark behind it has its lens on its own line', async () => {
  editor.files.set(PATH, FILE);
  const { lenses } = await providers({ attempts: [], marks: [markAt(FILE.indexOf(MARK))], total: 1 });
  assert.deepEqual(await lenses(), [new vscode.Range(2, 0, 2, 0)]);
});

test('an attempt that begins on no line is in no outline', async () => {
  const attempt = { label: 'CMA allocation', description: '', from: 5, to: 7 };
  const { outline } = await providers({ attempts: [attempt], marks: [], total: 0 });
  assert.deepEqual(await outline(), []);
});

test('lines of a file are counted as an editor counts them', () => {
  const bytes = Buffer.from('\ufeffa\r\nb\rc\n\nd');
  const offsets = [3, 4, 6, 8, 10, 11, 12, 99];
  assert.deepEqual(linesInBytes(bytes, offsets), [0, null, 1, 2, 3, 4, null, null]);
});
