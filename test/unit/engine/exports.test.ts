import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { ExportFormat } from '../../../src/engine/exporting/exportFormats';
import { DEFAULT_QUERY, NO_FILTER } from '../../../src/engine/holdersQuery';
import type { Report } from '../../../src/engine/report';

const SAMPLE = 'media/sample/trace.txt';
const BUFFERS = 'test/fixtures/c_jbd2/report.txt.gz';
const PUTS = 'test/fixtures/p_shmem_reader/trace.txt.gz';
const DUMP = 'test/fixtures/dumps/page_owner.gz';
/** Of {@link DUMP} it leaves three stacks. */
const MANY_PAGES = { ...DEFAULT_QUERY, filter: { ...NO_FILTER, minPages: 96 } };

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-exports-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

async function exported(format: ExportFormat, query = DEFAULT_QUERY, ...files: string[]): Promise<string> {
  const engine = new Engine(nodeHost());
  for (const file of files.length > 0 ? files : [SAMPLE]) await engine.openCapture({ path: file });
  let text = '';
  for await (const piece of engine.reports.exported(format, query)) text += piece;
  return text;
}

/** Records of RFC 4180; fails on what it does not allow. */
function parseCsv(text: string): Record<string, string>[] {
  assert.ok(text.endsWith('\r\n'));
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  const records: string[][] = [[]];
  while (field.lastIndex < text.length) {
    const [, quoted, bare, end] = field.exec(text) ?? assert.fail(`no field at ${field.lastIndex}`);
    records.at(-1)!.push(quoted === undefined ? bare! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') records.push([]);
  }
  records.pop();
  const [header, ...rows] = records as [string[], ...string[][]];
  return rows.map((row) => {
    assert.equal(row.length, header.length);
    return Object.fromEntries(row.map((value, index) => [header[index]!, value]));
  });
}

test('CSV has a row for each reference at a mark, with what the JSON says of it', async () => {
  const rows = parseCsv(await exported('csv'));
  const report = JSON.parse(await exported('json')) as Report;
  const marks = report.pages.flatMap((page) => page.marks);
  assert.deepEqual(
    [...new Set(rows.map((row) => row['mark_time_ns']))],
    marks.map((mark) => mark.timeNs),
  );
  for (const mark of marks) {
    const held = rows.filter((row) => row['mark_time_ns'] === mark.timeNs && row['role'] === 'held');
    assert.equal(
      held.reduce((sum, row) => sum + Number(row['weight']), 0),
      mark.held,
    );
  }
  const [first] = rows;
  assert.ok(first);
  const { acquired_stack: stack, ...others } = first;
  assert.deepEqual(others, {
    capture: SAMPLE,
    pfn: '0x12f98',
    order: '0',
    mark_time_ns: '28182964000',
    reason: 'contig_range',
    attempt: 'CMA allocation',
    attempt_task: 'cma-alloc-230',
    refcount: '1027',
    expected: '1',
    held: '1026',
    untraced: '0',
    cause: 'references',
    role: 'held',
    kind: 'pipe-buffer',
    name: 'pipe buffer',
    weight: '1',
    match: 'assumed',
    holder_function: 'vmsplice',
    acquired_time_ns: '28170548000',
    acquired_by: 'owner-225',
    released_time_ns: '',
    released_by: '',
    released_stack: '',
    still_held: 'yes',
    held_time_ns: '47348000',
    held_time_is_least: 'yes',
    clock: 'ns',
    mark_last_time_ns: '28186935000',
    not_judged: 'no',
    mark_tail_pfns: '',
    attempt_result: 'failed',
    attempt_result_text: '',
    attempt_error: '',
  });
  assert.match(stack!, /iov_iter_get_pages2 < __do_sys_vmsplice < do_syscall_64/);
});

test('a reference that could not be judged is said not to be in JSON and CSV', async () => {
  const addresses = 'test/fixtures/perf/multi.perf.data.gz';
  const rows = parseCsv(await exported('csv', DEFAULT_QUERY, addresses));
  const open = rows.filter((row) => row['role'] === 'expected');
  assert.ok(open.length > 0);
  assert.ok(open.every((row) => row['held'] === '' && row['not_judged'] === 'yes'));
  const { pages } = JSON.parse(await exported('json', DEFAULT_QUERY, addresses)) as Report;
  const references = pages.flatMap((page) => page.references);
  for (const { role, notJudged } of references)
    assert.equal(notJudged, role === 'expected' ? true : undefined);
});

test('CSV: how the attempt of a mark ended stands in each of its rows, as in JSON', async () => {
  const outcome = ['attempt_result', 'attempt_result_text', 'attempt_error'];
  for (const [file, ended] of [
    [SAMPLE, ['failed', '', '']],
    ['test/fixtures/pd_soft/trace.dat', ['', '', '-11']],
    ['test/fixtures/d_hard/trace.dat', ['succeeded', 'Recovered', '']],
  ] as const) {
    const { pages, attempts } = JSON.parse(await exported('json', DEFAULT_QUERY, file)) as Report;
    for (const { attempt } of pages.flatMap(({ marks }) => marks)) {
      const { result, resultText, error } = attempts[attempt!]!;
      assert.deepEqual([result ?? '', resultText ?? '', error ?? ''].map(String), ended);
    }
    const rows = parseCsv(await exported('csv', DEFAULT_QUERY, file));
    assert.ok(rows.length > 0);
    for (const row of rows)
      assert.deepEqual(
        outcome.map((column) => row[column]),
        ended,
      );
  }
});

test('CSV: a mark at which nobody held the page has a row too', async () => {
  const rows = parseCsv(await exported('csv', DEFAULT_QUERY, BUFFERS));
  const buffers = rows.filter((row) => row['cause'] === 'perhaps busy buffer heads');
  assert.ok(buffers.length > 0);
  assert.ok(buffers.every((row) => row['held'] === '0'));
});

test('CSV: a task whose name is a formula, or has commas and quotes, is text', async () => {
  const text = readFileSync(SAMPLE, 'utf8');
  const odd = path.join(scratch, 'odd.txt');
  writeFileSync(
    odd,
    text.replaceAll('       owner-225 ', '=1+"a",b-225 ').replaceAll('owner-225 ', '=1+"a",b-225 '),
  );
  const rows = parseCsv(await exported('csv', DEFAULT_QUERY, odd));
  assert.ok(rows.some((row) => row['acquired_by'] === `'=1+"a",b-225`));
});

test('a filter is kept, and several captures stand in one file', async () => {
  const query = { ...DEFAULT_QUERY, filter: { ...NO_FILTER, kinds: ['gup-pin' as const] } };
  const rows = parseCsv(await exported('csv', query, SAMPLE, PUTS));
  assert.deepEqual([...new Set(rows.map((row) => row['kind']))], ['gup-pin', '']);
  const all = parseCsv(await exported('csv', DEFAULT_QUERY, SAMPLE, PUTS));
  assert.deepEqual([...new Set(all.map((row) => row['capture']))], [SAMPLE, PUTS]);
});

test('CSV of a dump alone has a row for each stack, order, migratetype and gfp mask', async () => {
  const [first, second, third, ...others] = parseCsv(await exported('csv', MANY_PAGES, DUMP));
  assert.deepEqual(others, []);
  assert.deepEqual([first?.['pages'], second?.['pages']], ['137', '127']);
  assert.deepEqual(third, {
    capture: DUMP,
    stack_pages: '96',
    pages: '96',
    allocations: '6',
    order: '4',
    migratetype: 'Unmovable',
    gfp: '0x12d00(GFP_NOIO|__GFP_NOWARN|__GFP_NORETRY|__GFP_ZERO)',
    tasks: 'swapper/0-1',
    first_pfn: '0x3a30',
    last_pfn: '0x3abf',
    name: 'blk_mq_alloc_map_and_rqs',
    handle: '',
    stack:
      'get_page_from_freelist < __alloc_pages < blk_mq_alloc_map_and_rqs < blk_mq_alloc_tag_set < loop_add < ' +
      'loop_init < do_one_initcall < kernel_init_freeable < kernel_init < ret_from_fork',
  });
  const all = parseCsv(await exported('csv', DEFAULT_QUERY, DUMP));
  const sum = (column: string): number => all.reduce((total, row) => total + Number(row[column]), 0);
  assert.deepEqual([sum('allocations'), sum('pages')], [410, 583]);
});

/** As page_owner prints a record, on order, gfp mask and task. */
const RECORD = (pfn: number, order: number, gfp: string, task: string): string =>
  `Page allocated via order ${order}, mask ${gfp}, pid 7, tgid 7 (${task}), ts 1000 ns\n` +
  `PFN ${pfn} type Movable Block 0 type Movable Flags 0x0()\n __alloc_pages+0x1/0x2\n reader+0x1/0x2\n\n`;

test('CSV of a dump alone: what differs in one stack is apart, so that sums by order are right', async () => {
  const dump = path.join(scratch, 'orders.txt');
  const small = '0x1(GFP_A)';
  writeFileSync(
    dump,
    RECORD(8, 0, small, 'one') +
      RECORD(9, 0, small, '=two') +
      RECORD(16, 2, small, 'one') +
      RECORD(20, 0, '0x2(GFP_B)', 'one'),
  );
  const rows = parseCsv(await exported('csv', DEFAULT_QUERY, dump));
  const columns = ['stack_pages', 'pages', 'order', 'gfp', 'tasks', 'first_pfn', 'last_pfn', 'name'];
  assert.deepEqual(
    rows.map((row) => columns.map((name) => row[name]).join(' ')),
    [
      '7 4 2 0x1(GFP_A) one-7 0x10 0x13 reader',
      '7 2 0 0x1(GFP_A) one-7; =two-7 0x8 0x9 reader',
      '7 1 0 0x2(GFP_B) one-7 0x14 0x14 reader',
    ],
  );
});

/** What show_stacks of 6.9 (allocations alone), and of 6.11, prints of a stack. */
const STACK = (innermost: string, count: string): string =>
  ` __alloc_pages+0x1/0x2\n ${innermost}+0x1/0x2\n vfs_write+0x1/0x2\n${count}\n\n`;

test('sums without records are exported as far as the file says them', async () => {
  const dump = path.join(scratch, 'show_stacks.txt');
  writeFileSync(
    dump,
    STACK('grow', 'nr_base_pages: 12') +
      STACK('shrink', 'stack_count: 5') +
      STACK('splice', 'nr_base_pages: 3'),
  );
  const rows = parseCsv(await exported('csv', DEFAULT_QUERY, dump));
  assert.deepEqual(
    rows.map(({ pages, allocations, order, tasks, name }) => [pages, allocations, order, tasks, name]),
    [
      ['12', '', '', '', 'grow'],
      ['3', '', '', '', 'splice'],
      ['', '5', '', '', 'shrink'],
    ],
  );
  const { profiles } = checkSpeedscope(await exported('speedscope', DEFAULT_QUERY, dump));
  assert.deepEqual(
    profiles.map(({ name, weights }) => [name, weights]),
    [
      ['show_stacks.txt: pages allocated', [12, 3]],
      ['show_stacks.txt: allocations', [5]],
    ],
  );
});

test('beside a trace the table and the graph are of its marks, without the dump', async () => {
  const trace = 'test/fixtures/a_held/report.txt.gz';
  for (const format of ['csv', 'speedscope'] as const) {
    const marks = await exported(format, DEFAULT_QUERY, trace);
    const both = await exported(format, DEFAULT_QUERY, trace, DUMP);
    assert.equal(both.replace('"report.txt.gz, page_owner.gz"', '"report.txt.gz"'), marks);
  }
});

interface Speedscope {
  readonly $schema: string;
  readonly exporter: string;
  readonly activeProfileIndex: number;
  readonly shared: {
    readonly frames: readonly { name: string; file?: string; line?: number; col?: number }[];
  };
  readonly profiles: readonly {
    readonly type: string;
    readonly name: string;
    readonly unit: string;
    readonly startValue: number;
    readonly endValue: number;
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
}

/** What https://www.speedscope.app/file-format-schema.json demands of a sampled profile. */
function checkSpeedscope(text: string): Speedscope {
  const file = JSON.parse(text) as Speedscope;
  assert.equal(file.$schema, 'https://www.speedscope.app/file-format-schema.json');
  assert.equal(typeof file.exporter, 'string');
  for (const frame of file.shared.frames) {
    assert.equal(typeof frame.name, 'string');
    assert.ok(frame.file === undefined || typeof frame.file === 'string');
    assert.ok(frame.line === undefined || Number.isInteger(frame.line));
  }
  assert.ok(file.activeProfileIndex < Math.max(1, file.profiles.length));
  for (const profile of file.profiles) {
    assert.equal(profile.type, 'sampled');
    assert.equal(typeof profile.name, 'string');
    assert.ok(
      ['bytes', 'microseconds', 'milliseconds', 'nanoseconds', 'none', 'seconds'].includes(profile.unit),
    );
    assert.equal(profile.samples.length, profile.weights.length);
    for (const weight of profile.weights) assert.ok(Number.isFinite(weight) && weight >= 0);
    for (const stack of profile.samples) {
      for (const frame of stack) assert.ok(frame >= 0 && frame < file.shared.frames.length);
    }
    const total = profile.weights.reduce((sum, weight) => sum + weight, 0);
    assert.equal(profile.endValue - profile.startValue, total);
  }
  return file;
}

test('speedscope: the time held by each holder, below the stack of its get, outermost frame first', async () => {
  const file = checkSpeedscope(await exported('speedscope'));
  assert.equal(file.profiles.length, 1);
  const [profile] = file.profiles;
  assert.equal(profile!.unit, 'nanoseconds');
  // As the report says: held ≥ 47.3 ms, 16.8 ms and 19.9 ms.
  assert.deepEqual(
    profile!.weights.map((weight) => (weight / 1e6).toFixed(1)),
    ['47.3', '16.8', '19.9'],
  );
  const names = profile!.samples.map((stack) => stack.map((frame) => file.shared.frames[frame]!.name));
  assert.deepEqual(names[0]!.slice(0, 5), [
    'pipe buffer',
    'match assumed',
    'entry_SYSCALL_64_after_hwframe',
    'do_syscall_64',
    '__do_sys_vmsplice',
  ]);
  assert.deepEqual(names[2]!.slice(0, 2), ['GUP pin', 'entry_SYSCALL_64_after_hwframe']);
  assert.equal(new Set(file.shared.frames.map((frame) => frame.name)).size, file.shared.frames.length);
});

test('speedscope: without gets the stacks of the puts say so; without holders there is nothing to draw', async () => {
  const file = checkSpeedscope(await exported('speedscope', DEFAULT_QUERY, PUTS, BUFFERS));
  assert.equal(file.profiles.length, 2);
  assert.ok(file.shared.frames.some(({ name }) => name === 'pipe buffer, by the stack of the put'));
  assert.deepEqual(file.profiles[1]!.samples, []);
});

test('speedscope of a dump alone: pages by stack, in which callers stand together', async () => {
  const { shared, profiles } = checkSpeedscope(await exported('speedscope', MANY_PAGES, DUMP));
  const [profile, ...others] = profiles;
  assert.deepEqual(others, []);
  assert.deepEqual([profile!.name, profile!.unit], ['page_owner.gz: pages allocated', 'none']);
  assert.deepEqual(profile!.weights, [137, 127, 96]);
  const names = profile!.samples.map((stack) => stack.map((frame) => shared.frames[frame]!.name));
  assert.deepEqual(names[1], [
    'entry_SYSCALL_64_after_hwframe',
    'do_syscall_64',
    'ksys_write',
    'vfs_write',
    'tracing_entries_write',
    'tracing_resize_ring_buffer',
    'ring_buffer_resize',
    '__rb_allocate_pages',
    '__alloc_pages',
    'get_page_from_freelist',
  ]);
  const whole = checkSpeedscope(await exported('speedscope', DEFAULT_QUERY, DUMP));
  assert.equal(whole.profiles[0]!.endValue, 583);
  const outermost = whole.profiles[0]!.samples.map(([frame]) => frame);
  const runs = outermost.filter((frame, index) => frame !== outermost[index - 1]);
  assert.equal(runs.length, new Set(outermost).size);
});

test('Markdown: headings, the sums, and stacks as code; the words are those of the view', async () => {
  const lines = (await exported('markdown')).split('\n');
  assert.equal(lines[0], '# trace.txt · 1 page failed to move, 1 held');
  assert.ok(lines.includes('## 0x12f98 · held by 3'));
  assert.ok(lines.some((line) => line.startsWith('- **refcount 1027 = 1026 held + 1 page table mapping')));
  assert.ok(lines.includes('        __do_sys_vmsplice'));
  const fences = lines.filter((line) => line.trim().startsWith('```'));
  assert.equal(fences.length % 2, 0);
});

test('Markdown: nothing of a capture is markup, and a name cannot end its block of code', async () => {
  const text = readFileSync(SAMPLE, 'utf8');
  const odd = path.join(scratch, 'markup.txt');
  writeFileSync(
    odd,
    text.replaceAll('owner-225 ', '<b>[x](y)`-225 ').replaceAll('=> __do_sys_vmsplice', '=> ```__evil'),
  );
  const markdown = await exported('markdown', DEFAULT_QUERY, odd);
  assert.ok(markdown.includes('\\<b\\>\\[x\\](y)\\`-225'), 'escaped where it is text');
  assert.doesNotMatch(markdown, /(?<!\\)<b>/);
  assert.doesNotMatch(markdown, /```__evil/);
});

test('a file is written whole or not at all', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const file = path.join(scratch, 'holders.csv');
  writeFileSync(file, 'what was there');
  const { bytes } = await engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: file });
  assert.equal(readFileSync(file).length, bytes);
  assert.equal(readFileSync(file, 'utf8'), await exported('csv'));
  const nowhere = path.join(scratch, 'nowhere/holders.csv');
  await assert.rejects(engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: nowhere }), {
    name: 'ExportError',
    message: /nowhere\/holders\.csv cannot be written: no such file or directory\. Choose another place/,
  });
  await assert.rejects(engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: scratch }), {
    message: `${scratch} is a folder. Name a file in it.`,
  });
  // What stands for a device is not to be replaced by a file.
  const device = path.join(scratch, 'holders-device');
  symlinkSync(os.devNull, device);
  await assert.rejects(engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: device }), {
    message: `${device} is no regular file. Choose another place.`,
  });
  assert.ok(lstatSync(device).isSymbolicLink());
  rmSync(device);
  assert.deepEqual(
    readdirSync(scratch).filter((name) => name.startsWith('holders')),
    ['holders.csv'],
  );
});

test('an export that is cancelled leaves the file that was there', async () => {
  const server = new Engine(nodeHost());
  await server.openCapture({ path: SAMPLE });
  const file = path.join(scratch, 'cancelled.csv');
  writeFileSync(file, 'what was there');
  for (const format of ['csv', 'json', 'markdown', 'speedscope'] as const) {
    const controller = new AbortController();
    const writing = server.exportFile(
      { format, query: DEFAULT_QUERY, path: file },
      { signal: controller.signal },
    );
    controller.abort();
    await assert.rejects(writing, { name: 'CancelledError' });
  }
  assert.equal(readFileSync(file, 'utf8'), 'what was there');
  assert.deepEqual(
    readdirSync(scratch).filter((name) => name.startsWith('cancelled')),
    ['cancelled.csv'],
  );
});

test('an export takes the place of no open capture', async () => {
  const engine = new Engine(nodeHost());
  const capture = path.join(scratch, 'open.txt');
  writeFileSync(capture, readFileSync(SAMPLE));
  await engine.openCapture({ path: SAMPLE });
  await engine.openCapture({ path: capture });
  const link = path.join(scratch, 'open-link.txt');
  symlinkSync(capture, link);
  await assert.rejects(engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: capture }), {
    name: 'ExportError',
    message: `${capture} is what is exported. Choose another place.`,
  });
  await assert.rejects(engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: link }), {
    message: `${link} is ${capture}, which is exported. Choose another place.`,
  });
  assert.deepEqual(readFileSync(capture), readFileSync(SAMPLE));
});

test('an export follows no link that waits for it', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const file = path.join(scratch, 'linked.csv');
  const victim = path.join(scratch, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, `${file}.unfinished`);
  symlinkSync(victim, file);
  await engine.exportFile({ format: 'csv', query: DEFAULT_QUERY, path: file });
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(readFileSync(file, 'utf8'), await exported('csv'));
});

test('CSV and JSON say that times are ticks, and no text of a capture is a formula', async () => {
  const ticks = new Engine(nodeHost());
  await ticks.openCapture({ path: 'test/fixtures/f_dat_tsc/report.txt' });
  let csv = '';
  for await (const piece of ticks.reports.exported('csv', DEFAULT_QUERY)) csv += piece;
  const records = csv.trimEnd().split('\r\n');
  assert.ok(records.length > 1);
  assert.ok(
    records.slice(1).every((record) => /,ticks,\d+,(?:yes|no)?,,(?:failed|succeeded)?,,$/.test(record)),
  );
  const hostile = new Engine(nodeHost());
  const file = path.join(scratch, 'hostile.txt');
  writeFileSync(file, readFileSync(SAMPLE, 'utf8').replaceAll('owner-225', '=cmd()-225'));
  await hostile.openCapture({ path: file });
  let text = '';
  for await (const piece of hostile.reports.exported('csv', DEFAULT_QUERY)) text += piece;
  assert.ok(text.includes(",'=cmd()-225,"));
  assert.ok(!text.includes(',=cmd'));
});
