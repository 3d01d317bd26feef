/** Real perf.data files: to a file and to a pipe, compressed and not, against the output of `perf script`. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { captureText, eventText, stackText, summaryText } from './support/describeCapture';
import { FIXTURES, memorySource, readOnlySource, SHARED, textBytes } from './support/sources';

const fixture = (name: string): Uint8Array => textBytes(path.join(FIXTURES, 'perf', name));
const RECORDING = fixture('multi.perf.data.gz');
const KALLSYMS = fixture('multi.kallsyms.gz');
const TEXT = textBytes(path.join(FIXTURES, 'f_perf/perf.txt.gz'));

const read = (bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> =>
  openCapture(memorySource(bytes), { chunkSize });
const readNamed = (bytes: Uint8Array, kallsyms: Uint8Array): Promise<Capture> =>
  openCapture(memorySource(bytes), { kallsyms: memorySource(kallsyms, 'kallsyms') });

/** A row without its time, which text has in microseconds. */
const untimed = (capture: Capture, row: number): string => eventText(capture, row).replace(/^\S+ /, '');

function addressesOf(capture: Capture, row: number): string {
  const stack = capture.events.stack[row]!;
  if (stack === NONE) return '-';
  return [...capture.symbols.stackFrames(stack)]
    .map((frame) => capture.symbols.frameAddress(frame)!.toString(16))
    .join(' ');
}

/** Holds a recording against the text that perf prints of it; `resolution` of the text in ns. */
function compareWithText(capture: Capture, text: Capture, resolution: bigint): void {
  assert.equal(text.format, 'perf-script');
  assert.equal(capture.events.length, text.events.length);
  for (let row = 0; row < text.events.length; row++) {
    assert.equal(untimed(capture, row), untimed(text, row), `row ${row}`);
    assert.equal(addressesOf(capture, row), addressesOf(text, row), `row ${row}`);
    const time = capture.timeBase + BigInt(capture.events.time[row]!);
    const printed = text.timeBase + BigInt(text.events.time[row]!);
    assert.equal(time - (time % resolution), printed, `row ${row}`);
  }
}

test('a real recording', async () => {
  const capture = await read(RECORDING);
  assert.equal(
    summaryText(capture),
    [
      'perf-data clock=ns resolution=1 base=321996783319',
      'events=104 with-stack=104 stack-records=104 orphans=0 lost=0 distinct-stacks=23 frames=86 tasks=9',
      'cma:cma_alloc_busy_retry=3 cma:cma_alloc_finish=3 cma:cma_alloc_start=3 kmem:mm_page_alloc=1' +
        ' migrate:mm_migrate_pages=15 migrate:mm_migrate_pages_start=15 page_isolation:test_pages_isolated=3' +
        ' page_ref:page_ref_mod=15 page_ref:page_ref_mod_and_test=28 page_ref:page_ref_mod_unless=17 page_ref:page_ref_set=1',
      'fact kernel build id: 474645d76059d5be37ac38f28fb6a45d01ee665e',
      'fact hostname: (none)',
      'fact kernel: 6.1.192-pagelab',
      'fact perf version: 6.1.192',
      'fact architecture: x86_64',
      'fact CPUs: 2',
      'fact CPU: QEMU TCG CPU version 2.5+',
      'fact memory: 299088 kB',
      'fact command: /usr/bin/perf record -q -m 4096 -g -a -k mono -o /tmp/f_perf.perf.data -e page_ref:*' +
        ' --filter pfn >= 75776 && pfn < 77824 -e kmem:mm_page_alloc --filter pfn >= 75776 && pfn < 77824' +
        ' -e kmem:mm_page_free --filter pfn >= 75776 && pfn < 77824 -e cma:*,migrate:*,page_isolation:*,' +
        'compaction:mm_compaction_migratepages,ras:memory_failure_event -- pagelab multi',
      'fact wall clock: 2026-11-23T01:13:56.458Z at 318.654912 of clock monotonic',
      'fact clock: monotonic',
      'fact page flags: enum pageflags of Linux 4.20 to 6.5',
      'fact user stacks (left out): 99',
      'names missing: give the vmlinux of the recorded kernel or its /proc/kallsyms, saved as root in the same boot,' +
        ' or the output of "perf script", run on the recorded machine',
      'problems=0',
    ].join('\n'),
  );
  assert.equal(
    eventText(capture, 4),
    '3129628170 [0] owner-696 page_ref:page_ref_mod_unless PageRefModUnless pfn=0x12e8d' +
      ' flags=uptodate|lru|mappedtodisk|swapbacked mapping=Anonymous count=2 mapcount=1 val=1 ret=1 mt=4',
  );
  assert.match(
    stackText(capture, capture.events.stack[4]!),
    /^0xffffffffbe2bf325 <ffffffffbe2bf325> < 0xffffffffbe246176 /,
  );
});

test('it says which kernel was recorded, by release and build-id', async () => {
  const { kernel } = await read(RECORDING);
  assert.deepEqual(kernel, {
    release: '6.1.192-pagelab',
    buildId: '474645d76059d5be37ac38f28fb6a45d01ee665e',
  });
});

test('the text that perf prints of it says the same', async () => {
  compareWithText(await read(RECORDING), await read(TEXT), 1000n);
});

test('with the kallsyms of its boot its frames and holders are those of the text', async () => {
  const text = await read(TEXT);
  for (const kallsyms of [KALLSYMS, gzipSync(KALLSYMS)]) {
    const capture = await readNamed(RECORDING, kallsyms);
    assert.deepEqual(capture.problems, []);
    const withoutSizes = (stack: string): string => stack.replace(/\/0x[0-9a-f]+/g, '');
    for (let row = 0; row < text.events.length; row++) {
      assert.equal(
        withoutSizes(stackText(capture, capture.events.stack[row]!)),
        stackText(text, text.events.stack[row]!),
      );
    }
    const holders = (of: Capture): unknown =>
      analyseHolders(of).pages.map(({ pfn, marks, references }) => ({
        pfn,
        marks: marks.map(({ reason, source, count, expected, held }) => ({
          reason,
          source,
          count,
          expected,
          held,
        })),
        references: references.map(({ kind, role, weight, confidence, holder }) => ({
          kind,
          role,
          weight,
          confidence,
          holder,
        })),
      }));
    assert.deepEqual(holders(capture), holders(text));
    assert.ok(
      analyseHolders(capture).pages.some((page) => page.references.some(({ role }) => role === 'held')),
    );
  }
});

test('kallsyms of another boot, hidden or of another kind are not used', async () => {
  const text = new TextDecoder().decode(KALLSYMS);
  const cases = [
    [
      text.replace(/^[0-9a-f]{16}(?= T _text$)/m, 'ffffffff81000000'),
      /of another boot: _text is at 0xffffffff81000000/,
    ],
    [text.replace(/^[0-9a-f]{16}/gm, '0000000000000000'), /kallsyms: all addresses are 0/],
    ['hello\n', /kallsyms: no line of kallsyms was found/],
    ['', /kallsyms: no line of kallsyms was found/],
  ] as const;
  for (const [kallsyms, message] of cases) {
    const capture = await readNamed(RECORDING, new TextEncoder().encode(kallsyms));
    assert.equal(capture.problemCount, 1);
    assert.match(capture.problems[0]!.message, message);
    assert.notEqual(capture.missingNames, null);
    assert.match(stackText(capture, capture.events.stack[4]!), /^0xffffffffbe2bf325 /);
  }
});

test('gzipped it says the same', async () => {
  const capture = await read(gzipSync(RECORDING));
  const plain = await read(RECORDING);
  assert.equal(
    captureText(capture),
    captureText(plain).replace('fact kernel build', 'fact compression: gzip\nfact kernel build'),
  );
});

test('small chunks give the same as one chunk', async () => {
  for (const name of ['multi.perf.data.gz', 'kmem-zstd.perf.data.gz', 'kmem-pipe.perf.data.gz']) {
    const bytes = fixture(name);
    const whole = captureText(await read(bytes));
    const sizes = name.startsWith('multi') ? [7, 64, 1000] : [1, 2, 3, 5, 8, 13, 31, 63, 64, 251, 4099];
    for (const chunkSize of sizes) {
      assert.ok(captureText(await read(bytes, chunkSize)) === whole, `${name}, chunks of ${chunkSize} bytes`);
      const given = await openCapture(readOnlySource(bytes), { chunkSize });
      assert.ok(captureText(given) === whole, `${name}, ${chunkSize} bytes in memory of the source`);
    }
  }
});

/** Recorded with perf 6.1 on Linux 6.18: `perf record -g -e kmem:mm_page_alloc,kmem:mm_page_free`. */
for (const [name, fact] of [
  ['kmem-zstd', ['compression', 'zstd']],
  ['kmem-pipe', ['written to', 'a pipe']],
] as const) {
  test(`${name}: the text that perf prints of it says the same`, async () => {
    const capture = await read(fixture(`${name}.perf.data.gz`));
    compareWithText(capture, await read(fixture(`${name}.txt.gz`)), 1n);
    assert.equal(capture.problemCount, 0);
    const facts = new Map(capture.facts);
    assert.equal(facts.get(fact[0]), fact[1]);
    assert.equal(facts.get('kernel'), '6.18.44-fc-v669');
  });
}

/** The same scenario beside the repository, whole. */
const SHARED_RECORDING = path.join(SHARED, 'f_perf/perf.data');
const perf = spawnSync('perf', ['--version'], { encoding: 'utf8' });

const perfScript = (file: string, fields: string, ...options: string[]): Buffer =>
  execFileSync('perf', ['script', ...options, '--ns', '-F', fields, '-i', file], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });

/** Each line of `perf script` without call chains, read by this test alone; returns the number of counts compared. */
function compareWithLines(capture: Capture, printed: string): number {
  const { events, symbols } = capture;
  const lines = printed.trimEnd().split('\n');
  assert.equal(lines.length, events.length);
  let counts = 0;
  for (const [row, line] of lines.entries()) {
    const match = /^\s*(.*?)\s+(-?\d+)\/(-?\d+)\s+\[(\d+)\]\s+(\d+)\.(\d{9}):\s+(\S+):\s+(.*)$/.exec(line);
    assert.ok(match, line);
    const [, comm, , tid, cpu, seconds, fraction, name, text] = match;
    const fields = new Map([...text!.matchAll(/([a-z_]+)=(\S+)/g)].map((field) => [field[1]!, field[2]!]));
    const task = events.task[row]!;
    assert.deepEqual(
      {
        comm: symbols.taskComm(task),
        tid: symbols.taskPid(task),
        cpu: events.cpu[row],
        time: capture.timeBase + BigInt(events.time[row]!),
        name: symbols.string(events.name[row]!),
      },
      { comm, tid: Number(tid), cpu: Number(cpu), time: BigInt(seconds! + fraction!), name },
      line,
    );
    const pfn = fields.get('pfn') ?? fields.get('start_pfn');
    if (pfn !== undefined) assert.equal(events.pfn[row], Number(pfn), line);
    // The count of a CMA event is of pages asked for.
    if (!/\bpage_ref_/.test(name!)) continue;
    for (const [key, column] of [
      ['count', events.count],
      ['mapcount', events.mapcount],
      ['val', events.val],
      ['ret', events.ret],
    ] as const) {
      const value = fields.get(key);
      if (value !== undefined) assert.equal(column[row], Number(value), line);
    }
    counts++;
  }
  return counts;
}

test(
  'perf script of this machine agrees, event by event',
  { skip: perf.status !== 0 && 'perf is not installed' },
  async (t) => {
    t.diagnostic(perf.stdout.trim());
    const folder = mkdtempSync(path.join(tmpdir(), 'page-holders-'));
    try {
      const files = ['multi', 'kmem-zstd', 'kmem-pipe'].map((name) => {
        const file = path.join(folder, `${name}.data`);
        writeFileSync(file, fixture(`${name}.perf.data.gz`));
        return file;
      });
      if (existsSync(SHARED_RECORDING)) files.push(SHARED_RECORDING);
      else t.diagnostic(`${SHARED_RECORDING} is not there`);
      for (const file of files) {
        const capture = await read(readFileSync(file));
        const text = perfScript(file, 'comm,pid,tid,cpu,time,event,ip,sym,symoff,dso,trace');
        compareWithText(capture, await read(text), 1n);
        const counts = compareWithLines(
          capture,
          perfScript(file, 'comm,pid,tid,cpu,time,event,trace', '-G').toString(),
        );
        assert.equal(counts > 0, !path.basename(file).startsWith('kmem'), file);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
