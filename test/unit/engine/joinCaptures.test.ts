/** Several files open at once: what they say of each other, in whatever order they come and go. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DEFAULT_QUERY, NO_FILTER, type HolderFilter } from '../../../src/engine/holdersQuery';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { CaptureFacts, ProgressReport, TreeName, TreeNode } from '../../../src/engine/protocol';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-join-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const TRACE = 'test/fixtures/a_held/report.txt.gz';
const DUMP = 'test/fixtures/dumps/page_owner.gz';
const PERF = 'test/fixtures/perf/multi.perf.data.gz';
const KALLSYMS = 'test/fixtures/perf/multi.kallsyms.gz';

async function opened(...paths: readonly string[]): Promise<Engine> {
  const engine = new Engine(nodeHost());
  for (const each of paths) await engine.openCapture({ path: each });
  return engine;
}

async function children(engine: Engine, node: string | null, tree: TreeName = 'holders') {
  const page = await engine.children({ tree, node, start: 0, end: 1000, query: DEFAULT_QUERY });
  return page.nodes;
}

/** The row whose label matches, somewhere below `node`. */
async function find(engine: Engine, label: RegExp, node: string | null = null): Promise<TreeNode> {
  for (const child of await children(engine, node)) {
    if (label.test(child.label)) return child;
    if (child.kind !== 'capture' && child.kind !== 'page') continue;
    const below = await find(engine, label, child.id).catch(() => null);
    if (below !== null) return below;
  }
  throw new Error(`no row ${String(label)}`);
}

const isAnswered = async (engine: Engine): Promise<boolean> =>
  (await engine.text({ node: null, query: DEFAULT_QUERY })).includes('pipe buffer · vmsplice · owner-');

test('a trace with its page_owner dump: every page says who allocated it, in both orders', async () => {
  for (const paths of [
    [TRACE, DUMP],
    [DUMP, TRACE],
  ]) {
    const engine = await opened(...paths);
    const row = await find(engine, /^Allocated by/);
    assert.equal(row.label, 'Allocated by holder-251 · 70.4 ms before the mark');
    assert.equal(
      row.description,
      'order 0 · Movable · GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO · mm_page_alloc and page_owner.gz',
    );
    const facts = Object.fromEntries(row.tooltip.rows);
    assert.equal(facts['Migratetype of the pageblock'], 'CMA');
    assert.equal(facts['Thread group'], '251');
    const frames = (await children(engine, row.id)).filter(({ kind }) => kind === 'frame');
    assert.deepEqual(
      frames.map(({ label }) => label),
      ['__handle_mm_fault', 'handle_mm_fault', 'do_user_addr_fault', 'exc_page_fault', 'asm_exc_page_fault'],
    );
    assert.ok(
      frames.every(({ frame }) => frame !== null),
      'frames lead to their source',
    );
    const note = await find(engine, /tells who allocated/);
    assert.equal(note.label, 'page_owner.gz tells who allocated 3 pages');
    assert.match(
      note.description,
      /^clock 49\.868 ms ahead of the trace, by 3 mm_page_alloc events of the same pages, within 3\.\d+ µs$/,
    );
  }
});

test('the allocator is no holder', async () => {
  const alone = (await opened(TRACE)).reports.exported('json', DEFAULT_QUERY);
  const beside = (await opened(TRACE, DUMP)).reports.exported('json', DEFAULT_QUERY);
  const references = async (report: AsyncGenerator<string>): Promise<unknown> => {
    let text = '';
    for await (const piece of report) text += piece;
    const { pages } = JSON.parse(text) as { pages: { references: unknown; marks: unknown }[] };
    return pages.map((page) => [page.marks, page.references]);
  };
  assert.deepEqual(await references(beside), await references(alone));
});

test('a closed dump takes what it said with it', async () => {
  const engine = await opened(TRACE, DUMP);
  const dump = (await engine.captureFacts()).find(({ format }) => format === 'page-owner')!;
  await engine.closeCapture({ id: dump.id });
  const row = await find(engine, /^Allocated by/);
  assert.equal(row.description, 'order 0 · Movable (migratetype 1) · mm_page_alloc');
});

test('a dump alone: its allocations by stack, those with most pages first', async () => {
  const engine = await opened(DUMP);
  const [facts] = await engine.captureFacts();
  assert.deepEqual([facts?.allocations, facts?.pageEvents], [410, 0]);
  const shown = await children(engine, null);
  assert.equal(shown.length, 51);
  const more = shown.at(-1)!;
  assert.equal(more.label, '10 more stacks of 1 page each');
  const groups = [...shown.slice(0, -1), ...(await children(engine, more.id))];
  assert.ok(groups.every(({ kind }) => kind === 'allocation'));
  const pages = groups.map(({ label }) => Number(/^(\d+) page/.exec(label)?.[1]));
  assert.deepEqual(
    pages,
    [...pages].sort((a, b) => b - a),
  );
  assert.equal(
    pages.reduce((sum, each) => sum + each, 0),
    583,
  );
  const [first] = groups;
  const below = await children(engine, first!.id);
  assert.ok(below.some(({ kind }) => kind === 'frame'));
  assert.match(below.at(-1)!.label, /^Pages/);
  const pfns = await children(engine, below.at(-1)!.id);
  assert.match(pfns[0]!.label, /^0x[0-9a-f]+$/);
  const [, , capture] = await children(engine, null, 'captures');
  const says = (await children(engine, capture!.id, 'captures')).map(({ label }) => label);
  assert.equal(says[0], '410 allocations of 583 pages');
  assert.ok(!says.some((label) => /event|[Ss]tacks/.test(label)), 'none are to be expected of a dump');
});

test('of a dump alone a filter asks for pages, tasks and functions of the stacks', async () => {
  const engine = await opened(DUMP);
  const rows = async (filter: Partial<HolderFilter>): Promise<readonly string[]> => {
    const query = { ...DEFAULT_QUERY, filter: { ...NO_FILTER, ...filter } };
    const request = { tree: 'holders', node: null, start: 0, end: 100, query } as const;
    return (await engine.children(request)).nodes.map(({ label }) => label);
  };
  const byPage = await rows({ pfns: [0x12fae], emptyRanges: [] });
  const byRange = await rows({ emptyRanges: [{ first: 0x12fae, last: 0x12fae }] });
  assert.match(byPage[0]!, /^1 page · __handle_mm_fault$/);
  assert.equal(byPage[1], 'Left out by the filter: 59 stacks, 582 pages');
  assert.equal(byPage.length, 2);
  assert.deepEqual(byRange, byPage);
  const byFunction = await rows({ text: '__GUNZIP' });
  assert.ok(byFunction.length > 1);
  assert.match(byFunction.at(-1)!, /^Left out by the filter/);
  const byTask = await rows({ text: 'holder-251' });
  assert.ok(byTask.some((label) => label.includes('__handle_mm_fault')));
  assert.deepEqual(await rows({ text: 'no such function' }), [
    'Left out by the filter: 60 stacks, 583 pages',
  ]);
});

test('of a dump alone a filter asks for stacks of many pages, and counts the others', async () => {
  const rows = async (path: string, filter: Partial<HolderFilter>): Promise<readonly string[]> => {
    const query = { ...DEFAULT_QUERY, filter: { ...NO_FILTER, ...filter } };
    const request = { tree: 'holders', node: null, start: 0, end: 100, query } as const;
    return (await (await opened(path)).children(request)).nodes.map(({ label }) => label);
  };
  const many = [
    '137 pages · shmem_alloc_and_acct_folio',
    '127 pages · __rb_allocate_pages',
    '96 pages · blk_mq_alloc_map_and_rqs',
    'Left out by the filter: 57 stacks, 223 pages',
  ];
  assert.deepEqual(await rows(DUMP, { minPages: 96 }), many, 'as many are enough');
  assert.deepEqual(await rows(DUMP, { minPages: 97 }), [
    ...many.slice(0, 2),
    'Left out by the filter: 58 stacks, 319 pages',
  ]);
  // Only pages that are asked for count, and the others of a stack that is shown are left out, too.
  assert.deepEqual(await rows(DUMP, { emptyRanges: [{ first: 0, last: 0x2fff }], minPages: 9 }), [
    '14 pages · shmem_alloc_and_acct_folio',
    'Left out by the filter: 59 stacks, 569 pages',
  ]);
  const allocations = path.join(scratch, 'show_stacks-6.9');
  const stack = (name: string): string => ` ${name}+0x1/0x2\n __alloc_pages+0x1/0x2\n`;
  writeFileSync(
    allocations,
    `${stack('few')}stack_count: 2\n\n${stack('many')}stack_count: 30\n\n${stack('some')}stack_count: 3\n\n`,
  );
  assert.deepEqual(await rows(allocations, { minPages: 3 }), [
    '30 allocations · many',
    '3 allocations · some',
    'Left out by the filter: 1 stack, 2 allocations',
  ]);
});

test('of a trace the pages of a stack leave nothing out, nor of what a dump says of it', async () => {
  const engine = await opened(TRACE);
  const text = (minPages: number): Promise<string> =>
    engine.text({ node: null, query: { ...DEFAULT_QUERY, filter: { ...NO_FILTER, minPages } } });
  assert.equal(await text(1000), await text(0));
  await engine.openCapture({ path: DUMP });
  const pagesOf = async (minPages: number): Promise<string> =>
    (await text(minPages)).split('page_owner.gz · ')[0]!;
  assert.match(await pagesOf(1000), /Allocated by holder-251/);
  assert.equal(await pagesOf(1000), await pagesOf(0));
});

test('kallsyms names a perf.data, in both orders, and takes the names with it', async () => {
  for (const paths of [
    [PERF, KALLSYMS],
    [KALLSYMS, PERF],
  ]) {
    const engine = await opened(...paths);
    assert.equal(await isAnswered(engine), true);
    const facts = await engine.captureFacts();
    assert.deepEqual(
      facts.map(({ format, heldPages, doubts }) => [format, heldPages, doubts.length]).sort(),
      [
        ['kallsyms', 0, 0],
        ['perf-data', 1, 0],
      ],
    );
    const rows = await children(engine, null, 'captures');
    const symbols = rows.find(({ label }) => label === 'multi.kallsyms.gz')!;
    const [use] = await children(engine, symbols.id, 'captures');
    assert.match(use!.label, /^multi\.perf\.data\.gz: names (\d+) of \1 addresses$/);
    await engine.closeCapture({ id: symbols.id });
    assert.equal(await isAnswered(engine), false);
    const [{ doubts, problems }] = (await engine.captureFacts()) as [CaptureFacts];
    assert.equal(problems, 0, 'all of it was read');
    const { id } = (await engine.captureFacts())[0]!;
    const header = await engine.captureHeader({ capture: id });
    const shown = header.facts.map(({ name, value }) => `${name}: ${value}`);
    assert.ok(
      shown.includes('Symbols: none · addresses alone') && !shown.some((text) => text.startsWith('Not read')),
    );
    assert.match(doubts[0]!, /^No function names: .* \(give the vmlinux of the recorded/);
  }
});

test('symbols that do not fit are not used, and this stands beside the pages', async () => {
  const lines = gunzipSync(readFileSync(KALLSYMS)).toString().trimEnd().split('\n');
  const names = lines.map((line) => line.slice(17)).reverse();
  const wrong = path.join(scratch, 'System.map');
  writeFileSync(wrong, lines.map((line, i) => `${line.slice(0, 17)}${names[i]}\n`).join(''));
  const engine = await opened(PERF, wrong);
  const note = await find(engine, /^System\.map: not used, of another/);
  assert.equal(note.mood, 'doubt');
  assert.equal(await isAnswered(engine), false);
  await engine.openCapture({ path: KALLSYMS });
  assert.equal(await isAnswered(engine), true);
});

test('a symbol file alone says what it is for', async () => {
  const [row] = await children(await opened(KALLSYMS), null);
  assert.equal(row?.label, 'multi.kallsyms.gz');
  assert.match(row.description, /^names of \d+ kernel functions$/);
});

test('a symbol file says of each capture that needs names what it did', async () => {
  const engine = await opened(KALLSYMS, TRACE);
  const said = async (): Promise<readonly string[]> =>
    (await engine.captureFacts()).find(({ symbolFile }) => symbolFile !== null)!.symbolFile!.says;
  assert.deepEqual(await said(), ['report.txt.gz: has names for its frames.']);
  await engine.openCapture({ path: PERF });
  assert.deepEqual(await said(), ['multi.perf.data.gz: names 86 of 86 addresses.']);
  const other = await engine.openCapture({ path: 'test/fixtures/debugInfo/dwarf4.elf' });
  assert.equal(other.symbolFile!.isRefused, false, 'what it would name has names');
});

test('kallsyms that hides its addresses is refused with what to do', async () => {
  const hidden = path.join(scratch, 'hidden');
  writeFileSync(hidden, '0000000000000000 T _text\n0000000000000000 T do_syscall_64\n');
  await assert.rejects(opened(hidden), {
    name: 'CaptureError',
    message: /hidden cannot be used: all addresses are 0, .*save \/proc\/kallsyms as root/,
  });
});

test('two traces stay side by side', async () => {
  const engine = await opened(TRACE, 'test/fixtures/b_multi/report.txt.gz', DUMP);
  const roots = await children(engine, null);
  assert.deepEqual(
    roots.map(({ kind, expanded }) => [kind, expanded]),
    [
      ['capture', true],
      ['capture', true],
      ['capture', false],
    ],
  );
  const other = await children(engine, roots[1]!.id);
  const note = other.find(({ label }) => label.includes('tells who allocated'));
  assert.match(note!.description, /^times not compared: the trace does not name its clock/);
});

test('names that are cancelled leave the capture as it was; the same file can be opened again', async () => {
  const engine = await opened(PERF);
  const before = await engine.text({ node: null, query: DEFAULT_QUERY });
  const controller = new AbortController();
  const phases: string[] = [];
  const opening = engine.openCapture(
    { path: KALLSYMS },
    {
      signal: controller.signal,
      onProgress: ({ phase }) => {
        phases.push(phase);
        controller.abort();
      },
    },
  );
  await assert.rejects(opening, { name: 'CancelledError' });
  assert.deepEqual(phases, ['analysing']);
  assert.equal(await engine.text({ node: null, query: DEFAULT_QUERY }), before);
  assert.equal((await engine.captureFacts()).length, 1);
  await engine.openCapture({ path: KALLSYMS });
  assert.ok(await isAnswered(engine));
});

test('names and rules that come at the same time both count', async () => {
  const rule = { label: 'our splice', kind: 'pipe-buffer', acquiredIn: ['iov_iter_get_pages2'] };
  const rules = JSON.stringify([rule]);
  const engine = await opened(PERF);
  await Promise.all([engine.openCapture({ path: KALLSYMS }), engine.setKindRules({ text: rules })]);
  const other = await opened(KALLSYMS, PERF);
  await other.setKindRules({ text: rules });
  const pages = async (each: Engine): Promise<string> => {
    const [capture] = (await each.captureFacts()).filter(({ format }) => format !== 'kallsyms');
    return (await each.text({ node: null, query: DEFAULT_QUERY })).replaceAll(`${capture!.id}/`, '');
  };
  assert.equal(await pages(engine), await pages(other));
  assert.match(await pages(engine), /pipe buffer · iov_iter_get_pages2 · owner-696 · still held/);
});

test('a file that is read again and became a symbol file, or was one, leaves no row of what it was', async () => {
  const file = path.join(scratch, 'becomes-another');
  const rowsOf = async (engine: Engine): Promise<readonly string[]> => {
    const rows = [...(await children(engine, null)), ...(await children(engine, null, 'captures'))];
    const isFile = ({ kind }: TreeNode): boolean => kind === 'capture' || kind === 'symbol-file';
    return rows
      .filter(isFile)
      .map(({ label }) => label.replace(/ · .*/, ''))
      .sort();
  };
  const perf = path.basename(PERF);
  const twice = (...names: readonly string[]): readonly string[] => [...names, ...names].sort();

  copyFileSync(TRACE, file);
  const engine = await opened(PERF);
  const { id } = await engine.openCapture({ path: file });
  copyFileSync(KALLSYMS, file);
  assert.equal((await engine.openCapture({ path: file, replaces: id })).format, 'kallsyms');
  assert.deepEqual(
    (await engine.captureFacts()).map(({ format }) => format),
    ['perf-data', 'kallsyms'],
  );
  // The pages of one capture stand without a row for it.
  assert.deepEqual(await rowsOf(engine), [path.basename(file), perf].sort());
  assert.ok(await isAnswered(engine), 'it names frames');

  copyFileSync(TRACE, file);
  assert.equal((await engine.openCapture({ path: file, replaces: id })).format, 'trace-cmd-report');
  assert.deepEqual(
    (await engine.captureFacts()).map(({ format }) => format),
    ['perf-data', 'trace-cmd-report'],
  );
  assert.deepEqual(await rowsOf(engine), twice(path.basename(file), perf));
  assert.equal(await isAnswered(engine), false);
});

test('a symbol file that is closed while it is read again stays closed', async () => {
  const engine = await opened(PERF);
  const { id } = await engine.openCapture({ path: KALLSYMS });
  const closed: Promise<null>[] = [];
  const again = engine.openCapture(
    { path: KALLSYMS, replaces: id },
    { onProgress: () => void closed.push(engine.closeCapture({ id })) },
  );
  await assert.rejects(again, { name: 'CancelledError' });
  await Promise.all(closed);
  assert.equal(closed.length, 1);
  assert.deepEqual(
    (await engine.captureFacts()).map(({ format }) => format),
    ['perf-data'],
  );
  assert.equal(await isAnswered(engine), false);
});

test('a packed vmlinux names as a flat one does, and what is damaged in it is said', async () => {
  const flat = path.join(scratch, 'flat/vmlinux');
  const packed = path.join(scratch, 'packed/vmlinux');
  for (const file of [flat, packed]) mkdirSync(path.dirname(file));
  copyFileSync('test/fixtures/debugInfo/dwarf4.elf', flat);
  const bytes = gzipSync(readFileSync(flat));
  writeFileSync(packed, bytes);
  const rowsWith = async (vmlinux: string): Promise<readonly string[]> => {
    const engine = await opened(PERF, vmlinux);
    const roots = await children(engine, null, 'captures');
    const own = await children(engine, roots.find(({ label }) => label === 'vmlinux')!.id, 'captures');
    return [...roots, ...own].map(({ label, description }) => `${label} ${description}`);
  };
  const expected = await rowsWith(flat);
  assert.ok(expected.some((row) => /^vmlinux names of \d+ kernel functions$/.test(row)));
  assert.ok(expected.some((row) => row.includes('its build-id is 894b65e4b0b4eb75c6c70f4ae9897fb9430fdce6')));
  assert.deepEqual(await rowsWith(packed), expected);

  const engine = new Engine(nodeHost());
  const told: ProgressReport[] = [];
  await engine.openCapture({ path: packed }, { onProgress: (report) => told.push(report) });
  assert.deepEqual(told[0], {
    phase: 'unpacking',
    done: bytes.length,
    total: bytes.length,
    unit: 'bytes',
    rowsAtEnd: false,
  });
  writeFileSync(packed, bytes.subarray(0, bytes.length - 100));
  await assert.rejects(engine.openCapture({ path: packed }), {
    name: 'CaptureError',
    message: /packed\/vmlinux cannot be used: .*(?:ends|end)/,
  });
});
