/** Times that run backwards are said, and clocks of CPUs that are a little apart are not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { FIXTURES, memorySource } from './support/sources';

const SET = 'page_ref_set: pfn=0x12e8d flags=none count=1 mapcount=0 mapping=(nil) mt=4 val=1';

const read = (text: string): Promise<Capture> => openCapture(memorySource(text));

/** One event a line, each of a CPU and a time as printed. */
function ftrace(records: readonly (readonly [cpu: number, time: string])[]): string {
  return records.map(([cpu, time]) => `           owner-464     [00${cpu}] d..2. ${time}: ${SET}\n`).join('');
}

const backwards = (capture: Capture): string[] =>
  doubtTexts(capture).filter((doubt) => doubt.startsWith('Time goes back'));

test('the traces of several CPUs one behind the other', async () => {
  const text = ftrace([
    [0, '17.400000'],
    [0, '28.100000'],
    [1, '17.400000'],
    [1, '28.200000'],
  ]);
  const capture = await read(`# tracer: nop\n${text}`);
  assert.deepEqual(capture.timeGoesBack, { line: 4, largest: 10.7e9, times: 1, isOften: false });
  const [doubt] = backwards(capture);
  assert.match(
    doubt!,
    /^Time goes back by 10\.7 s in line 4: .*\(several traces one after the other.*per_cpu/,
  );
});

test('the head of a stack counts like an event', async () => {
  const { timeGoesBack } = await read(
    `${ftrace([[0, '28.100000']])}           owner-464     [001] d..2. 17.400000: <stack trace>\n => f\n`,
  );
  assert.equal(timeGoesBack?.line, 2);
});

test('the same trace twice is said once, and thrice twice', async () => {
  const trace = ftrace([
    [0, '17.400000'],
    [1, '17.500000'],
    [0, '17.600000'],
  ]);
  assert.equal((await read(trace)).timeGoesBack, undefined);
  assert.equal((await read(trace.repeat(2))).timeGoesBack?.times, 1);
  assert.match(backwards(await read(trace.repeat(3)))[0]!, /^Time goes back 2 times, by 200 ms in line 4: /);
});

test('clocks of CPUs that are up to a jiffy apart', async () => {
  const records: [number, string][] = [];
  for (let i = 0; i < 100; i++) records.push([i % 2, `17.${500000 + i * 10 - (i % 2) * 9900}`]);
  assert.equal((await read(ftrace(records))).timeGoesBack, undefined);
  const [, ...further] = records;
  assert.equal((await read(ftrace([[0, '17.600000'], ...further]))).timeGoesBack?.line, 2);
});

test('a few records of a CPU out of order', async () => {
  const times = Array.from({ length: 100 }, (_, i) => `17.${500000 + (i % 20 === 1 ? i - 2 : i)}`);
  assert.equal((await read(ftrace(times.map((time) => [0, time])))).timeGoesBack, undefined);
});

test('ticks go back by a part of all of them', async () => {
  const ticks = (times: readonly number[]): string => ftrace(times.map((time) => [0, String(time)]));
  const counter = await read(ticks([1, 2, 3, 4, 5, 1, 2, 3]));
  assert.deepEqual(counter.timeGoesBack, { line: 6, largest: 4, times: 1, isOften: false });
  assert.match(backwards(counter)[0]!, /by 4 ticks in line 6/);
  assert.equal((await read(ticks([1e9, 2e9, 1.9e9, 4e9, 5e9]))).timeGoesBack, undefined);
});

test('perf script --deltatime', async () => {
  const text = gunzipSync(readFileSync(path.join(FIXTURES, 'f_perf/perf.txt.gz'))).toString();
  assert.equal((await read(text)).timeGoesBack, undefined);
  let before = NaN;
  // As process_event() of tools/perf/builtin-script.c: what has passed since the line before, and 0 in the first.
  const deltas = text.replace(/ +\d+\.\d{6}: /g, (time) => {
    const now = Number.parseFloat(time);
    const delta = now - (Number.isNaN(before) ? now : before);
    before = now;
    return ` ${delta.toFixed(6)}: `;
  });
  const capture = await read(deltas);
  assert.ok(capture.timeGoesBack?.isOften);
  assert.match(
    backwards(capture)[0]!,
    /^Time goes back \d+ times, by 3\.\d+ s in line \d+: .* without --deltatime/,
  );
});

test('two outputs of perf script one behind the other', async () => {
  const text = gunzipSync(readFileSync(path.join(FIXTURES, 'f_perf/perf.txt.gz'))).toString();
  const doubts = backwards(await read(`${text}\n${text}`));
  assert.match(doubts.join('\n'), /^Time goes back by .*\(several outputs one after the other/);
});

test('two boots whose ftrace buffers a kernel log holds', async () => {
  const dump = (time: string): string =>
    [
      'Dumping ftrace buffer:',
      '---------------------------------',
      ftrace([[0, time]]).trimEnd(),
      '---------------------------------',
    ]
      .map((line) => `[   99.000000] ${line}\n`)
      .join('');
  const { format, timeGoesBack } = await read(dump('98.000000') + dump('12.000000'));
  assert.equal(format, 'dmesg');
  assert.equal(timeGoesBack?.line, 7);
});
