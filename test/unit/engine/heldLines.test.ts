/** What is held through the lines of a small kernel tree, and what is said where marks stand in a text. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import type { ExportFormat } from '../../../src/engine/exporting/exportFormats';
import { Engine } from '../../../src/engine/engine';
import { NOT_SEARCHED, PlacedStacks } from '../../../src/engine/frames';
import { HeldPlaces } from '../../../src/engine/heldLines';
import { NodeFile } from '../../../src/engine/node/nodeFile';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { DEFAULT_QUERY, NO_FILTER, type SourceLines } from '../../../src/engine/holdersQuery';
import { end, mark, page, reference, source } from './support/pages';

const SAMPLE = 'media/sample/trace.txt';
const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-lines-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const SPLICE = `
static int iter_to_pipe(struct iov_iter *from)
{
	return iov_iter_get_pages2(from);
}

static int unused(void)
{
	return 0;
}

SYSCALL_DEFINE4(vmsplice, int, fd, const struct iovec __user *, uiov,
		unsigned long, nr_segs, unsigned int, flags)
{
	if (flags)
		return -EINVAL;
	return iter_to_pipe(&iter);
}
`;
const IOV_ITER = `
static ssize_t __iov_iter_get_pages_alloc(struct iov_iter *i)
{
	if (first)
		return get_user_pages_fast(i->a);
	return get_user_pages_fast(i->b);
}

ssize_t iov_iter_get_pages2(struct iov_iter *i)
{
	return __iov_iter_get_pages_alloc(i);
}
`;
const GUP = `
static int internal_get_user_pages_fast(unsigned long start)
{
	return try_get_folio(start);
}

int get_user_pages_fast(unsigned long start)
{
	return internal_get_user_pages_fast(start);
}
`;

function tree(): string {
  const root = path.join(scratch, 'linux');
  const files = {
    Makefile: 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n',
    Kconfig: '',
    'arch/x86/Kconfig': '',
    'include/linux/mm.h': '',
    'kernel/Makefile': '',
    'mm/gup.c': GUP,
    'fs/splice.c': SPLICE,
    'lib/iov_iter.c': IOV_ITER,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

async function engineWithTree(): Promise<Engine> {
  const engine = new Engine(nodeHost());
  await engine.setKernelTree({ root: tree(), trusted: true });
  return engine;
}

async function engineWithSample(): Promise<{ engine: Engine; id: string }> {
  const engine = await engineWithTree();
  const { id } = await engine.openCapture({ path: SAMPLE });
  return { engine, id };
}

test('functions and lines that held references went through, each with what was held', async () => {
  const { engine } = await engineWithSample();
  const held = await engine.heldLines({ file: 'fs/splice.c' });
  assert.deepEqual(
    held?.functions.map(({ function: name, line, lastLine, label }) => [name, line, lastLine, label]),
    [
      ['iter_to_pipe', 2, 5, 'held 1 page · 3 failed CMA allocations'],
      ['vmsplice', 12, 18, 'held 1 page · 3 failed CMA allocations'],
    ],
  );
  assert.deepEqual(
    held.lines.map(({ line, text, certainty }) => [line, text, certainty]),
    [
      [4, 'return iov_iter_get_pages2(from);', 'one-call-site'],
      [17, 'return iter_to_pipe(&iter);', 'one-call-site'],
    ],
  );
  const [first] = held.lines[0]!.captures;
  assert.deepEqual([first?.name, first?.pages, first?.attempts], ['trace.txt', 1, 3]);
  assert.deepEqual(first?.details[0], [
    'References',
    '2 × pipe buffer · 1 still held · 2 of 2 matches assumed',
  ]);
  assert.equal(first.details[1]?.[0], 'Held longest');
});

test('places that could not be looked up are looked up when they are asked for again', async () => {
  const file = await NodeFile.open(SAMPLE);
  const capture = await openCapture(file);
  await file.close();
  const held = page([mark({})], [reference({ acquired: { ...end(1), stack: 0 } })]);
  let tries = 0;
  const stacks = new PlacedStacks(capture, (stack) =>
    ++tries === 1
      ? Promise.reject(new Error('The tree is away'))
      : Promise.resolve(
          stack.map(() => ({ ...NOT_SEARCHED, file: 'mm/gup.c', line: 4, certainty: 'exact' as const })),
        ),
  );
  const places = new HeldPlaces([{ ...source(capture, { pages: [held] }, stacks), end: 0 }]);
  await assert.rejects(places.has('mm/gup.c'), /The tree is away/);
  assert.equal(await places.has('mm/gup.c'), true);
});

test('a line that a hundred thousand stacks go through is told of at once', async () => {
  const file = await NodeFile.open(SAMPLE);
  const capture = await openCapture(file);
  await file.close();
  const stacks = new PlacedStacks(capture, (stack) =>
    Promise.resolve(
      stack.map(() => ({ ...NOT_SEARCHED, file: 'mm/gup.c', line: 4, certainty: 'exact' as const })),
    ),
  );
  const frames = await stacks.frames(0);
  stacks.frames = () => Promise.resolve(frames);
  const references = Array.from({ length: 100_000 }, (_, stack) =>
    reference({ acquired: { ...end(1), stack } }),
  );
  const places = new HeldPlaces([
    { ...source(capture, { pages: [page([mark({})], references)] }, stacks), end: 0 },
  ]);
  await places.has('mm/gup.c');
  const started = performance.now();
  const { lines } = await places.heldLines('mm/gup.c', { functions: [], lines: [] });
  assert.ok(performance.now() - started < 3_000);
  assert.deepEqual(lines[0]?.captures[0]?.details[0], [
    'References',
    '100000 × pipe buffer · 100000 still held',
  ]);
});

test('captures are not added up: each has its own numbers, and those that all have are said of each', async () => {
  const { engine } = await engineWithSample();
  const text = readFileSync(SAMPLE, 'latin1');
  const opened = async (name: string, content: string): Promise<void> => {
    const file = path.join(scratch, name);
    writeFileSync(file, content, 'latin1');
    await engine.openCapture({ path: file });
  };
  const first = async () => (await engine.heldLines({ file: 'fs/splice.c' }))!.lines[0]!;
  await opened('again.txt', text);
  const both = await first();
  assert.equal(both.label, 'held 1 page · 3 failed CMA allocations in each of 2 captures');
  assert.deepEqual(
    both.captures.map(({ name, pages, attempts }) => [name, pages, attempts]),
    [
      ['trace.txt', 1, 3],
      ['again.txt', 1, 3],
    ],
  );
  assert.deepEqual(both.captures[0]?.details, both.captures[1]?.details);
  // Up to the first failure only.
  const marks = [...text.matchAll(/^.*test_pages_isolated: .*$/gm)];
  await opened('begin.txt', text.slice(0, marks[0]!.index + marks[0]![0].length + 1));
  const three = await first();
  assert.equal(three.label, 'held pages in 3 captures');
  assert.equal(three.captures.at(-1)?.attempts, 1);
});

test('a line that is one of several is shown with the others, and not as sure', async () => {
  const { engine } = await engineWithSample();
  const held = await engine.heldLines({ file: 'lib/iov_iter.c' });
  assert.deepEqual(
    held?.lines.map(({ line, certainty }) => [line, certainty]),
    [
      [5, 'one-of-several'],
      [6, 'one-of-several'],
      [11, 'one-call-site'],
    ],
  );
  assert.equal(held.functions.length, 2);
});

test('nothing is held through other files, nor without a tree or a capture', async () => {
  const { engine, id } = await engineWithSample();
  assert.equal(await engine.heldLines({ file: 'kernel/fork.c' }), null);
  assert.equal(await engine.heldLines({ file: '../outside.c' }), null);
  await engine.closeCapture({ id });
  assert.equal(await engine.heldLines({ file: 'fs/splice.c' }), null);
  const treeless = new Engine(nodeHost());
  await treeless.openCapture({ path: SAMPLE });
  assert.equal(await treeless.heldLines({ file: 'fs/splice.c' }), null);
});

test('the tree leaves the references that went through a line, and no others', async () => {
  const { engine } = await engineWithSample();
  const rows = async (through: SourceLines): Promise<string> =>
    engine.text({
      node: null,
      query: { ...DEFAULT_QUERY, groupBy: 'holder', filter: { ...NO_FILTER, through } },
    });
  const line = await rows({ file: 'fs/splice.c', first: 4, last: 4, function: 'iter_to_pipe' });
  assert.match(line, /pipe buffer/i);
  assert.doesNotMatch(line, /GUP pin/);
  const whole = await rows({ file: 'fs/splice.c', first: 2, last: 5, function: 'iter_to_pipe' });
  assert.equal(whole, line);
  const other = await rows({ file: 'fs/splice.c', first: 7, last: 10, function: 'unused' });
  assert.match(other, /^Left out by the filter: 1 page/m);
});

test('what is exported went through the line, in every form', async () => {
  const { engine } = await engineWithSample();
  const exported = async (format: ExportFormat, first: number): Promise<string> => {
    const through = { file: 'fs/splice.c', first, last: first, function: 'iter_to_pipe' };
    const query = { ...DEFAULT_QUERY, filter: { ...NO_FILTER, through } };
    let text = '';
    for await (const piece of engine.reports.exported(format, query)) text += piece;
    return text;
  };
  for (const format of ['json', 'csv', 'markdown', 'speedscope'] as const) {
    assert.match(await exported(format, 4), /pipe[ -]buffer/, format);
    assert.doesNotMatch(await exported(format, 7), /vmsplice/, format);
  }
});

test('marks stand where their event stands in the text, under their attempt', async () => {
  const { engine, id } = await engineWithSample();
  const text = readFileSync(SAMPLE, 'latin1');
  const marks = await engine.captureMarks({ id });
  assert.deepEqual(
    marks?.marks.map(({ label, attempt }) => [label, attempt]),
    [
      ['PFN 0x12f98: held by 3', 0],
      ['PFN 0x12f98: held by 2', 1],
      ['PFN 0x12f98: held by 1', 2],
    ],
  );
  for (const { offset, furtherOffsets, attempt, node } of marks.marks) {
    const [further] = furtherOffsets;
    assert.match(text.slice(further, text.indexOf('\n', further)), /test_pages_isolated: .*fin_pfn=0x12f98/);
    assert.ok(offset === 0 || text[offset - 1] === '\n');
    assert.match(text.slice(offset, text.indexOf('\n', offset)), /pfn=0x12f98/);
    const { from, to } = marks.attempts[attempt!]!;
    assert.ok(from <= offset && offset <= to);
    const { total } = await engine.children({
      tree: 'holders',
      node,
      start: 0,
      end: 1,
      query: DEFAULT_QUERY,
    });
    assert.ok(total > 0, `${node} is no row`);
  }
  assert.match(marks.attempts[0]!.label, /^CMA allocation · reserved · failed$/);
  assert.equal(await engine.captureMarks({ id: 'c99' }), null);
});

test('a page in short: who holds it, whether it failed to move or not', async () => {
  const { engine, id } = await engineWithSample();
  const failed = await engine.pageInShort({ id, pfn: 0x12f98 });
  assert.equal(failed?.label, '0x12f98 · held by 3');
  // Two of the three let it go between the marks: the sum is that of the last, and so are who is listed.
  assert.match(failed.sum ?? '', /^refcount 2 = 1 held \+ /);
  assert.match(failed.markTime ?? '', /^\d+\.\d+ s$/);
  assert.equal(failed.holders.length, 1);
  assert.match(failed.holders[0]!, /^pipe buffer · vmsplice · owner-225 · still held/);
  assert.deepEqual([failed.moreHolders, failed.heldAtOtherMarks], [0, 2]);
  assert.equal(failed.node, `${id}/0x12f98`);
  const other = await engine.pageInShort({ id, pfn: 0x12ff2 });
  assert.match(other?.label ?? '', /^0x12ff2 .*at the end of the capture$/);
  assert.deepEqual([other?.heldAtOtherMarks, other?.markTime], [0, null]);
  assert.equal(await engine.pageInShort({ id, pfn: 0x7777777 }), null);
});
