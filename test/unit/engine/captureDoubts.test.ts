/** A capture is not taken for more than it is. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-doubts-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** The lines of the sample that pass, as if the kernel had recorded no others. */
function ofSample(name: string, keeps: (line: string) => boolean): string {
  const file = path.join(scratch, name);
  const lines = readFileSync('media/sample/trace.txt', 'utf8').split('\n');
  const kept = lines.filter((line) => keeps(line) && !line.startsWith('# entries-in-buffer'));
  writeFileSync(file, `${kept.join('\n')}\n`);
  return file;
}

async function opened(file: string) {
  const engine = new Engine(nodeHost());
  return { engine, facts: await engine.openCapture({ path: file }) };
}

test('of a page without one get or put nobody says that no reference was too many', async () => {
  const file = ofSample('attempts.txt', (line) => !/page_ref_|^ =>|<stack trace>/.test(line));
  const { engine, facts } = await opened(file);
  assert.deepEqual([facts.pages, facts.heldPages, facts.unjudgedPages], [1, 0, 1]);
  assert.match(facts.doubts.join(), /^No get or put of a page in the capture: .*CONFIG_DEBUG_PAGE_REF=y/);
  const request = { tree: 'holders', node: null, start: 0, end: 9, query: DEFAULT_QUERY } as const;
  const { nodes } = await engine.children(request);
  assert.deepEqual(
    nodes.map(({ label }) => label.split(':')[0]),
    ['No get or put of a page in the capture', '0x12f98 · not judged'],
  );
});

test('where no page is named, an attempt without gets and puts is not said to have moved all', async () => {
  const file = ofSample('nobody.txt', (line) => /^#|: (?:cma_alloc_start|mm_migrate_pages)/.test(line));
  const { engine, facts } = await opened(file);
  assert.equal(facts.pages, 0);
  const header = await engine.captureHeader({ capture: facts.id });
  assert.equal(
    header.facts.find(({ name }) => name === 'Pages')!.value,
    'No page is named that failed to move',
  );
  assert.deepEqual(
    (await engine.compare({ before: facts.id, after: facts.id })).doubts.filter((doubt) =>
      doubt.includes('no attempt'),
    ),
    [],
  );
  const whole = await opened('media/sample/trace.txt');
  assert.deepEqual(whole.facts.doubts, []);
});

test('events that were lost without a number are at least as many as are counted', async () => {
  const line = (cpu: number, second: number): string =>
    `   owner-7  [00${cpu}] ...1.  ${second}.000001: page_ref_set: pfn=0x12f98 flags=none count=1 mapcount=0 ` +
    'mapping=0000000000000000 mt=4 val=1\n';
  const cases = [
    ['CPU:1 [LOST EVENTS]\n', 0, true, 'Events lost', 'unknown number · 1 gap', 'Events lost on CPU 1'],
    ['CPU:1 [LOST 12 EVENTS]\n', 12, false, '12 events lost', '12 events · 1 gap', '12 events lost on CPU 1'],
    [
      'CPU:1 [LOST EVENTS]\nCPU:1 [LOST 12 EVENTS]\n',
      12,
      true,
      '12 events or more lost',
      '12 events or more · 1 gap',
      '12 events or more lost on CPU 1',
    ],
  ] as const;
  for (const [text, lost, lostAtLeast, doubt, head, gap] of cases) {
    const file = path.join(scratch, 'lost.txt');
    writeFileSync(file, line(1, 1) + text + line(1, 2));
    const { engine, facts } = await opened(file);
    assert.deepEqual([facts.lost, facts.lostAtLeast], [lost, lostAtLeast]);
    assert.equal(facts.doubts[0], `${doubt}: holders may be missing or wrong (CPU 1)`);
    const header = await engine.captureHeader({ capture: facts.id });
    const said = header.facts.find(({ name }) => name === 'Lost')!;
    assert.equal(said.value, head);
    assert.ok(said.details[0]!.startsWith(gap));
    const { before } = await engine.compare({ before: facts.id, after: facts.id });
    assert.deepEqual([before.lost, before.lostAtLeast], [lost, lostAtLeast]);
  }
});

test('a page_ref_set with a value that the count is not is a marker', async () => {
  const file = path.join(scratch, 'marker.txt');
  const line = (val: number, count: number): string =>
    `   marker-7  [000] ...1.  1.000001: page_ref_set: pfn=0x12f98 flags=none count=${count} mapcount=0 ` +
    `mapping=0000000000000000 mt=4 val=${val}\n`;
  writeFileSync(file, line(1, 1) + line(888, 3));
  const { engine, facts } = await opened(file);
  const query = { capture: facts.id, filter: 'val:888', use: 'filter', start: 0, end: 9 } as const;
  const { rows } = await engine.events(query);
  const details = await engine.eventDetails({ capture: facts.id, row: rows[0]!.row, waits: true });
  assert.equal(details.title, 'Marker 888: count 3 · marker-7');
});
