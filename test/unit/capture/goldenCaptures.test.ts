/** What the fixtures say, small enough to read. `UPDATE_GOLDEN=1` writes it anew; look at the difference. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { eventText, stackText, summaryText } from './support/describeCapture';
import { FIXTURES, ftraceTexts, withFile } from './support/sources';

const GOLDEN = 'test/unit/capture/golden';

function compare(name: string, text: string): void {
  const file = path.join(GOLDEN, name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

function rowsText(capture: Capture): string {
  return Array.from({ length: capture.events.length }, (_, row) => {
    const stack = stackText(capture, capture.events.stack[row]!).split(' < ');
    return `${eventText(capture, row)}\n${stack.map((frame) => `  ${frame}\n`).join('')}`;
  }).join('');
}

const openFile = (file: string): Promise<Capture> =>
  withFile(path.join(FIXTURES, file), (source) => openCapture(source));

test('totals of all fixtures', async () => {
  let text = '';
  for (const file of ftraceTexts(FIXTURES)) text += `# ${file}\n${summaryText(await openFile(file))}\n\n`;
  compare('totals.txt', text);
});

test('every event of a small report', async () => {
  compare('d_hard.txt', rowsText(await openFile('d_hard/report.txt')));
});
