/** What text captures are by their text: of real ones in every form, and of texts that are none. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Lines } from '../../../src/views/frameLines';
import { isTraceText, linesAtOffsets, stackBlocks, tellingEvents } from '../../../src/views/traceText';

function textOf(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function linesOf(text: string): Lines {
  const lines = text.split('\n');
  return { count: lines.length, at: (line) => lines[line]! };
}

const FIXTURES = 'test/fixtures';
const TRACES = [
  'media/sample/trace.txt',
  `${FIXTURES}/f_raw_default/trace.txt.gz`,
  `${FIXTURES}/f_raw_tgid/trace.txt`,
  `${FIXTURES}/f_raw_overwritten/trace.txt.gz`,
  `${FIXTURES}/f_pipe/trace_pipe.txt`,
  `${FIXTURES}/f_pipe_lost/trace_pipe.txt.gz`,
  `${FIXTURES}/f_dat_tsc/report.txt`,
  `${FIXTURES}/f_dat_instance/report.txt.gz`,
  `${FIXTURES}/f_dat_v7_zstd/report-noplugins.txt`,
  `${FIXTURES}/f_dat_v7_zstd/report-latency.txt.gz`,
  `${FIXTURES}/f_dat_v7_zstd/report-tsdiff.txt.gz`,
  `${FIXTURES}/f_perf/perf.txt.gz`,
  `${FIXTURES}/perf/kmem-pipe.txt.gz`,
];

for (const file of TRACES) {
  test(`${file} is a trace by its content, with its header or without it`, () => {
    const text = textOf(file);
    assert.ok(isTraceText(linesOf(text)));
    const events = text.split('\n').filter((line) => !/^#|^cpus=|^version/.test(line));
    assert.ok(isTraceText(linesOf(events.join('\n'))));
  });

  test(`every stack of ${file} can be folded, and nothing else`, () => {
    const text = textOf(file);
    const lines = linesOf(text);
    const isFrame = (line: string): boolean => /^\s*=> |^\t/.test(line);
    const frames = text.split('\n').flatMap((line, index) => (isFrame(line) ? [index] : []));
    const folded = new Set<number>();
    const heads = new Set<number>();
    for (const { first, last } of stackBlocks(lines)) {
      assert.ok(last > first);
      assert.ok(!isFrame(lines.at(first)) || first === 0 || !isFrame(lines.at(first - 1)));
      heads.add(first);
      for (let line = first + 1; line <= last; line++) folded.add(line);
    }
    for (const line of frames) {
      const isAlone = !frames.includes(line - 1) && !frames.includes(line + 1) && !folded.has(line);
      assert.ok(folded.has(line) || heads.has(line) || isAlone, `line ${line + 1}`);
    }
    const others = [...folded].filter((line) => !isFrame(lines.at(line)));
    for (const line of others) assert.match(lines.at(line), /stack trace|kernel_stack:/);
  });
}

test('other texts are no traces', () => {
  for (const text of [
    '',
    'Dear list,\n\nI see this: task-7 [000] and so on.\n',
    '# tracer\nnothing\n',
    '2024-01-02 10:11:12.345678: INFO: start\n',
    '[   28.170548] cma: cma_alloc: alloc failed\n[   28.1]  dump_stack+0x1/0x2\n',
    'git log --oneline [001] 5.10: fix\n',
    'Makefile:12: warning: overriding\n',
  ]) {
    assert.equal(isTraceText(linesOf(text)), false, text);
  }
});

test('only the head of a line is looked at, and long lines are looked at as fast as short ones', () => {
  const event = 'sh 84/84 [000] 7.289237: page_ref:page_ref_mod: pfn=0x12f98';
  assert.ok(isTraceText(linesOf(`${' '.repeat(400)}${event}`)));
  assert.ok(!isTraceText(linesOf(`${' '.repeat(600)}${event}`)));
  // As many steps as the square of this are hours.
  const long = 1 << 24;
  assert.ok(!isTraceText(linesOf(`a${' '.repeat(long)}x`)));
  assert.ok(!isTraceText(linesOf(`${'a 1 '.repeat(long / 4)}x`)));
});

test('a stack is folded below its event; below its own header where another CPU stands between', () => {
  const own = [
    'a-1 [000] d.. 1.0: page_ref_mod: pfn=0x1',
    'a-1 [000] d.. 1.1: <stack trace>',
    ' => f',
    ' => g',
  ];
  assert.deepEqual(stackBlocks(linesOf(own.join('\n'))), [{ first: 0, last: 3 }]);
  const other = ['b-2 [001] d.. 1.0: page_ref_mod: pfn=0x1', ...own.slice(1), 'b-2 [001] d.. 1.2: x: y'];
  assert.deepEqual(stackBlocks(linesOf(other.join('\n'))), [{ first: 1, last: 3 }]);
  assert.deepEqual(stackBlocks(linesOf(' => f\n => g\n')), [{ first: 0, last: 1 }]);
  assert.deepEqual(stackBlocks(linesOf(' => f\nx')), []);
});

test('attempts and marks are told by their events', () => {
  const events = tellingEvents(linesOf(textOf('media/sample/trace.txt')));
  assert.equal(events.filter(({ name }) => name === 'cma_alloc_start').length, 3);
  const [mark] = events.filter(({ spokenOf }) => spokenOf === 'mark');
  assert.equal(mark?.name, 'test_pages_isolated');
  assert.match(mark.fields, /fin_pfn=0x12f98 ret=fail/);
  const perf = tellingEvents(linesOf(textOf(`${FIXTURES}/f_perf/perf.txt.gz`)));
  assert.ok(perf.length > 0);
});

test('lines are found by their byte, whatever their characters and ends', () => {
  const text = ['añb', '', 'c€', 'd'];
  for (const end of ['\n', '\r\n']) {
    const offsets = text.map((_, line) =>
      Buffer.byteLength(
        text
          .slice(0, line)
          .map((each) => each + end)
          .join(''),
      ),
    );
    const lines = { count: text.length, at: (line: number) => text[line]! };
    assert.deepEqual(linesAtOffsets(lines, offsets, end.length), [0, 1, 2, 3]);
    assert.deepEqual(
      linesAtOffsets(
        lines,
        offsets.map((offset) => offset + 3),
        end.length,
        3,
      ),
      [0, 1, 2, 3],
    );
    assert.deepEqual(linesAtOffsets(lines, [1, 1e9], end.length), [null, null]);
  }
});
