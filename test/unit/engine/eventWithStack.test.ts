/** An event is copied with its stack as trace-cmd report prints them: read back, it says what the capture says. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Mapping, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { eventWithStack } from '../../../src/engine/eventWithStack';
import { eventText, stackText } from '../capture/support/describeCapture';
import { FIXTURES, memorySource, textBytes, withFile } from '../capture/support/sources';

const openFile = (file: string): Promise<Capture> =>
  withFile(path.join(FIXTURES, file), (source) => openCapture(source));

const openText = (text: string): Promise<Capture> => openCapture(memorySource(`cpus=2\n${text}\n`));

/** Without what is a pointer, and what the kernel works out of one. */
function said(capture: Capture, row: number): string {
  const event = eventText(capture, row)
    .replace(/^\S+ /, '')
    .replace(/ flags=\S+| mapping=\S+| result=success/g, '');
  return `${event} < ${stackText(capture, capture.events.stack[row]!).replace(/ <[0-9a-f]+>/g, '')}`;
}

for (const file of [
  'f_dat_v7_zstd/trace.dat',
  'pd_soft/trace.dat',
  'f_raw_symoffset/trace.txt.gz',
  'f_raw_symaddr/trace.txt.gz',
  'f_pipe/trace_pipe.txt',
  'd_hard/report.txt',
  'c_jbd2/report.txt.gz',
  'p_pin_shmem/trace.txt.gz',
  'f_perf/perf.txt.gz',
]) {
  test(`${file}: what is copied is read back`, async () => {
    const capture = await openFile(file);
    const rows = Array.from({ length: capture.events.length }, (_, row) => row);
    const back = await openText(rows.map((row) => eventWithStack(capture, row)).join('\n'));
    assert.equal(back.problemCount, 0, JSON.stringify(back.problems));
    assert.equal(back.events.length, rows.length);
    const { time, flags, mapping } = capture.events;
    for (const row of rows) {
      assert.equal(said(back, row), said(capture, row));
      assert.equal(Number(back.timeBase) + back.events.time[row]!, Number(capture.timeBase) + time[row]!);
      const printed: Mapping = mapping[row]!;
      if (printed !== Mapping.Absent) assert.equal(back.events.flags[row], flags[row]);
    }
  });
}

test('the lines are those of trace-cmd, without pointers', async () => {
  const report = 'd_hard/report.txt';
  const capture = await openFile(report);
  const end = textBytes(path.join(FIXTURES, report)).indexOf(0x0a, capture.events.offset(1));
  const lines = new TextDecoder().decode(textBytes(path.join(FIXTURES, report)).subarray(0, end)).split('\n');
  const [, event, , ...frames] = lines.map((line) => line.replace(/ mapping=0x\S+| \([0-9a-f]+\)$/g, ''));
  const copied = eventWithStack(capture, 0).split('\n');
  assert.equal(copied[0], event);
  assert.match(copied[1]!, /^ +\S+-\d+ +\[\d{3}\] +\d+\.\d+: kernel_stack: +<stack trace >$/);
  assert.deepEqual(copied.slice(2), frames.slice(0, -1));
});
