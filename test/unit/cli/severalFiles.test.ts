/** The command line with several files of one recording. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Report } from '../../../src/engine/report';
import { runCli, scratch, unbroken } from './support/runCli';
import { smallTree } from './support/smallTree';

const SAMPLE = 'media/sample/trace.txt';
const TRACE = 'test/fixtures/a_held/report.txt.gz';
const DUMP = 'test/fixtures/dumps/page_owner.gz';
const PERF = 'test/fixtures/perf/multi.perf.data.gz';
const KALLSYMS = 'test/fixtures/perf/multi.kallsyms.gz';

async function reportOf(...args: readonly string[]): Promise<Report> {
  const { status, output, errors } = await runCli(['report', '--format', 'json', ...args]);
  assert.deepEqual([status, errors], [0, '']);
  return JSON.parse(output) as Report;
}

test('a trace and its page_owner dump as text: who holds first, then who allocated', async () => {
  const { status, output, errors } = await runCli(['report', TRACE, DUMP]);
  assert.deepEqual([status, errors], [0, '']);
  const text = unbroken(output);
  assert.match(
    text,
    / page_owner\.gz tells who allocated 3 pages \(clock 49\.868 ms ahead of the trace, by 3 mm_page_alloc events/,
  );
  const held = text.indexOf(' pipe buffer · vmsplice · holder-251 · still held (');
  const allocated = text.indexOf(
    ' Allocated by holder-251 · 70.4 ms before the mark (order 0 · Movable · ' +
      'GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO · mm_page_alloc and page_owner.gz)',
  );
  assert.ok(held > 0 && allocated > held);
  assert.match(text.slice(allocated), /^[^)]+\) \d+ page allocator frames __handle_mm_fault /);
  assert.match(text, / page_owner\.gz · 410 allocations of 583 pages \(page_owner\) $/);
});

test('the same as JSON', async () => {
  const { captures, pages, allocations } = await reportOf(DUMP, TRACE);
  assert.deepEqual(captures[1]?.joins, [
    {
      dump: 0,
      clock: 'measured',
      offsetNs: captures[1]?.joins[0]?.offsetNs,
      allocations: 3,
      frees: 0,
      spreadNs: captures[1]?.joins[0]?.spreadNs,
      why: null,
    },
  ]);
  assert.ok(Math.abs(Number(captures[1].joins[0]?.offsetNs) + 49_868_000) < 1000);
  assert.deepEqual(
    pages.map(({ capture, allocatedBy }) => [capture, allocatedBy.length]),
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  );
  const [allocation] = pages[0]!.allocatedBy;
  const { stack, ...rest } = allocation!;
  assert.deepEqual(rest, {
    standing: 'traced',
    marks: [0],
    sources: ['mm_page_alloc', 'page_owner'],
    dump: 0,
    timeNs: '36032406000',
    recordTimeNs: '36082272782',
    task: { comm: 'holder', pid: 251 },
    tgid: 251,
    order: 0,
    gfp: '0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO)',
    migratetype: 'Movable',
    blockMigratetype: 'CMA',
    migrateReason: null,
    memcg: null,
    pfn: '0x12fad',
    notes: [],
  });
  assert.ok(stack.some((frame) => frame.function === '__handle_mm_fault'));
  assert.equal(
    allocations?.reduce((sum, group) => sum + group.pages!, 0),
    583,
  );
});

test('a dump alone is reported by stack', async () => {
  const { status, output } = await runCli(['report', DUMP]);
  assert.equal(status, 0);
  assert.match(output, /^page_owner\.gz · 410 allocations of 583 pages/);
  assert.match(output, /^ {2}\d+ pages · \w+.* \(.*order \d+/m);
  assert.doesNotMatch(output, /No event/);
  assert.match(output, /\n {4}__gunzip\n {4}By kworker\/u4:1-27\n {4}Pages \(0x286d to 0x130c6\)\n/);
  const { output: markdown } = await runCli(['export', DUMP, '--as', 'markdown']);
  assert.match(
    markdown,
    /\n {2}__gunzip\n {2}```\n {2}- By kworker\/u4:1-27\n {2}- Pages · 0x286d to 0x130c6\n- /,
  );
  const cut = await runCli(['report', 'test/fixtures/compressed/page_owner_part.xz']);
  assert.match(cut.output, /could not be read/);
  assert.doesNotMatch(cut.output, /failed to move/);
  const report = await reportOf(DUMP);
  assert.deepEqual(report.pages, []);
  assert.ok(report.allocations?.every(({ capture }) => capture === 0));
});

test('of a dump alone --min-pages leaves out stacks of fewer pages, and counts them', async () => {
  const { status, output, errors } = await runCli(['report', DUMP, '--min-pages', '96', '--width', '0']);
  assert.deepEqual([status, errors], [0, '']);
  assert.deepEqual(output.match(/^ {2}\w.*$/gm), [
    '  137 pages · shmem_alloc_and_acct_folio (order 0 · Movable · GFP_HIGHUSER_MOVABLE|__GFP_COMP)',
    '  127 pages · __rb_allocate_pages (order 0 · Unmovable · GFP_KERNEL|__GFP_RETRY_MAYFAIL)',
    '  96 pages · blk_mq_alloc_map_and_rqs (6 allocations · order 4 · Unmovable · ' +
      'GFP_NOIO|__GFP_NOWARN|__GFP_NORETRY|__GFP_ZERO)',
    '  Left out by the filter: 57 stacks, 223 pages',
  ]);
  const { allocations, leftOut } = await reportOf(DUMP, '--min-pages', '96');
  assert.deepEqual(
    allocations?.map(({ pages }) => pages),
    [137, 127, 96],
  );
  assert.deepEqual([leftOut.stacks, leftOut.allocatedPages], [57, 223]);
  const { output: markdown } = await runCli(['export', DUMP, '--as', 'markdown', '--min-pages', '96']);
  assert.match(markdown, /^- Left out by the filter: 57 stacks, 223 pages$/m);
  const trace = await runCli(['report', TRACE, '--min-pages', '96']);
  assert.equal(trace.output, (await runCli(['report', TRACE])).output);
  assert.equal(
    trace.errors,
    'page-holders: --min-pages 96: it is for page_owner dumps, and none is given: it leaves nothing out.\n',
  );
  const wrong = await runCli(['report', DUMP, '--min-pages', 'many']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.errors, /report: --min-pages many: expected a number of pages, like 16\n/);
});

test('kallsyms beside a perf.data, in any order', async () => {
  for (const files of [
    [PERF, KALLSYMS],
    [KALLSYMS, PERF],
  ]) {
    const { status, output, errors } = await runCli(['report', ...files, '--exit-code']);
    assert.deepEqual([status, errors], [1, '']);
    assert.match(output, /pipe buffer · vmsplice · owner-696 · still held/);
    assert.match(output, /^ {2}multi\.perf\.data\.gz: names (\d+) of \1 addresses$/m);
    const { captures } = await reportOf(...files);
    assert.deepEqual(captures.length, 1);
    const [naming] = captures[0]!.names;
    assert.deepEqual([naming?.refusal, naming?.shift, naming?.named], [null, '0x0', naming?.addresses]);
  }
});

test('of addresses alone it is said that names are missing: all was read, and nothing was looked for', async () => {
  const { output } = await runCli(['report', PERF, '--full', '--tree', smallTree('nameless')]);
  assert.match(
    unbroken(output),
    /No function names: who held a page cannot be told, and few that failed to move are named \(give the vmlinux of the recorded kernel or its \/proc\/kallsyms/,
  );
  assert.match(output, /^ +0xffffffffbe[0-9a-f]{6}$/m);
  assert.doesNotMatch(output, /could not be read|not found/);
});

test('a symbol file without a capture is no answer', async () => {
  const { status, output, errors } = await runCli(['report', KALLSYMS]);
  assert.deepEqual([status, output], [2, '']);
  assert.match(errors, /multi\.kallsyms\.gz: only names frames; give the capture that needs it too/);
  // One was given: that it cannot be read is the answer.
  const empty = path.join(scratch, 'empty.data');
  writeFileSync(empty, '');
  const unread = await runCli(['report', empty, KALLSYMS]);
  assert.equal(unread.status, 2);
  assert.match(unread.errors, /^page-holders: \S+empty\.data cannot be opened: [^\n]+\n$/);
});

const SHARED = '../shared';

test('System.map and kallsyms of the recorded kernel, of another boot and of another build', async (t) => {
  if (!existsSync(`${SHARED}/kernel/System.map.xz`)) {
    t.skip('the recordings beside the repository are not here');
    return;
  }
  const perf = `${SHARED}/captures/f_perf/perf.data`;
  const named = await runCli(['report', perf, `${SHARED}/kernel/System.map.xz`]);
  assert.match(
    unbroken(named.output),
    /names (\d+) of \1 addresses, moved by 0x3d000000 as the recording says \(KASLR\)/,
  );
  assert.match(named.output, /pipe buffer · vmsplice · owner-696 · still held/);
  for (const boot of ['nokaslr-320M', 'ppo-320M']) {
    const { output } = await runCli(['report', perf, `${SHARED}/kernel/boots/${boot}/kallsyms.gz`]);
    assert.match(
      unbroken(output),
      /kallsyms\.gz: not used, of another boot: _text is at 0xffffffff81000000 in it/,
      boot,
    );
  }
});

test('the vmlinux of a perf.data names its frames; one of another build does not', async (t) => {
  const packed = `${SHARED}/kernel/vmlinux.xz`;
  const perf = `${SHARED}/captures/f_perf/perf.data`;
  if (!existsSync(packed) || !existsSync(perf)) {
    t.skip('the recordings beside the repository are not here');
    return;
  }
  const vmlinux = path.join(scratch, 'vmlinux');
  execFileSync('sh', ['-c', 'xz -dc "$0" > "$1"', packed, vmlinux]);
  const { output } = await runCli(['report', perf, vmlinux]);
  assert.match(
    unbroken(output),
    /names \d+ of \d+ addresses, moved by 0x3d000000 as the recording says \(KASLR\)/,
  );
  assert.match(output, /pipe buffer · vmsplice · owner-696 · still held/);
  const ofPacked = await runCli(['report', perf, packed]);
  assert.equal(ofPacked.output.replaceAll('vmlinux.xz', 'vmlinux'), output);
  const asked = await runCli(['report', perf, '--vmlinux', vmlinux]);
  assert.match(asked.output, /pipe buffer · vmsplice · owner-696 · still held/);
  const other = await runCli(['report', PERF, 'test/fixtures/debugInfo/dwarf4.elf']);
  assert.match(unbroken(other.output), /dwarf4\.elf: not used, of another build: its build-id is 894b65e4/);
});

test('dumps and traces of the same boot, and of different times of it', async (t) => {
  if (!existsSync(`${SHARED}/captures/b_multi/page_owner.gz`)) {
    t.skip('the recordings beside the repository are not here');
    return;
  }
  const clockOf = async (trace: string, dump: string): Promise<string> => {
    const { captures } = await reportOf(
      `${SHARED}/captures/${trace}/trace.dat`,
      `${SHARED}/captures/${dump}/page_owner.gz`,
    );
    return captures[0]!.joins[0]!.clock;
  };
  assert.equal(await clockOf('a_held', 'a_held'), 'measured');
  assert.equal(await clockOf('b_multi', 'b_multi'), 'measured');
  // Everything that this trace shows was freed when the dump was read: nothing tells of the clocks.
  assert.equal(await clockOf('c_jbd2', 'c_jbd2'), 'unknown');
  for (const [trace, dump] of [
    ['a_held', 'b_multi'],
    ['b_multi', 'a_held'],
    ['c_jbd2', 'a_held'],
    ['b_gup', 'a_held'],
  ] as const) {
    assert.equal(await clockOf(trace, dump), 'unknown', `${trace} with the dump of ${dump}`);
  }
});

test('two captures of one name are told apart in reports and exports', async () => {
  const folders = ['before', 'after'].map((name) => path.join(scratch, name));
  const files = folders.map((folder) => path.join(folder, 'report.txt.gz'));
  for (const folder of folders) {
    mkdirSync(folder);
    copyFileSync(TRACE, path.join(folder, 'report.txt.gz'));
  }
  const { output } = await runCli(['report', ...files]);
  const headings = output.split('\n').filter((line) => /^\S.*report\.txt\.gz/.test(line));
  assert.deepEqual(
    headings.map((line) => line.split(' · ')[0]),
    ['before/report.txt.gz', 'after/report.txt.gz'],
  );
  const markdown = await runCli(['export', ...files, '--as', 'markdown']);
  assert.match(markdown.output, /^# before\/report\.txt\.gz · /m);
  assert.match(markdown.output, /^# after\/report\.txt\.gz · /m);
});

test('a file that is given twice, by whatever name, is reported once', async () => {
  const link = path.join(scratch, 'link.txt');
  symlinkSync(path.resolve(SAMPLE), link);
  const absolute = path.resolve(SAMPLE);
  const { status, output, errors } = await runCli(['report', SAMPLE, link, absolute, SAMPLE, SAMPLE]);
  assert.equal(status, 0);
  assert.equal(output.match(/^trace\.txt · /gm)?.length, 1);
  assert.deepEqual(errors.split('\n'), [
    `page-holders: ${link}: is the same file as ${SAMPLE}; it is read once.`,
    `page-holders: ${absolute}: is the same file as ${SAMPLE}; it is read once.`,
    `page-holders: ${SAMPLE}: was given more than once; it is read once.`,
    '',
  ]);
  const itself = await runCli(['compare', SAMPLE, SAMPLE]);
  assert.deepEqual([itself.status, itself.errors], [0, '']);
  assert.match(itself.output, /^Unchanged \(\d+\)/m);
});

test('which files could not be read is said again at the end, behind what was said of the others', async () => {
  const absent = path.join(scratch, 'absent');
  const said = `page-holders: ${absent} does not exist.`;
  const again = `page-holders: 1 of 2 files could not be read: ${absent}.`;
  for (const args of [['report'], ['report', '--format', 'json'], ['events'], ['export', '--as', 'csv']]) {
    const { status, output, errors } = await runCli([...args, absent, SAMPLE]);
    assert.equal(status, 2);
    assert.notEqual(output, '');
    assert.deepEqual(errors.split('\n'), [said, again, ''], args.join(' '));
  }
  // Nothing has come between.
  assert.equal((await runCli(['report', absent])).errors, `${said}\n`);
});
