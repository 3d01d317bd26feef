/** Captures that a mail quotes: marks before each line, and words of the mail around them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, rowTexts } from './support/describeCapture';
import { CONTIG, FTRACE, log } from './support/dmesgTexts';
import { memorySource } from './support/sources';

async function read(content: string, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(content), { chunkSize });
  assertConsistent(capture);
  return capture;
}

/** The marks of a line without words have no blank behind them. */
function quoted(text: string, mark: string): string {
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  return lines.map((line) => `${`${mark}${line}`.trimEnd()}\n`).join('');
}

const TRACE = readFileSync('media/sample/trace.txt', 'latin1');
const TEXTS: readonly (readonly [string, string])[] = [
  ['a trace', TRACE],
  ['trace-cmd report', fixture('c_jbd2/report.txt.gz', 400)],
  ['perf script', fixture('f_perf/perf.txt.gz', 400)],
  ['a kernel log', log([...CONTIG, ...FTRACE])],
  ['page dumps without times', `${CONTIG.join('\n')}\n`],
  ['a trace in a log', log(TRACE.trimEnd().split('\n').slice(0, 60))],
];

function fixture(name: string, lines: number): string {
  const text = gunzipSync(readFileSync(`test/fixtures/${name}`)).toString('latin1');
  return `${text.split('\n').slice(0, lines).join('\n')}\n`;
}

test('what a mail quotes is read as it was', async (t) => {
  for (const [name, text] of TEXTS) {
    const plain = await read(text);
    for (const mark of ['> ', '> > ', '>> ', '>']) {
      await t.test(`${name}, ${mark}`, async () => {
        const content = quoted(text, mark);
        for (const chunkSize of [997, 1 << 20]) {
          const capture = await read(content, chunkSize);
          assert.deepEqual(
            [capture.format, capture.problemCount, capture.facts, capture.stackRecords, capture.lost],
            [plain.format, plain.problemCount, plain.facts, plain.stackRecords, plain.lost],
          );
          assert.deepEqual(rowTexts(capture), rowTexts(plain));
          const { events } = capture;
          for (let row = 0; row < events.length; row++) {
            const offset = events.offset(row);
            const lines = content.slice(0, offset).split('\n').length;
            assert.equal(lines, text.slice(0, plain.events.offset(row)).split('\n').length);
          }
        }
      });
    }
  }
});

test('words of the mail around it are no lines of the trace, and no more than that', async () => {
  const content = `On Monday somebody wrote:\n\n${quoted(TRACE, '> ')}\nSee above.\n`;
  const capture = await read(content);
  assert.deepEqual(rowTexts(capture), rowTexts(await read(TRACE)));
  assert.deepEqual(
    capture.problems.map(({ line }) => line),
    [1, content.trimEnd().split('\n').length],
  );
});

test('of what is not read under a quote it is said what to do', async () => {
  const owner =
    'Page allocated via order 0, mask 0x0(), pid 7, ts 1 ns\nPFN 0x1 type A Block 0 type B Flags 0x0()\n f+0x1/0x2\n\n';
  const capture = await read(quoted(owner, '> '));
  assert.equal(capture.format, 'unknown');
  assert.match(
    capture.problems[0]!.message,
    /^lines of this text begin with ">", .* remove these marks, or choose another file$/,
  );
  assert.match((await read('no\ntrace\n> at all\n')).problems[0]!.message, /^no line of a trace was found/);
});
