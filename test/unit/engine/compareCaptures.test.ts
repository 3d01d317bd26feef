import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Comparison } from '../../../src/engine/comparing/compareCaptures';
import { compareText, namedHolders } from '../../../src/engine/comparing/compareText';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';

const SAMPLE = 'media/sample/trace.txt';
const BUFFERS = 'test/fixtures/c_jbd2/report.txt.gz';
const PUTS = 'test/fixtures/p_shmem_reader/trace.txt.gz';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-compare-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

async function compared(before: string, other: string): Promise<Comparison> {
  const engine = new Engine(nodeHost());
  const one = await engine.openCapture({ path: before });
  const two = await engine.openCapture({ path: other });
  return engine.compare({ before: one.id, after: two.id });
}

const names = (holders: readonly { kind: string; path: string }[]): string[] =>
  holders.map(({ kind, path: code }) => `${kind} · ${code}`);

/** The sample with other PFNs, times and pids, as a second recording of the same would have. */
function secondRecording(name: string, change: (text: string) => string = (text) => text): string {
  const text = readFileSync(SAMPLE, 'utf8')
    .replaceAll(/\b0x12f98\b/g, '0x13a40')
    .replaceAll(
      /(\s)(\d+)\.(\d{6}):/g,
      (_, space: string, s: string, us: string) => `${space}${Number(s) + 900}.${us}:`,
    )
    .replaceAll('-225 ', '-725 ');
  const file = path.join(scratch, name);
  writeFileSync(file, change(text));
  return file;
}

test('the same holders on other pages at other times are unchanged', async () => {
  const { gone, appeared, changed, unchanged, doubts } = await compared(SAMPLE, secondRecording('same.txt'));
  assert.deepEqual([gone, appeared, changed, doubts], [[], [], [], []]);
  assert.deepEqual(names(unchanged), ['pipe buffer · vmsplice', 'GUP pin · process_vm_rw_core']);
});

test('one recording in two formats is the same as far as times are shown', async () => {
  const { changed, gone, appeared, unchanged } = await compared(
    'test/fixtures/d_hard/trace.dat',
    'test/fixtures/d_hard/report.txt',
  );
  assert.deepEqual([gone, appeared, changed], [[], [], []]);
  assert.ok(unchanged.length > 0);
});

test('a holder by its put in one capture and by its get in the other may be the same', async () => {
  const withoutGets = secondRecording('puts.txt', (text) =>
    text
      .split(/(?=^.*\[\d{3}\] )/m)
      .filter((event) => !event.includes('page_ref_mod_unless') && !event.includes('page_ref_mod: '))
      .join(''),
  );
  const { doubts } = await compared(SAMPLE, withoutGets);
  assert.ok(
    doubts.some((doubt) => doubt.includes('gone by its get and new by its put')),
    doubts.join('\n'),
  );
});

test('a holder that is not met any more is gone, one that is met more is changed', async () => {
  // The capture ends after the pin and the second pipe are gone: only the last attempt is left, and what it met.
  const later = secondRecording('later.txt', (text) => {
    const at = text.lastIndexOf('\n', text.lastIndexOf(' cma_alloc_start:'));
    const setUp = text.slice(0, text.lastIndexOf('\n', text.indexOf(' cma_alloc_start:')));
    return `${setUp}${text.slice(at)}`;
  });
  const comparison = await compared(SAMPLE, later);
  assert.deepEqual(comparison.before.attempts, 3);
  assert.deepEqual(comparison.after.attempts, 1);
  const pipe = comparison.changed.find(({ after: now }) => now.kind === 'pipe buffer');
  assert.ok(pipe);
  assert.equal(pipe.before.attemptsBlocked, 3);
  assert.equal(pipe.after.attemptsBlocked, 1);
  assert.ok(comparison.doubts.some((doubt) => doubt.includes('Much more was tried')));
});

test('pages that nobody holds are compared by what kept them', async () => {
  const comparison = await compared(SAMPLE, BUFFERS);
  assert.deepEqual(names(comparison.appeared), ['nobody · perhaps busy buffer heads']);
  assert.deepEqual(names(comparison.gone), ['pipe buffer · vmsplice', 'GUP pin · process_vm_rw_core']);
});

test('pages that could not be judged are no holder, and nobody is not said to have held them', async () => {
  const addresses = 'test/fixtures/perf/multi.perf.data.gz';
  const { before, after: now, gone, appeared, doubts } = await compared(BUFFERS, addresses);
  assert.deepEqual([before.unjudgedPages, now.unjudgedPages, now.heldPages], [0, 1, 0]);
  assert.deepEqual([names(gone), names(appeared)], [['nobody · perhaps busy buffer heads'], []]);
  assert.ok(
    doubts.includes('After: 1 page could not be judged, and may have been kept by what is not seen there.'),
    doubts.join('\n'),
  );
  const same = await compared(addresses, addresses);
  const all = [same.gone, same.appeared, same.changed, same.unchanged].flat();
  assert.deepEqual(all, []);
  const text = compareText(same);
  assert.match(text, /1 page failed to move, not judged ·/);
  assert.doesNotMatch(text, /No page failed/);
});

test('nobody is said to be gone, or new, by the side that could not be judged', async () => {
  const addresses = 'test/fixtures/perf/multi.perf.data.gz';
  const text = compareText(await compared(BUFFERS, addresses));
  assert.match(text, /^Not seen after \(1\): kept pages before; no page could be judged after$/m);
  const turned = compareText(await compared(addresses, BUFFERS));
  assert.match(turned, /^Not seen before \(1\): keep pages now; no page could be judged before$/m);
});

test('nobody is said to be gone where events are lost', async () => {
  const lossy = path.join(scratch, 'lossy.txt.gz');
  const text = gunzipSync(readFileSync(BUFFERS)).toString();
  const second = text.indexOf('\n', text.indexOf('\n', text.indexOf('cma_alloc_start:')) + 1) + 1;
  writeFileSync(lossy, gzipSync(`${text.slice(0, second)}CPU:0 [LOST 42 EVENTS]\n${text.slice(second)}`));
  assert.match(
    compareText(await compared(SAMPLE, lossy)),
    /^Not seen after \(2\): kept pages before; events are lost after$/m,
  );
});

test('what to be careful of stands below one word, each on its own', async () => {
  const comparison = await compared(BUFFERS, 'test/fixtures/perf/multi.perf.data.gz');
  assert.ok(comparison.doubts.length > 1);
  const lines = compareText(comparison).split('\n');
  const begin = lines.indexOf('Careful:');
  assert.deepEqual(
    lines.slice(begin + 1, begin + 1 + comparison.doubts.length),
    comparison.doubts.map((doubt) => `  ${doubt}`),
  );
  assert.equal(lines.filter((line) => line.includes('Careful')).length, 1);
});

test('where the gets are not in the capture, the puts are the code paths', async () => {
  const comparison = await compared(PUTS, SAMPLE);
  assert.ok(names(comparison.gone).includes('pipe buffer · put in page_cache_pipe_buf_release'));
});

test('a capture without an attempt says nothing of who is gone', async () => {
  const nothing = path.join(scratch, 'nothing.txt');
  const text = readFileSync(SAMPLE, 'utf8');
  writeFileSync(nothing, text.slice(0, text.lastIndexOf('\n', text.indexOf(' cma_alloc_start:')) + 1));
  const comparison = await compared(SAMPLE, nothing);
  const careful =
    'After: no attempt to move pages is seen in the capture, which says little: no event that shows one is in it ' +
    '(cma, migrate, compaction, page_isolation), and it does not say whether these were recorded.';
  assert.equal(comparison.gone.length, 2);
  assert.equal(comparison.doubts[0], careful);
  const lines = compareText(comparison).split('\n');
  assert.deepEqual(lines.slice(0, 2), ['Careful:', `  ${careful}`]);
  assert.ok(lines.includes('Not seen after (2): kept pages before; no attempt is seen after'));
  assert.match(
    compareText(await compared(nothing, SAMPLE)),
    /^Careful:\n {2}Before: .*\n(?:.*\n)*Not seen before \(2\): keep pages now; no attempt is seen before$/m,
  );
});

test('what says nothing of pages that do not move is refused, with what it says', async () => {
  const other = path.join(scratch, 'other.txt');
  const event = '            sh-84      [000] ...2.     7.289237:';
  writeFileSync(
    other,
    `# tracer: nop\n${event} sched_wakeup: comm=a pid=1\n${event} mm_page_alloc: page=1 pfn=0x5 order=0 migratetype=1 gfp_flags=GFP_KERNEL\n`,
  );
  for (const [file, why] of [
    ['test/fixtures/dumps/page_owner.gz', 'it tells who allocated pages, and nothing of who kept them'],
    [other, 'no event of it tells of references to pages or of attempts to move them'],
  ] as const) {
    for (const [one, two] of [
      [SAMPLE, file],
      [file, SAMPLE],
    ] as const) {
      await assert.rejects(compared(one, two), (error: Error) => {
        assert.equal(error.name, 'CompareError');
        assert.ok(error.message.startsWith(`${file} cannot be compared: ${why}`), error.message);
        return true;
      });
    }
  }
});

test('a capture that was closed cannot be compared', async () => {
  const engine = new Engine(nodeHost());
  const { id } = await engine.openCapture({ path: SAMPLE });
  await assert.rejects(engine.compare({ before: id, after: 'c9' }), { name: 'CompareError' });
});

test('the lines that name a holder lead to its row in the capture that has it', async () => {
  for (const other of [BUFFERS, secondRecording('rows.txt')]) {
    const engine = new Engine(nodeHost());
    const [before, after] = [
      await engine.openCapture({ path: SAMPLE }),
      await engine.openCapture({ path: other }),
    ];
    const comparison = await engine.compare({ before: before.id, after: after.id });
    const lines = compareText(comparison).split('\n');
    const named = namedHolders(comparison);
    const { gone, appeared, unchanged } = comparison;
    assert.deepEqual(
      named.map(({ line, start, end }) => lines[line]!.slice(start, end)),
      names([...gone, ...appeared, ...unchanged]),
    );
    const query = { ...DEFAULT_QUERY, groupBy: 'holder' as const };
    for (const { side, row } of named) {
      const capture = side === 'before' ? before.id : after.id;
      const way = `${capture}/${row}`.split('/');
      for (const depth of way.slice(1).keys()) {
        const [node, child] = [way.slice(0, depth + 1).join('/'), way.slice(0, depth + 2).join('/')];
        const { nodes } = await engine.children({ tree: 'holders', node, start: 0, end: 100, query });
        assert.ok(
          nodes.some(({ id }) => id === child),
          `${child} among ${nodes.map(({ id }) => id).join()}`,
        );
      }
    }
  }
});

test('as text: what differs, the old number and the new', async () => {
  const text = compareText(await compared(SAMPLE, BUFFERS));
  assert.match(
    text,
    /^Before: media\/sample\/trace\.txt\n {8}3 attempts, 3 blocked · 1 page failed to move, 1 held/,
  );
  assert.match(
    text,
    /^Gone \(2\): kept pages before, and no longer\n {2}pipe buffer · vmsplice\n {4}3 attempts blocked/m,
  );
  assert.match(
    text,
    /^New \(1\): keep pages now, and did not before\n {2}nobody · perhaps busy buffer heads/m,
  );
  assert.doesNotMatch(text, /Changed|undefined|NaN/);
});
