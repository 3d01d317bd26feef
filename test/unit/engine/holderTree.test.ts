import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { atOnce } from '../../../src/capture/turns';
import { openCapture } from '../../../src/capture/openCapture';
import type { Capture, Gap } from '../../../src/capture/eventTable';
import { captureMarks } from '../../../src/engine/captureMarks';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { NOT_SEARCHED, PlacedStacks, type LocateStack } from '../../../src/engine/frames';
import { groupedRows } from '../../../src/engine/groupedRows';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import type { Branch } from '../../../src/engine/lazyTree';
import { NodeFile } from '../../../src/engine/node/nodeFile';
import { wholeStack } from '../../../src/engine/stackRows';
import { textLines } from '../../../src/engine/textReport';
import { HolderAnalyser } from '../../../src/holders/analyseHolders';
import type { Mark, Page } from '../../../src/holders/model';
import { attempt, end, mark, page, reference, source } from './support/pages';

const SAMPLE = 'media/sample/trace.txt';

async function sample(): Promise<Capture> {
  const file = await NodeFile.open(SAMPLE);
  const capture = await openCapture(file);
  await file.close();
  return capture;
}

function rows(
  capture: Capture,
  pages: readonly Page[],
  locate: LocateStack | null = null,
): readonly Branch[] {
  return groupedRows(source(capture, { pages }, new PlacedStacks(capture, locate)), DEFAULT_QUERY);
}

/** Label and description of what is open, and of everything when `all`. */
async function outline(branches: readonly Branch[], all = false, depth = 0): Promise<string[]> {
  const lines: string[] = [];
  for (const { node, children } of branches) {
    lines.push(
      `${'  '.repeat(depth)}${node.label}${node.description === '' ? '' : ` | ${node.description}`}`,
    );
    if (children !== null && (all || node.expanded)) {
      lines.push(...(await outline(await children(), all, depth + 1)));
    }
  }
  return lines;
}

async function below(branches: readonly Branch[], ...labels: readonly string[]): Promise<Branch> {
  const [label, ...rest] = labels;
  const found = branches.find(({ node }) => node.label.startsWith(label!));
  assert.ok(found, `no row ${label} among ${branches.map(({ node }) => node.label).join(' | ')}`);
  return rest.length === 0 ? found : below((await found.children?.()) ?? [], ...rest);
}

test('a mapping that was the allocation says so where it was acquired, and no other reference does', async () => {
  const capture = await sample();
  const { pages } = atOnce(atOnce(HolderAnalyser.of(capture)).analyse());
  const lines = await textLines(rows(capture, pages), { full: true, columns: Infinity });
  const acquired = lines.map((line) => line.trim()).filter((line) => line.startsWith('Acquired '));
  assert.ok(acquired.length > 3);
  assert.deepEqual(
    new Set(acquired.filter((line) => line.includes('with the allocation'))),
    new Set(['Acquired 6.69 s before the mark · owner-225 (with the allocation: its own reference)']),
  );
});

test('the sample: what is open at first answers who held the page', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const text = await engine.text({ node: null, query: DEFAULT_QUERY });
  // Without the frames, which have a test of their own, and the second lines of holders.
  const lines = text.split('\n').filter((line) => !/^ {10}/.test(line));
  assert.deepEqual(lines.slice(0, 17), [
    '0x12f98 · held by 3 (2 × pipe buffer, GUP pin · vmsplice ·',
    '    owner-225 and 2 others · 1 still held · contig_range)',
    '  refcount 1027 = 1026 held + 1 page table mapping (28.182964 s ·',
    '      cma-alloc-230 · CMA allocation failed)',
    '    Held: 3 references (2 × pipe buffer, GUP pin)',
    '      pipe buffer · vmsplice · owner-225 · still held (held ≥ 47.3 ms ·',
    '        Acquired 12.4 ms before the mark · owner-225',
    '        Still held at the end of the capture',
    '      pipe buffer · vmsplice · vmsplice-B-228 · released 6.37 ms after',
    '        Acquired 10.4 ms before the mark · vmsplice-B-228',
    '        Released 6.37 ms after the mark · reader-B-231',
    '      GUP pin · process_vm_rw_core · pvm-reader-226 · released 15.1 ms after',
    '        Acquired 4.79 ms before the mark · pvm-reader-226',
    '        Released 15.1 ms after the mark · pvm-reader-226',
    '    Expected: 1 page table mapping',
    '    Temporary until the next mark: 1 reference (isolation)',
    '    Earlier: 3 references (2 × LRU batch, isolation)',
  ]);
});

test('the row of a page names the reference that decides, and its tooltip each holder', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const { nodes } = await engine.children({
    tree: 'holders',
    node: null,
    start: 0,
    end: 1,
    query: DEFAULT_QUERY,
  });
  const [node] = nodes;
  assert.equal(
    node?.spoken,
    '0x12f98, held by 3, 2 times pipe buffer, GUP pin, vmsplice, owner-225 and 2 others, 1 still held, contig_range',
  );
  assert.deepEqual(
    node.tooltip.rows.filter(([name]) => name === 'Holder').map(([, text]) => text),
    [
      'pipe buffer · vmsplice · owner-225 · still held · since 28.170548 s · held ≥ 47.3 ms',
      'GUP pin · process_vm_rw_core · pvm-reader-226 · released 15.1 ms after the first mark · since 28.178178 s · held 19.9 ms',
      'pipe buffer · vmsplice · vmsplice-B-228 · released 6.37 ms after the first mark · since 28.172522 s · held 16.8 ms',
    ],
  );
});

test('of several holders the one that is still there is named, and its kind first', async () => {
  const gone = reference({ released: end(400) });
  const there = reference({ kind: 'gup-pin', site: 'io_uring', acquired: end(9) });
  const later = reference({ kind: 'gup-pin', site: 'vfio', acquired: end(10) });
  const [row] = rows(await sample(), [page([mark({ held: 4 })], [gone, gone, later, there])]);
  assert.match(
    row!.node.description,
    /^2 × GUP pin, 2 × pipe buffer · io_uring · \S+ and 2 others · 2 still held/,
  );
});

test('a tooltip lists no more holders than there is room for, and says how many are left', async () => {
  const held = Array.from({ length: 8 }, (_, index) => reference({ acquired: end(index) }));
  const [row] = rows(await sample(), [page([mark({ held: 8 })], held)]);
  const { rows: said } = row!.node.tooltip;
  assert.equal(said.filter(([name]) => name === 'Holder').length, 5);
  assert.deepEqual(new Map(said).get('Holders not listed'), '3');
});

test('the tooltip of a mark names the terms of the sum and the evidence', async () => {
  const capture = await sample();
  const given = page([mark({ count: 3, expected: 2, held: 1, error: -16 })], [reference({})]);
  const { node } = await below(
    rows(capture, [given]),
    '0x12f98',
    'refcount 3 = 1 held + 1 page table mapping',
  );
  assert.deepEqual(
    Object.fromEntries(node.tooltip.rows)['Sum'],
    'refcount 3 = 1 held + 1 page table mapping',
  );
  assert.equal(Object.fromEntries(node.tooltip.rows)['Evidence'], 'named by test_pages_isolated');
  assert.equal(Object.fromEntries(node.tooltip.rows)['Error'], '-EBUSY');
});

test('the tooltip of a mark names the attempt and who made it, also where nothing says how it ended', async () => {
  const capture = await sample();
  const marks = [mark({ attempt: 0 }), mark({ attempt: 1, source: 'memory-failure', cause: 'unknown' })];
  const attempts = [attempt({ what: 'memory offlining' }), attempt({ id: 1, what: 'memory failure' })];
  const of = source(capture, { attempts, pages: [page(marks, [reference({})])] });
  const [row] = groupedRows(of, DEFAULT_QUERY);
  const found = (await (row!.children?.() ?? [])).filter(({ node }) => node.kind === 'mark');
  const [moved, poisoned] = found.map(({ node }) => new Map(node.tooltip.rows));
  assert.equal(moved?.get('Attempt'), 'memory offlining');
  assert.ok(moved.has('Task') && !moved.has('Outcome'));
  assert.ok(poisoned?.has('Poisoned by') && !poisoned.has('Attempt'));
});

test('pages that somebody held come first, and a page without a holder says so', async () => {
  const capture = await sample();
  const free: Page = {
    ...page([mark({ held: 0, count: 1, notes: ['busy buffer heads kept it'] })], []),
    pfn: 0x100,
  };
  const blamed = page([mark({})], [reference({})]);
  const all = rows(capture, [free, blamed]);
  assert.deepEqual(
    all.map(({ node }) => node.label),
    ['0x12f98 · held by 1', '0x100 · no reference too many'],
  );
  const outlined = await outline([all[1]!], true);
  assert.ok(outlined.includes('    No reference too many'));
  assert.ok(outlined.includes('    Busy buffer heads kept it'));
});

test('references that no event explains are said beside those that are known', async () => {
  const capture = await sample();
  const [row] = rows(capture, [page([mark({ count: 4, held: 1, untraced: 2 })], [reference({})])]);
  assert.equal(row!.node.label, '0x12f98 · held by 1 + 2 untraced');
  const outlined = await outline([row!], true);
  assert.ok(outlined.includes('    2 references that no event explains'));
});

test('how many had it at a time is said where it was not all of them', async () => {
  const capture = await sample();
  const held = (...openAt: number[]) => reference({ openAt });
  const label = (...references: ReturnType<typeof reference>[]) =>
    rows(capture, [page([mark({}), mark({ row: 20 }), mark({ row: 30 })], references)])[0]!.node.label;
  assert.equal(label(held(0, 1), held(1, 2)), '0x12f98 · held by 2');
  assert.equal(label(held(0), held(2)), '0x12f98 · held by 2 in turn');
  assert.equal(label(held(0, 1), held(1), held(2)), '0x12f98 · held by 3, at most 2 at once');
});

test('a mark alone is held by those that had it then, all at once', async () => {
  const capture = await sample();
  const held = (...openAt: number[]) => reference({ openAt });
  const marked = page(
    [mark({}), mark({ row: 20 }), mark({ row: 30 })],
    [held(0), held(1), held(1, 2), held(2)],
  );
  const { marks } = captureMarks('c1', capture, {
    attempts: [attempt({})],
    pages: [marked],
    unreleased: [],
    pinned: [],
  });
  const label = 'PFN 0x12f98: held by ';
  assert.deepEqual(
    marks.map((each) => each.label),
    [`${label}1`, `${label}2`, `${label}2`],
  );
});

test('what could not be judged is nowhere said to be expected', async () => {
  const capture = await sample();
  const notJudged = mark({
    cause: 'unknown',
    count: 3,
    expected: null,
    held: null,
    untraced: null,
    expectedTerms: [],
  });
  const open = { role: 'expected', kind: 'unknown', holder: 'no function names', site: '' } as const;
  const references = [reference(open), reference({ ...open, acquired: end(2) })];
  const all = rows(capture, [page([notJudged], [...references, reference({ role: 'earlier', openAt: [] })])]);
  const [row] = all;
  const counts = new Map(row!.node.tooltip.rows).get('References');
  assert.equal(counts, '2 open and not judged, 1 earlier');
  const role = await below(all, '0x12f98', 'refcount 3', 'Open, not judged: 2 references');
  assert.equal(role.node.tooltip.title, 'Open, not judged');
  assert.match(role.node.tooltip.notes.join(), /nothing says which of these migration accounts for/);
  const [taken] = await role.children!();
  assert.equal(new Map(taken!.node.tooltip.rows).get('Role'), 'open, not judged');
});

test('by holder, what could not be judged is not said to be no cause', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: 'test/fixtures/perf/multi.perf.data.gz' });
  const text = await engine.text({ node: null, query: { ...DEFAULT_QUERY, groupBy: 'holder' } });
  assert.match(text, /^Not judged: 1 page$/m);
  assert.doesNotMatch(text, /nobody/);
  assert.match(text, /^Open, not judged: \d+ references?$/m);
  assert.match(text, /^Not the cause: \d+ references? \((?!.*expected)/m);
});

test('of a page dump no references are counted: its sum is not made of any', async () => {
  const capture = await sample();
  const tooltipRows = (pages: readonly Page[]): readonly string[] =>
    rows(capture, pages)[0]!.node.tooltip.rows.map(([name]) => name);
  const dumped = mark({ dumpedBecause: 'migration failure', held: 0, untraced: 1 });
  assert.ok(!tooltipRows([page([dumped], [])]).includes('References'));
  assert.ok(tooltipRows([page([mark({})], [reference({})])]).includes('References'));
});

test('a get that is not in the capture is said, with the functions it is deduced to be in', async () => {
  const capture = await sample();
  const put = reference({
    acquired: null,
    released: end(30),
    holder: 'pipe buffer · put in pipe_read by sh-84',
    site: 'pipe_read',
    deducedAcquire: ['vmsplice_to_pipe', 'generic_pipe_buf_get'],
  });
  const locate: LocateStack = (stack) =>
    Promise.resolve(
      stack.map((frame) => ({
        ...NOT_SEARCHED,
        file: 'fs/x.c',
        line: 7,
        certainty: 'function-only',
        note: frame.function,
      })),
    );
  const outlined = await outline(rows(capture, [page([mark({})], [put])], locate), true);
  assert.deepEqual(outlined.slice(3, 8), [
    '      pipe buffer · put in pipe_read by sh-84 · released 20 ms after | get not in the capture · held ≥ 20 ms',
    '        Acquired out of sight: the get is not in the capture | deduced: vmsplice_to_pipe or 1 other',
    '          vmsplice_to_pipe | fs/x.c:7 · function only',
    '          generic_pipe_buf_get | fs/x.c:7 · function only',
    '        Released 20 ms after the mark · sh-84 | no stack in the capture',
  ]);
});

test('what went in parts says of how many it was, or what is left', async () => {
  const capture = await sample();
  const inParts = [
    reference({ weight: 8, parts: 3, released: end(40) }),
    reference({ weight: 8, parts: 3, weightLeft: 5, acquired: end(2) }),
    reference({ weight: 16, acquired: end(3) }),
  ];
  const outlined = await outline(rows(capture, [page([mark({ held: 29 })], inParts)]), true);
  const weights = outlined.flatMap((line) => /weight \d+(, [\w ]+)?/.exec(line)?.[0] ?? []);
  assert.deepEqual(weights.sort(), ['weight 16', 'weight 8, 5 left', 'weight 8, put in 3 parts']);
});

test('a release without a put says how it is known', async () => {
  const capture = await sample();
  const gone = reference({
    releasedUnseen: true,
    unseenBecause: 'it was gone by the time the page was freed',
  });
  const outlined = await outline(rows(capture, [page([mark({})], [gone])]), true);
  const label = 'Released out of sight: it was gone by the time the page was freed';
  assert.ok(outlined.some((line) => line.trim() === label));
});

test('a mark says when the page failed first and last, and how the attempts ended, each way once', async () => {
  const capture = await sample();
  const evidence = [10, 11, 14].map((row) => ({ row, source: 'derived' as const, what: 'refused' }));
  const attempts = [
    attempt({ id: 0, result: 'succeeded' }),
    attempt({ id: 1, what: 'memory failure', result: 'succeeded', resultText: 'Recovered' }),
    attempt({ id: 2, what: 'migration' }),
    attempt({ id: 3, result: 'succeeded' }),
  ];
  const described = async (...marks: readonly Mark[]): Promise<string> => {
    const pages = [page(marks, [reference({ released: end(30), openAt: marks.map((_, index) => index) })])];
    const [row] = groupedRows(source(capture, { pages, attempts }), DEFAULT_QUERY);
    return (await below([row!], '0x12f98', 'refcount')).node.description;
  };
  assert.match(
    await described(mark({ evidence })),
    /^×3 · 17\.472829 s to 17\.476829 s · \S+ · CMA allocation succeeded$/,
  );
  assert.match(await described(mark({ attempt: 1 })), /^17\.472829 s · \S+ · memory failure: Recovered$/);
  assert.match(await described(mark({ attempt: 2 })), /^17\.472829 s · [^·]+$/);
  assert.match(
    await described(mark({}), mark({ row: 20, attempt: 3, evidence })),
    /^×4 over 2 marks · .* · CMA allocation succeeded$/,
  );
});

test('roles that are not the answer are folded with their number, and can be opened', async () => {
  const capture = await sample();
  const noise = Array.from({ length: 30 }, (_, row) =>
    reference({ kind: 'lru-batch', role: 'temporary', acquired: end(20 + row), released: end(60) }),
  );
  const [row] = rows(capture, [page([mark({})], [reference({}), ...noise])]);
  const role = await below([row!], '0x12f98', 'refcount', 'Temporary: 30 references');
  assert.equal(role.node.expanded, false);
  assert.equal(role.node.description, '30 × LRU batch');
  assert.equal((await role.children!()).length, 30);
});

test('frames of counting are folded, never the only ones, and inlined functions stand where they run', async () => {
  const capture = await sample();
  const stack = stackWith(capture, 'pipe_read');
  const locate: LocateStack = (frames) =>
    Promise.resolve(
      frames.map((frame) => ({
        file: 'fs/pipe.c',
        line: 324,
        certainty: frame.function === 'pipe_read' ? 'one-call-site' : 'one-of-several',
        inlined:
          frame.function === 'pipe_read'
            ? [{ function: 'pipe_buf_release', file: 'include/linux/pipe_fs_i.h', line: 199 }]
            : [],
        candidates: [],
        note: '',
      })),
    );
  const held = reference({ acquired: { ...end(1), stack } });
  const acquired = await below(
    rows(capture, [page([mark({})], [held])], locate),
    '0x12f98',
    'refcount',
    'Held',
    'pipe buffer',
    'Acquired',
  );
  const frames = await acquired.children!();
  const functions = frames.map(({ node }) => node.label);
  assert.match(functions[0]!, /^\d reference-counting frames$/);
  const read = functions.indexOf('pipe_read');
  assert.equal(functions[read - 1], 'pipe_buf_release');
  const isInlined = frames.map(({ node }) => node.frame?.isInlined === true);
  assert.equal(isInlined.indexOf(true), read - 1);
  assert.equal(isInlined.lastIndexOf(true), read - 1);
  assert.equal(frames[read]!.node.description, 'fs/pipe.c:324 · one call site');
  assert.equal(frames[read - 1]!.node.description, 'include/linux/pipe_fs_i.h:199 · inlined');
  assert.equal(frames[read + 1]!.node.description, 'fs/pipe.c:324 · not proven');
  const folded = await frames[0]!.children!();
  assert.ok(
    folded.length >= 1 && folded.every(({ node }) => node.id.startsWith(`${acquired.node.id}/plumbing/`)),
  );
});

test('where only frames of the tracer are folded, they are said to be its own', () => {
  const labels = (functions: readonly string[], inlined: readonly string[] = []): readonly string[] => {
    const { frames, first, folded } = wholeStack(
      functions.map((name) => ({
        function: name,
        module: null,
        offset: null,
        location: {
          ...NOT_SEARCHED,
          inlined:
            name === 'migrate_pages'
              ? inlined.map((each) => ({ function: each, file: 'mm/x.c', line: 1 }))
              : [],
        },
      })),
    );
    return [...(folded === null ? [] : [folded]), ...frames.slice(first)].map(({ label }) => label);
  };
  const event = 'trace_event_raw_event_mm_migrate_pages';
  assert.deepEqual(labels([event, 'migrate_pages']), ['1 tracing frame', 'migrate_pages']);
  assert.deepEqual(
    labels(
      [`do_${event}`, event, '__traceiter_mm_migrate_pages', 'migrate_pages'],
      ['trace_mm_migrate_pages'],
    ),
    ['4 tracing frames', 'migrate_pages'],
  );
  assert.deepEqual(labels([event, 'trace_mm_migrate_pages.constprop.0', 'migrate_pages']), [
    '2 tracing frames',
    'migrate_pages',
  ]);
  // A function that only has such a name is nobody's tracing.
  assert.deepEqual(labels(['trace_get_pages', 'migrate_pages']), ['trace_get_pages', 'migrate_pages']);
  assert.deepEqual(labels([event, '__page_ref_mod', 'put_page', 'pipe_read']), [
    '3 reference-counting frames',
    'pipe_read',
  ]);
});

test('without a kernel tree a frame claims no place, and says why when it is pressed', async () => {
  const capture = await sample();
  const held = reference({ acquired: { ...end(1), stack: stackWith(capture, 'pipe_read') } });
  const frame = await below(
    rows(capture, [page([mark({})], [held])]),
    '0x12f98',
    'refcount',
    'Held',
    'pipe buffer',
    'Acquired',
    'pipe_read',
  );
  assert.equal(frame.node.description, '');
  assert.deepEqual(
    [frame.node.frame?.file, frame.node.frame?.certainty, frame.node.frame?.note],
    [null, 'unknown', 'No kernel tree and no vmlinux is chosen.'],
  );
});

test('lost events are said on top, and on every reference that was open meanwhile', async () => {
  const gap: Gap = { cpu: 1, from: 5e6, to: 6e6, events: 101, beforeRow: 6, cause: 'lost' };
  const capture: Capture = { ...(await sample()), lost: 101, gaps: [gap] };
  const spans = reference({ acquired: end(2), released: end(30), gapsMeanwhile: 1 });
  const later = reference({ acquired: end(8), released: end(30) });
  const outlined = await outline(rows(capture, [page([mark({})], [spans, later])]), true);
  assert.equal(
    outlined[0],
    '101 events lost: holders may be missing or wrong | CPU 1 · stacks are counted, too',
  );
  const references = outlined.filter((line) => line.includes('released 20 ms after'));
  assert.deepEqual(
    references.map((line) => line.includes('events lost meanwhile')),
    [true, false],
  );
});

test('ids are unique, and stay the same when the tree is made anew', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const ids = async (): Promise<string[]> => {
    const all: string[] = [];
    const visit = async (node: string | null): Promise<void> => {
      const { nodes } = await engine.children({
        tree: 'holders',
        node,
        start: 0,
        end: 1000,
        query: DEFAULT_QUERY,
      });
      for (const child of nodes) {
        all.push(child.id);
        if (child.hasChildren) await visit(child.id);
      }
    };
    await visit(null);
    return all;
  };
  const first = await ids();
  assert.ok(first.length > 100);
  assert.equal(new Set(first).size, first.length);
  await engine.setKernelTree({ root: null, trusted: true });
  assert.deepEqual(await ids(), first);
});

test('a copied row is opened, and what is folded below it stays one line', async () => {
  const capture = await sample();
  const expected = reference({
    role: 'expected',
    kind: 'page-table',
    holder: 'page table mapping · fault · sh-84',
    site: 'fault',
    released: end(30),
  });
  const role = await below(
    rows(capture, [page([mark({})], [reference({}), expected])]),
    '0x12f98',
    'refcount',
    'Expected',
  );
  const lines = await textLines([{ ...role, node: { ...role.node, expanded: true } }]);
  assert.equal(lines[0], 'Expected: 1 page table mapping');
  assert.equal(lines[1], '  page table mapping · fault · sh-84 (held 29 ms)');
});

/** Id of a stack of the sample that has the function in it. */
function stackWith(capture: Capture, name: string): number {
  const { symbols } = capture;
  for (let stack = 0; stack < symbols.stackCount; stack++) {
    const functions = [...symbols.stackFrames(stack)].map((frame) => symbols.frameFunction(frame));
    if (functions.includes(name) && functions.some((each) => each.startsWith('__page_ref_'))) return stack;
  }
  throw new Error(`${name} is in no stack of ${path.basename(capture.path)}`);
}
