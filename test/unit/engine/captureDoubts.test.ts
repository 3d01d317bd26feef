/** A capture is not taken for more than it is. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Engine } from '../../../src/engine/engine';
import { compareText } from '../../../src/engine/comparing/compareText';
import { DEFAULT_QUERY, NO_FILTER } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { Report } from '../../../src/engine/report';
import { failedText } from '../../../src/engine/triedAtAll';
import { allocated, change, FAULT } from '../holders/support/pageEvents';
import { runCli } from '../cli/support/runCli';
import { traceText } from '../support/traceText';
import { captureRows } from './support/captureRows';

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

/** The stacks of a text left out. */
function withoutStacks(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^ ?=>|<stack trace/.test(line))
    .join('\n');
}

/** Their functions as addresses, each of its own. */
function withoutNames(text: string): string {
  return text.replace(/^( ?=> )\S+/gm, (_line, arrow: string) => `${arrow}ffffffff81246176`);
}

const OFFLINING = [
  'offliner-239 [000] .... 18.500000: mm_migrate_pages_start: mode=MIGRATE_SYNC reason=memory_hotplug',
  'offliner-239 [000] .... 18.500001: page_ref_mod: pfn=0x12f98 flags=uptodate|lru|swapbacked count=2 mapcount=1 mapping=00000000a5a5a5a5 mt=1 val=1',
  'offliner-239 [000] .... 18.500001: <stack trace>',
  ' => try_grab_folio',
  'offliner-239 [000] .... 18.500001: page_ref_mod_and_test: pfn=0x12f98 flags=uptodate|lru|swapbacked count=1 mapcount=1 mapping=00000000a5a5a5a5 mt=1 val=-1 ret=0',
  'offliner-239 [000] .... 18.500001: <stack trace>',
  ' => unpin_user_pages',
  'offliner-239 [000] .... 18.500002: mm_migrate_pages: nr_succeeded=0 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 mode=MIGRATE_SYNC reason=memory_hotplug',
].join('\n');

async function saying(name: string, text: string) {
  const file = path.join(scratch, name);
  writeFileSync(file, `${text}\n`);
  const { engine, facts } = await opened(file);
  const request = { tree: 'holders', node: null, start: 0, end: 9, query: DEFAULT_QUERY } as const;
  const { nodes } = await engine.children(request);
  return { engine, facts, labels: nodes.map(({ label }) => label) };
}

test('a page that is dumped without its PFN did fail to move', async () => {
  const unnamed =
    'No page is named that failed to move: page dumps say no PFN, nor does “migrating pfn …” before them';
  const dump = (pfn: string): string[] => [
    `page:ffffea00004be400 refcount:3 mapcount:1 mapping:ffff888100a4b001 index:0x7f00${pfn}`,
    'anon flags: 0x2ffff0000080034(uptodate|lru|active|swapbacked)',
    'page dumped because: migration failure',
  ];
  const log = (...messages: readonly string[]): string =>
    messages.map((message, i) => `[  123.45678${i}] ${message}`).join('\n');
  const { engine, facts, labels } = await saying('log54.txt', log(...dump('')));
  assert.equal(failedText(facts), unnamed);
  assert.ok(labels.includes(unnamed));
  assert.ok(engine.reports.anyHeld(NO_FILTER));
  const { captures, attempts } = JSON.parse(await json(engine)) as Report;
  assert.ok(captures[0]!.doubts.includes(unnamed));
  assert.equal(attempts.length, 1);

  const other = await saying('log54unmoved.txt', log(...dump('').slice(0, 2), 'page dumped because: other'));
  assert.ok(!other.engine.reports.anyHeld(NO_FILTER));
  const before = await saying('log54pfn.txt', log('migrating pfn 12f90 failed ret:1', ...dump('')));
  assert.equal(failedText(before.facts), '1 page failed to move, 0 held, 1 untraced');
  // Nothing is held of the page that is named, and of the other one nobody knows.
  const mixed = await saying('mixed.txt', log(...dump(' pfn:0x12f90').map(unheld), ...dump('')));
  assert.equal(mixed.facts.heldPages + mixed.facts.untracedPages, 0);
  assert.ok(mixed.engine.reports.anyHeld(NO_FILTER));
});

function unheld(line: string): string {
  return line.replace('refcount:3', 'refcount:2');
}

test('where an attempt reports a failure, nobody says that no page failed to move', async () => {
  const unnamed = 'No page is named that failed to move: migrate_pages reports 1 failure';
  const few = 'who held a page cannot be told, and few that failed to move are named';
  const cases = [
    ['stackless.txt', withoutStacks(OFFLINING), [`No stacks: ${few}`, unnamed]],
    ['nameless.txt', withoutNames(OFFLINING), [`No function names: ${few}`, unnamed]],
    ['filtered.txt', OFFLINING, [unnamed]],
  ] as const;
  for (const [name, text, said] of cases) {
    const { engine, facts, labels } = await saying(name, text);
    assert.deepEqual(labels, said);
    assert.equal(failedText(facts), unnamed);
    assert.ok(engine.reports.anyHeld(NO_FILTER), name);
    assert.ok(engine.reports.anyHeld({ ...NO_FILTER, reason: 'memory_hotplug' }), name);
    assert.ok(!engine.reports.anyHeld({ ...NO_FILTER, reason: 'compaction' }), name);
    assert.ok(!engine.reports.anyHeld({ ...NO_FILTER, pfns: [0x12f98] }), name);
    const { captures, attempts } = JSON.parse(await json(engine)) as Report;
    assert.ok(captures[0]!.doubts.includes(unnamed));
    assert.deepEqual(
      attempts.map(({ what, failed }) => [what, failed]),
      [['memory offlining', 1]],
    );
    const comparison = await engine.compare({ before: facts.id, after: facts.id });
    assert.match(compareText(comparison), /^No page is named in either capture that failed to move\.$/m);
    assert.ok(comparison.doubts.some((doubt) => doubt.startsWith('After: migrate_pages reports 1 failure')));
  }
  const { engine, facts } = await saying('moved.txt', OFFLINING.replace('nr_failed=1', 'nr_failed=0'));
  assert.equal(failedText(facts), 'No page failed to move');
  assert.ok(!engine.reports.anyHeld(NO_FILTER));
});

async function json(engine: Engine): Promise<string> {
  let text = '';
  for await (const piece of engine.reports.exported('json', DEFAULT_QUERY)) text += piece;
  return text;
}

test('without function names or stacks, at least so many pages failed as are named', async () => {
  const sample = readFileSync('media/sample/trace.txt', 'utf8').replace(/^# entries-in-buffer.*\n/m, '');
  for (const [name, text] of [
    ['bare.txt', withoutNames(sample)],
    ['stripped.txt', withoutStacks(sample)],
  ] as const) {
    const { engine, facts } = await saying(name, text);
    assert.match(failedText(facts), /^At least 1 page failed to move, /);
    const { captures } = JSON.parse(await json(engine)) as Report;
    assert.equal(captures[0]!.pagesAtLeast, true);
    const comparison = await engine.compare({ before: facts.id, after: facts.id });
    assert.match(compareText(comparison), /at least 1 page failed to move, /);
  }
  const { engine, facts } = await opened('media/sample/trace.txt');
  assert.equal(failedText(facts), '1 page failed to move, 1 held');
  assert.equal((JSON.parse(await json(engine)) as Report).captures[0]!.pagesAtLeast, undefined);
});

test('where stacks go through soft offline, that no attempt is seen says little', async () => {
  const { facts } = await saying(
    'soft.txt',
    traceText([
      allocated('owner-2', FAULT),
      change('mce-1', ['soft_offline_page', 'madvise_inject_error'], { count: 1, val: -1 }),
    ]),
  );
  assert.match(
    facts.notTried!,
    /, which says little: .*; stacks go through soft_offline_page, which may have tried$/,
  );
});

test('how stacks are recorded is said in the words of what recorded them', async () => {
  const event =
    'owner 696 [000] 1.000000: page_ref:page_ref_mod: pfn=0x1 flags=0x4 count=2 mapcount=1 mapping=(nil) mt=4 val=1';
  const { facts } = await saying('perf.txt', `${event}\n`);
  assert.equal(facts.format, 'perf-script');
  assert.match(
    facts.doubts.join(),
    /^No stacks: .* \(record with perf record -g; .* perf script -F \+ip,sym\)/,
  );
});

test('stacks are missed where there are gets and puts, and of these alone', async () => {
  const puts = gunzipSync(readFileSync('test/fixtures/p_shmem_held/trace.txt.gz')).toString();
  const { facts } = await saying('puts.txt', withoutStacks(puts).replace(/^# entries-in-buffer.*\n/m, ''));
  assert.ok(
    facts.doubts.some((doubt) => doubt.startsWith('No stacks: who held a page cannot be told (record')),
  );
  assert.ok(!facts.pagesAtLeast, 'reports name their pages without');
  const log = [
    'page:000000003e1f0a31 refcount:3 mapcount:1 mapping:0000000092899e71 index:0x0 pfn:0x12f90',
    'page dumped because: migration failure',
  ].map((line) => `[  211.000090] ${line}`);
  assert.deepEqual((await saying('log.txt', log.join('\n'))).facts.doubts, []);
  const dump = await opened('test/fixtures/dumps/page_owner.gz');
  assert.deepEqual(dump.facts.doubts, []);
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
    assert.ok(facts.doubts.includes(`${doubt}: holders may be missing or wrong (CPU 1)`));
    const header = await engine.captureHeader({ capture: facts.id });
    const said = header.facts.find(({ name }) => name === 'Lost')!;
    assert.equal(said.value, head);
    assert.ok(said.details[0]!.startsWith(gap));
    const { before } = await engine.compare({ before: facts.id, after: facts.id });
    assert.deepEqual([before.lost, before.lostAtLeast], [lost, lostAtLeast]);
  }
});

test('copies of events that several buffers recorded are counted, and said wherever events are', async () => {
  const { engine, facts } = await opened('test/fixtures/f_dat_instance/trace.dat');
  assert.equal(facts.events, 104);
  assert.deepEqual(facts.doubts, []);
  const header = await engine.captureHeader({ capture: facts.id });
  const { value, details } = header.facts.find(({ name }) => name === 'Events')!;
  assert.equal(value, '104');
  assert.ok(details.includes('9 copies left out, as several buffers recorded the same events'));
  const rows = await captureRows(engine);
  const row = rows.find(({ description }) => description.includes('104 events (9 copies left out)'));
  const below = await captureRows(engine, row!.id);
  const events = below.find(({ label }) => label === '104 events')!;
  assert.match(events.description, /9 copies left out$/);
  assert.match(events.tooltip.notes.join(), /its get or put counts once/);
  const { output } = await runCli(['report', '--width', '0', 'test/fixtures/f_dat_instance/trace.dat']);
  assert.match(output, /104 events \(9 copies left out\)/);
  const json = await runCli(['report', '--format', 'json', 'test/fixtures/f_dat_instance/trace.dat']);
  const report = JSON.parse(json.output) as Report;
  assert.deepEqual(
    report.captures.map(({ events: rowCount, copiesLeftOut }) => [rowCount, copiesLeftOut]),
    [[104, 9]],
  );
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
