import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { DEFAULT_QUERY, NO_FILTER, type HoldersQuery } from '../../../src/engine/holdersQuery';
import type { TreeNode } from '../../../src/engine/protocol';

const SAMPLE = 'media/sample/trace.txt';
const BUFFERS = 'test/fixtures/c_jbd2/report.txt.gz';
const PUTS = 'test/fixtures/p_shmem_reader/trace.txt.gz';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-groupings-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

async function opened(file: string): Promise<Engine> {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: file });
  return engine;
}

async function rowsBelow(
  engine: Engine,
  query: HoldersQuery,
  node: string | null,
): Promise<readonly TreeNode[]> {
  return (await engine.children({ tree: 'holders', node, start: 0, end: 1000, query })).nodes;
}

/** Label and description of the rows that are no more than `depth` steps down. */
async function outline(
  engine: Engine,
  part: Partial<HoldersQuery>,
  depth: number,
  node: string | null = null,
): Promise<string[]> {
  const query = { ...DEFAULT_QUERY, ...part };
  const lines: string[] = [];
  for (const { id, label, description } of await rowsBelow(engine, query, node)) {
    lines.push(label + (description === '' ? '' : ` | ${description}`));
    if (depth > 0) lines.push(...(await outline(engine, part, depth - 1, id)).map((line) => `  ${line}`));
  }
  return lines;
}

test('by holder: kinds and code paths, the worst first, and what is not the cause folded', async () => {
  const engine = await opened(SAMPLE);
  assert.deepEqual(await outline(engine, { groupBy: 'holder' }, 1), [
    'pipe buffer: 2 on 1 page | 1 still held · longest ≥ 47.3 ms · total ≥ 64.2 ms · 3 attempts blocked · 2 of 2 matches assumed',
    '  vmsplice: 2 on 1 page | 1 still held · longest ≥ 47.3 ms · total ≥ 64.2 ms · 3 attempts blocked · 2 of 2 matches assumed',
    'GUP pin: 1 page | held 19.9 ms · 2 attempts blocked',
    '  process_vm_rw_core: 1 page | held 19.9 ms · 2 attempts blocked',
    'Not the cause: 6 references | 1 expected · 2 temporary · 3 earlier',
    '  page table mapping: 1 page | held 6.73 s · 3 attempts blocked',
    '  LRU batch: 2 on 1 page | longest 4.34 ms · total 4.46 ms',
    '  isolation: 3 on 1 page | longest 213 µs · total 301 µs',
  ]);
});

test('by holder: where the gets are not in the capture, the puts are the code paths', async () => {
  const engine = await opened(PUTS);
  const [kind, path] = await outline(engine, { groupBy: 'holder' }, 1);
  assert.match(kind!, /^pipe buffer: 2 pages \| longest ≥ 48\.4 ms · total ≥ 86\.1 ms · 1 attempt blocked$/);
  assert.match(path!, /^ {2}put in page_cache_pipe_buf_release: 2 pages /);
});

test('by attempt: what was tried, how it ended, and the pages that blocked it', async () => {
  const engine = await opened(SAMPLE);
  assert.deepEqual(await outline(engine, { groupBy: 'attempt' }, 1), [
    'cma-alloc-230: CMA allocation failed · 1 page did not move | reserved 0x12800..0x12fff · 2048 pages · ' +
      '1 busy retry · migrate_pages: 14 moved, 0 failed · 28.181935 s',
    '  0x12f98 · held by 3 | 2 × pipe buffer, GUP pin · vmsplice · owner-225 and 2 others · 1 still held · contig_range',
    'cma-alloc-232: CMA allocation failed · 1 page did not move | reserved 0x12800..0x12fff · 2048 pages · ' +
      '1 busy retry · 28.191603 s',
    '  0x12f98 · held by 2 | pipe buffer, GUP pin · vmsplice · owner-225 and 1 other · 1 still held · contig_range',
    'cma-alloc-233: CMA allocation failed · 1 page did not move | reserved 0x12800..0x12fff · 2048 pages · ' +
      '1 busy retry · 28.203667 s',
    '  0x12f98 · held by 1 | pipe buffer · vmsplice · owner-225 · still held · contig_range',
  ]);
});

test('by attempt: a row leads to the event whose time it says', async () => {
  const engine = await opened(SAMPLE);
  const attempts = await rowsBelow(engine, { ...DEFAULT_QUERY, groupBy: 'attempt' }, null);
  const ofAttempts = attempts.filter(({ kind }) => kind === 'attempt');
  assert.ok(ofAttempts.length > 0);
  for (const { id, description, place } of ofAttempts) {
    const [, time] = /(\d+\.\d+) s(?: to \S+ s)?$/.exec(description)!;
    const event = await engine.eventText({ capture: id.split('/', 1)[0]!, row: place!.row! });
    assert.ok(event.trimStart().startsWith(time!), `${description}: ${event}`);
  }
});

test("by attempt: what Android's cma_alloc_info says of its steps", async () => {
  const text = readFileSync(SAMPLE, 'utf8').replace(
    /^.*(\n.*cma-alloc-230.*?) cma_alloc_finish: .*$/m,
    '$&$1 cma_alloc_info: name=reserved pfn=0xffffffffffffffff count=2048 align=0 nr_migrated=14 nr_reclaimed=0 ' +
      'nr_mapped=14 err_iso=0 err_mig=0 err_test=1',
  );
  const file = path.join(scratch, 'steps.txt');
  writeFileSync(file, text);
  const [first] = await outline(await opened(file), { groupBy: 'attempt' }, 0);
  assert.match(
    first!,
    / · 1 busy retry · gave up 1 range in the test · migrate_pages: 14 moved, 0 failed · /,
  );
});

test('by attempt: each call of migrate_pages counts its failures for itself', async () => {
  const text = readFileSync(SAMPLE, 'utf8').replace(
    /^.*cma-alloc-230.* mm_migrate_pages: .*$/m,
    (line) => `${line}\n${line.replace('nr_succeeded=14 nr_failed=0', 'nr_succeeded=1 nr_failed=2')}`,
  );
  const file = path.join(scratch, 'calls.txt');
  writeFileSync(file, text);
  const [first] = await outline(await opened(file), { groupBy: 'attempt' }, 0);
  assert.match(first!, / · 2 calls of migrate_pages: 15 moved, 2 failures · /);
});

test('by attempt: retries that met the same are one row, and one that names no page says so', async () => {
  const text = readFileSync(SAMPLE, 'utf8');
  const start = text.lastIndexOf('\n', text.lastIndexOf(' cma_alloc_start:')) + 1;
  const again = text
    .slice(start)
    .replaceAll('cma-alloc-233', 'cma-alloc-234')
    .replaceAll('    28.2', '    28.3');
  const nowhere = again
    .split('\n')
    .filter((line) => / cma_alloc_(?:start|finish): /.test(line))
    .map((line) => line.replace('cma-alloc-234', 'cma-alloc-235'))
    .join('\n');
  const file = path.join(scratch, 'retries.txt');
  writeFileSync(file, `${text}${again}${nowhere}\n`);
  const labels = await outline(await opened(file), { groupBy: 'attempt' }, 0);
  const heads = labels.map((label) => label.split(' | ')[0]);
  assert.deepEqual(heads.slice(-2), [
    'cma-alloc-233 and 1 other: CMA allocation failed 2 times · 1 page did not move',
    'cma-alloc-235: CMA allocation failed · no page is named',
  ]);
});

test('by task: who took the references, and who put those taken out of sight', async () => {
  assert.deepEqual((await outline(await opened(SAMPLE), { groupBy: 'task' }, 1)).slice(0, 6), [
    'owner-225: 1 page | pipe buffer · still held · held ≥ 47.3 ms · 3 attempts blocked · match assumed',
    '  0x12f98 · pipe buffer · vmsplice | still held · held ≥ 47.3 ms · 3 attempts blocked · match assumed',
    'pvm-reader-226: 1 page | GUP pin · held 19.9 ms · 2 attempts blocked',
    '  0x12f98 · GUP pin · process_vm_rw_core | held 19.9 ms · 2 attempts blocked',
    'vmsplice-B-228: 1 page | pipe buffer · held 16.8 ms · 1 attempt blocked · match assumed',
    '  0x12f98 · pipe buffer · vmsplice | held 16.8 ms · 1 attempt blocked · match assumed',
  ]);
  const [put] = await outline(await opened(PUTS), { groupBy: 'task' }, 0);
  assert.match(put!, /^put by pipe-reader-220: 2 pages \| pipe buffer /);
});

test('pages that nobody held are told by what kept them', async () => {
  const engine = await opened(BUFFERS);
  const [first] = await outline(engine, {}, 1);
  assert.equal(first, '0x12e81 · nobody: perhaps busy buffer heads | contig_range');
  const groups = await outline(engine, { groupBy: 'holder' }, 1);
  assert.deepEqual(groups.slice(0, 2), [
    'Held by nobody: 4 pages | perhaps busy buffer heads',
    '  Perhaps busy buffer heads: 4 pages',
  ]);
});

test('what a filter leaves out stays there, folded and counted, in every grouping', async () => {
  const filter = { ...NO_FILTER, heldFor: 1e9 };
  const engine = await opened(SAMPLE);
  for (const groupBy of ['page', 'holder', 'attempt', 'task'] as const) {
    assert.deepEqual(await outline(engine, { groupBy, filter }, 1), [
      'Left out by the filter: 1 page',
      '  0x12f98 · held by 3 | 2 × pipe buffer, GUP pin · vmsplice · owner-225 and 2 others · 1 still held · contig_range',
    ]);
  }
});

test('every claim leads to its events, and a page to all of its own, asked for by range', async () => {
  const engine = await opened(SAMPLE);
  const [page] = await rowsBelow(engine, DEFAULT_QUERY, null);
  const all = (await rowsBelow(engine, DEFAULT_QUERY, page!.id)).at(-1)!;
  assert.equal(all.label, 'All 18 events of this page');
  const slice = await engine.children({
    tree: 'holders',
    node: all.id,
    start: 15,
    end: 40,
    query: DEFAULT_QUERY,
  });
  assert.deepEqual([slice.nodes.length, slice.total], [3, 18]);
  const [event] = slice.nodes;
  assert.match(event!.description, /^28\.\d+ s · CPU \d · page_ref_\w+ · val -?\d+/);
  const frames = await rowsBelow(engine, DEFAULT_QUERY, event!.id);
  assert.ok(frames.some(({ kind }) => kind === 'frame'));
  const [mark] = await rowsBelow(engine, DEFAULT_QUERY, page!.id);
  const evidence = (await rowsBelow(engine, DEFAULT_QUERY, mark!.id)).at(-1)!;
  assert.deepEqual(
    (await rowsBelow(engine, DEFAULT_QUERY, evidence.id)).map(({ label }) => label),
    [
      'Refused at isolation · cma-alloc-230',
      'Named by test_pages_isolated as the first page still in use · cma-alloc-230',
    ],
  );
});

test('a text report is no wider than a mail, but for words that are whole', async () => {
  const engine = await opened(BUFFERS);
  for (const groupBy of ['page', 'holder', 'attempt', 'task'] as const) {
    const text = await engine.text({ node: null, query: { ...DEFAULT_QUERY, groupBy } });
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  }
});

test('by holder: a code path is of the stack that it is reached by, and its pages of none', async () => {
  const engine = await opened(SAMPLE);
  const query: HoldersQuery = { ...DEFAULT_QUERY, groupBy: 'holder' };
  const [kind] = await rowsBelow(engine, query, null);
  const [path] = await rowsBelow(engine, query, kind!.id);
  const stack = await engine.stackOf({ node: path!.id, query });
  assert.equal(stack?.title, 'vmsplice: 2 on 1 page');
  assert.ok(
    stack.frames.some(({ label }) => label.startsWith('__do_sys_vmsplice') || label.includes('vmsplice')),
  );
  const [through, page] = await rowsBelow(engine, query, path!.id);
  assert.equal(through?.kind, 'acquired');
  assert.deepEqual((await engine.stackOf({ node: through.id, query }))?.frames, stack.frames);
  assert.equal(await engine.stackOf({ node: page!.id, query }), null);
  assert.equal(await engine.stackOf({ node: kind!.id, query }), null);
});
