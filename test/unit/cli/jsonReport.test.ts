import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Report, ReportFrame } from '../../../src/engine/report';
import { runCli, scratch } from './support/runCli';
import { smallTree } from './support/smallTree';

const SAMPLE = 'media/sample/trace.txt';

async function reportOf(...args: readonly string[]): Promise<Report> {
  const { status, output, errors } = await runCli(['report', '--format', 'json', ...args]);
  assert.equal(errors, '');
  assert.equal(status, 0);
  return JSON.parse(output) as Report;
}

test('the sample as JSON: the capture, the marks and the references', async () => {
  const report = await reportOf(SAMPLE);
  assert.deepEqual(Object.keys(report), [
    'version',
    'captures',
    'attempts',
    'pages',
    'neverReleased',
    'pinned',
    'otherPages',
    'leftOut',
  ]);
  assert.equal(report.version, 1);
  assert.deepEqual(report.captures, [
    {
      path: SAMPLE,
      format: 'ftrace',
      events: 216,
      stacks: 216,
      lost: 0,
      lostAtLeast: false,
      clock: 'ns',
      doubts: [],
      firstTimeNs: '17462829000',
      lastTimeNs: '28217896000',
      gaps: [],
      problems: [],
      joins: [],
      names: [],
    },
  ]);
  const [page, ...others] = report.pages;
  assert.equal(others.length, 0);
  assert.ok(page);
  assert.deepEqual([page.pfn, page.order], ['0x12f98', 0]);
  const { evidence, ...mark } = page.marks[0]!;
  assert.deepEqual(mark, {
    timeNs: '28182964000',
    lastTimeNs: '28186935000',
    reason: 'contig_range',
    source: 'isolation',
    error: null,
    task: { comm: 'cma-alloc', pid: 230 },
    count: 1027,
    expected: 1,
    held: 1026,
    untraced: 0,
    attempt: 0,
    cause: 'references',
    causeDetail: null,
    expectedTerms: [{ kind: 'page-table', count: 1, label: '1 page table mapping' }],
    notes: [],
  });
  assert.deepEqual(
    evidence.map(({ source, what, event, timeNs }) => [source, what, event, timeNs]),
    [
      ['derived', 'refused at isolation', 'page_ref_mod_and_test', '28182964000'],
      [
        'isolation',
        'named by test_pages_isolated as the first page still in use',
        'test_pages_isolated',
        '28186935000',
      ],
    ],
  );
  assert.deepEqual(
    page.references
      .filter(({ role }) => role === 'held')
      .map(({ kind, weight, holder, acquired, released, deducedAcquire }) => [
        [kind, weight, holder, deducedAcquire],
        [acquired?.timeNs, acquired?.task?.pid, released?.timeNs, released?.task?.pid],
      ]),
    [
      [
        ['pipe-buffer', 1, 'pipe buffer · vmsplice · owner-225', null],
        ['28170548000', 225, undefined, undefined],
      ],
      [
        ['pipe-buffer', 1, 'pipe buffer · vmsplice · vmsplice-B-228', null],
        ['28172522000', 228, '28189338000', 231],
      ],
      [
        ['gup-pin', 1024, 'GUP pin · process_vm_rw_core · pvm-reader-226', null],
        ['28178178000', 226, '28198074000', 226],
      ],
    ],
  );
  assert.equal(page.references[0]?.released, null);
});

test('frames without a tree: as the capture prints them, and nothing is claimed', async () => {
  const { pages } = await reportOf(SAMPLE);
  const stack = pages[0]?.references[1]?.released?.stack ?? [];
  assert.deepEqual(
    stack.map((frame) => [frame.function, frame.offset]),
    [
      ['trace_event_raw_event_page_ref_mod_and_test_template', 0xc9],
      ['__page_ref_mod_and_test', 0x45],
      ['page_cache_pipe_buf_release', 0x46],
      ['pipe_read', 0x1fe],
      ['vfs_read', 0x316],
      ['ksys_read', 0xb7],
      ['do_syscall_64', 0x34],
      ['entry_SYSCALL_64_after_hwframe', 0x6e],
    ],
  );
  const nowhere: Partial<ReportFrame> = {
    module: null,
    file: null,
    line: null,
    certainty: 'unknown',
    inlined: [],
  };
  for (const frame of stack) assert.deepEqual({ ...frame, ...nowhere }, frame);
});

test('frames with a tree: file and line of what it has, and unknown for what it has not', async () => {
  const { pages } = await reportOf(SAMPLE, '--tree', smallTree('linux'));
  const stack = pages[0]?.references[1]?.released?.stack ?? [];
  const places = new Map(stack.map((frame) => [frame.function, frame]));
  const { file, line, certainty } = places.get('pipe_read')!;
  assert.deepEqual([file, line, certainty], ['fs/pipe.c', 9, 'one-call-site']);
  assert.deepEqual(places.get('vfs_read')?.file, null);
  assert.equal(places.get('vfs_read')?.certainty, 'unknown');
});

test('puts without gets: the functions that are deduced take the place of the stack', async () => {
  const { pages } = await reportOf('test/fixtures/p_shmem_reader/trace.txt.gz');
  const held = pages.flatMap((page) => page.references).filter(({ role }) => role === 'held');
  assert.ok(held.length > 0);
  for (const reference of held) {
    assert.equal(reference.acquired, null);
    assert.deepEqual(reference.deducedAcquire?.[0], {
      function: 'vmsplice_to_pipe',
      file: null,
      line: null,
      certainty: 'unknown',
    });
  }
});

test('ticks stay ticks, lost events are counted with where they are missing', async () => {
  const ticks = await reportOf('test/fixtures/f_dat_tsc/report.txt');
  assert.match(ticks.captures[0]?.firstTimeNs ?? '', /^\d{12}$/);
  const lost = await reportOf('test/fixtures/f_pipe_lost/trace_pipe.txt.gz');
  const { gaps, lost: count } = lost.captures[0]!;
  assert.equal(count, 7599);
  assert.ok(gaps.length > 0);
  for (const gap of gaps) {
    assert.deepEqual(Object.keys(gap), ['cpu', 'fromNs', 'toNs', 'events']);
    assert.match(gap.toNs ?? '0', /^\d+$/);
  }
});

test('several captures are one report', async () => {
  const report = await reportOf(SAMPLE, 'test/fixtures/f_pipe/trace_pipe.txt');
  assert.deepEqual(
    report.captures.map((capture) => path.basename(capture.path)),
    ['trace.txt', 'trace_pipe.txt'],
  );
  assert.ok(report.pages.length > 1);
});

test('a range of many pages says how many are told of, and from where to where', async () => {
  const { output } = await runCli(['report', SAMPLE, '--pfn', '0x12800..0x12fff', '--width', '0']);
  assert.match(
    output,
    /^trace\.txt · 1 of 1 page that failed to move \(filter: \d+ PFNs from 0x12\w+ to 0x12\w+\)/,
  );
});

test('--reason leaves the pages of other reasons out', async () => {
  const none = await runCli(['report', '--format', 'json', SAMPLE, '--reason', 'compaction']);
  assert.equal((JSON.parse(none.output) as Report).pages.length, 0);
  assert.equal((await reportOf(SAMPLE, '--reason', 'contig_range')).pages.length, 1);
  assert.equal((await reportOf(SAMPLE, '--reason', 'compaction,contig_range')).pages.length, 1);
  assert.equal((await reportOf(SAMPLE, '--reason', 'contig_range', '--reason', 'damon')).pages.length, 1);
  const { output } = await runCli([
    'report',
    SAMPLE,
    '--reason',
    'damon,contig_range',
    '--group-by',
    'attempt',
  ]);
  assert.match(output, /1 of 1 page that failed to move \(filter: damon or contig_range\)/);
  assert.match(output, /CMA allocation failed · 1 page did not move/);
  const slip = await runCli(['report', SAMPLE, '--reason', 'contig_range,cma_alloc']);
  assert.match(slip.errors, /--reason cma_alloc: no capture has it, and it is no migrate reason\./);
});

test('attempts: what was tried, and the marks that belong to each', async () => {
  const { attempts, pages } = await reportOf(SAMPLE, 'test/fixtures/c_jbd2/report.txt.gz');
  assert.deepEqual(
    attempts.map(({ capture, what, task, result, retries, area, range }) => [
      [capture, what, task?.pid, result],
      [retries, area, range?.first, range?.last],
    ]),
    [
      [
        [0, 'CMA allocation', 230, 'failed'],
        [1, 'reserved', '0x12800', '0x12fff'],
      ],
      [
        [0, 'CMA allocation', 232, 'failed'],
        [1, 'reserved', '0x12800', '0x12fff'],
      ],
      [
        [0, 'CMA allocation', 233, 'failed'],
        [1, 'reserved', '0x12800', '0x12fff'],
      ],
      [
        [1, 'CMA allocation', 602, 'failed'],
        [1, 'reserved', '0x12800', '0x12fff'],
      ],
      [
        [1, 'CMA allocation', 603, 'failed'],
        [1, 'reserved', '0x12800', '0x12fff'],
      ],
    ],
  );
  for (const page of pages) {
    for (const mark of page.marks) assert.equal(attempts[mark.attempt!]?.capture, page.capture);
  }
  const buffers = pages.filter(({ capture }) => capture === 1).flatMap(({ marks }) => marks);
  assert.deepEqual(new Set(buffers.map(({ cause }) => cause)), new Set(['buffers']));
});

test('the events that a reference rests on lie at their offsets in the capture', async () => {
  const { pages } = await reportOf(SAMPLE);
  const bytes = readFileSync(SAMPLE);
  const [still, released] = pages[0]!.references;
  assert.deepEqual([still!.events.length, released!.events.length], [1, 2]);
  for (const event of [...still!.events, ...released!.events]) {
    const line = bytes.toString('latin1', event.offset, bytes.indexOf('\n', event.offset));
    assert.match(line, new RegExp(` ${event.event}: pfn=0x12f98 `));
    assert.ok(line.includes(`count=${event.count} `) && line.includes(`-${event.task?.pid} `), line);
  }
  assert.match(released!.evidence, /\w/);
});

test('pages without a mark that are held at the end are never released, and no pages that failed', async () => {
  const { pages, neverReleased } = await reportOf(beforeMarks());
  assert.equal(pages.length, 0);
  const [page, ...others] = neverReleased;
  assert.equal(others.length, 0);
  assert.deepEqual([page?.pfn, page?.count, page?.isOrphaned], ['0x12f98', 1028, false]);
  assert.deepEqual(
    page?.references.filter(({ role }) => role === 'held').map(({ kind }) => kind),
    ['pipe-buffer', 'pipe-buffer', 'gup-pin', 'lru-batch'],
  );
});

test('--pfn answers for a page that nothing failed to move, and leaves the others out with their number', async () => {
  const { pages, otherPages, leftOut } = await reportOf(
    'test/fixtures/c_jbd2/report.txt.gz',
    '--pfn',
    '0x12e9b',
  );
  assert.equal(pages.length, 0);
  assert.deepEqual(
    otherPages.map(({ pfn, references }) => [pfn, references.map(({ role, kind }) => `${role} ${kind}`)]),
    [['0x12e9b', ['earlier allocation']]],
  );
  assert.deepEqual(leftOut, {
    pages: 4,
    marks: 0,
    neverReleased: 0,
    pinned: 0,
    references: 0,
    stacks: 0,
    allocatedPages: 0,
  });
});

test('filters leave out what is not asked for, and count it', async () => {
  const pins = await reportOf(SAMPLE, '--kind', 'gup-pin', '--role', 'held');
  assert.deepEqual(
    pins.pages[0]?.references.map(({ kind, role }) => [kind, role]),
    [['gup-pin', 'held']],
  );
  assert.equal(pins.leftOut.references, 8);
  const long = await reportOf(SAMPLE, '--held-for', '18ms');
  assert.deepEqual(
    long.pages[0]?.references.map(({ holder }) => holder),
    ['pipe buffer · vmsplice · owner-225', 'GUP pin · process_vm_rw_core · pvm-reader-226'],
  );
  const none = await reportOf(SAMPLE, '--held-for', '1s');
  assert.deepEqual([none.pages.length, none.leftOut.pages], [0, 1]);
  const text = await reportOf(SAMPLE, '--match', 'READER-b');
  assert.equal(text.pages[0]?.references.length, 1);
});

test('--sort puts pages in the order that is asked for', async () => {
  const many = 'test/fixtures/c_jbd2/report.txt.gz';
  const pfns = async (...args: string[]): Promise<string[]> =>
    (await reportOf(many, ...args)).pages.map(({ pfn }) => pfn);
  const byPfn = await pfns();
  assert.deepEqual(byPfn, [...byPfn].sort());
  assert.equal((await pfns('--sort', 'attempts'))[0], '0x12e81');
  assert.deepEqual([...(await pfns('--sort', 'first-mark'))].sort(), byPfn);
});

/** The sample as it would be had the record ended before the first attempt. */
function beforeMarks(): string {
  const text = readFileSync(SAMPLE, 'utf8');
  const place = path.join(scratch, 'before-marks.txt');
  writeFileSync(place, text.slice(0, text.lastIndexOf('\n', text.indexOf(' cma_alloc_start:')) + 1));
  return place;
}
