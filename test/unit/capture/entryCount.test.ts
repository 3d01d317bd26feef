/** A text that has fewer entries than its header counts is not taken for the whole trace. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Capture, MissingEntries } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { isEmptyTrace } from '../../../src/engine/triedAtAll';
import { FIXTURES, SHARED, ftraceTexts, memorySource, readOnlySource, textBytes } from './support/sources';

const SET = 'page_ref_set: pfn=0x12e8d flags=none count=1 mapcount=0 mapping=(nil) mt=4 val=1';
const header = (inBuffer: number, written = inBuffer): string =>
  `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${inBuffer}/${written}   #P:2\n#\n`;
const head = (cpu: number): string => `           owner-464     [00${cpu}] d..2.   170.662992: `;
const event = (cpu = 0): string => `${head(cpu)}${SET}\n`;
const stack = (cpu = 0): string => `${head(cpu)}<stack trace>\n => f\n => g\n`;

const read = (text: string): Promise<Capture> => openCapture(memorySource(text));

async function missing(text: string): Promise<MissingEntries | undefined> {
  return (await read(text)).missingEntries;
}

test('events, stacks of both sorts and lines that could not be read are entries; others are none', async () => {
  const user = `${head(0)}<user stack trace>\n => <00007f0000001000>\n`;
  const lines = `${event()}${stack()}${user}##### CPU 1 buffer started ####\nCPU:1 [LOST 12 EVENTS]\n${event(1)}${stack(1)}`;
  assert.equal(await missing(header(5) + lines), undefined);
  assert.deepEqual(await missing(header(6) + lines), { counted: 6, present: 5 });
  assert.equal(await missing(`${header(6)}${lines}what is this\n`), undefined);
  assert.equal(await missing(`${header(6)}${lines}${head(0)}${'x'.repeat(100_000)}\n`), undefined);
  // A buffer that is written to while it is read has more than when it was opened.
  assert.equal(await missing(header(4) + lines), undefined);
  assert.equal(await missing(lines), undefined);
});

test('the doubt says what is here, and what it may be', async () => {
  const doubts = doubtTexts(await read(header(12_345) + event() + stack()));
  assert.match(
    doubts.join('\n'),
    /^The header counts 12,345 entries \(events and stacks\), 2 are here: .* \(cut off, filtered, .*one CPU/,
  );
});

test('latency-format counts in its own header', async () => {
  const text = `# latency: 0 us, #3/3, CPU#0 | (M:server VP:0, KP:0, SP:0 HP:0 #P:2)\n`;
  assert.deepEqual(await missing(text + event()), { counted: 3, present: 1 });
});

test('the files of all CPUs one behind the other are one trace', async () => {
  const first = header(4) + event(0) + stack(0);
  const second = header(4) + event(1) + stack(1);
  assert.deepEqual(await missing(first), { counted: 4, present: 2 });
  assert.equal(await missing(first + second + header(4)), undefined);
  assert.deepEqual(await missing(first + second + first), { counted: 8, present: 6 });
});

test('several traces one behind the other have a header each', async () => {
  const whole = header(2) + event(0) + event(1);
  const cut = header(3) + event(0) + event(1);
  assert.equal(await missing(whole + whole), undefined);
  assert.deepEqual(await missing(whole + cut), { counted: 5, present: 4 });
  assert.deepEqual(await missing(cut + whole), { counted: 5, present: 4 });
  // More of one is not less of the other.
  assert.deepEqual(await missing(header(1) + event(0) + event(1) + cut), { counted: 4, present: 3 });
});

test('whoever stops the reading is told that alone', async () => {
  const source = readOnlySource(new TextEncoder().encode(header(9) + event()));
  const capture = await openCapture({ ...source, failure: new Error('stopped') });
  assert.equal(capture.missingEntries, undefined);
  assert.equal(capture.events.length, 1);
});

test('a part that is shown while the rest is read has no doubt', async () => {
  const seen: (MissingEntries | undefined)[] = [];
  const text = header(20_000) + event().repeat(20_000);
  const capture = await openCapture(memorySource(text), {
    chunkSize: 1 << 16,
    onPart: (_rows, part) => {
      seen.push(part().missingEntries);
      return Promise.resolve();
    },
  });
  assert.ok(seen.length > 5);
  assert.deepEqual([...new Set(seen), capture.missingEntries], [undefined, undefined]);
});

test('a trace of which only the head is left is not empty', async () => {
  assert.ok(isEmptyTrace(await read(header(0)), 1));
  assert.ok(!isEmptyTrace(await read(header(9)), 1));
});

test('recordings that are whole', async () => {
  const files = [FIXTURES, SHARED].flatMap((folder) =>
    ftraceTexts(folder).map((file) => path.join(folder, file)),
  );
  assert.ok(files.length > 3);
  for (const file of [...files, 'media/sample/trace.txt']) {
    const capture = await openCapture(memorySource(textBytes(file)));
    assert.equal(capture.missingEntries, undefined, file);
  }
});
