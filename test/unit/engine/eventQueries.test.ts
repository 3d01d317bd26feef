/** Lists of events, places in them, and the timeline, held against what the captures say. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import { EVENT_COLUMNS } from '../../../src/engine/eventCells';
import { Engine } from '../../../src/engine/engine';
import type { FilterWish } from '../../../src/engine/eventProtocol';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { CapturePlace, NodeKind } from '../../../src/engine/protocol';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { isPageRef } from '../../../src/holders/countChange';
import { EventTimes } from '../../../src/engine/eventTimes';
import { timeTicks } from '../../../src/engine/timeTicks';
import { NodeFile } from '../../../src/engine/node/nodeFile';
import { recordText } from '../capture/support/pagePinnerTexts';
import { below, seededRandom } from '../capture/support/random';
import { captureRows } from './support/captureRows';

const SAMPLE = 'media/sample/trace.txt';

async function opened(path = SAMPLE) {
  const engine = new Engine(nodeHost());
  const facts = await engine.openCapture({ path });
  return { engine, facts, capture: facts.id };
}

async function captureOf(path: string) {
  const file = await NodeFile.open(path);
  try {
    return await openCapture(file);
  } finally {
    await file.close();
  }
}

test('a capture that grew begins as before, another one does not', async () => {
  const lines = readFileSync(SAMPLE, 'utf8').split('\n');
  const file = path.join(scratch, 'grows.txt');
  const beginnings = [];
  for (const part of [['# tracer: nop'], lines.slice(0, lines.length / 2), lines]) {
    writeFileSync(file, part.join('\n').trimEnd() + '\n');
    const { engine, facts, capture } = await opened(file);
    assert.equal((await engine.captureHeader({ capture })).beginning, facts.beginning);
    beginnings.push(facts.beginning);
  }
  const [empty, half, whole] = beginnings;
  assert.equal(half, whole);
  assert.match(whole!, /^\d+ \w+ /);
  assert.equal(empty, '');
  const [held, pinned] = await Promise.all(
    ['a_reader', 'f_dat_v7_zstd'].map((name) => opened(`test/fixtures/${name}/trace.dat`)),
  );
  assert.notEqual(held!.facts.beginning, pinned!.facts.beginning);
});

test('pages that the kernel dumped are counted by why, in rows and in the header', async () => {
  const file = path.join(scratch, 'dump.txt');
  writeFileSync(
    file,
    '[  211.000090] page:000000003e1f0a31 refcount:4 mapcount:1 mapping:0000000092899e71 index:0x0 pfn:0x12f90\n' +
      '[  211.000100] page dumped because: migration failure\n',
  );
  const { engine, facts, capture } = await opened(file);
  assert.deepEqual([facts.reasons, facts.reasonTexts], [[[null, 1]], [['migration failure', 1]]]);
  const header = await engine.captureHeader({ capture });
  assert.deepEqual(header.facts.find(({ name }) => name === 'Pages')!.details, ['1 page: migration failure']);
  assert.deepEqual(
    header.facts.filter(({ isOfHolders }) => isOfHolders).map(({ name }) => name),
    ['Pages'],
  );
  const rows = await captureRows(engine, capture);
  assert.ok(rows.some(({ description }) => description === '1 migration failure'));
});

test('the header says kernel, span, events, what was lost and the stacks', async () => {
  const { engine, capture, facts } = await opened('test/fixtures/f_pipe_lost/trace_pipe.txt.gz');
  const header = await engine.captureHeader({ capture });
  const fact = (name: string) => header.facts.find((each) => each.name === name);
  assert.equal(fact('Events')?.value, '1026');
  assert.equal(fact('Lost')?.isDoubt, true);
  assert.match(fact('Lost')!.value, /^[\d,]+ events · \d+ gaps$/);
  assert.equal(fact('Lost')!.details.length, Math.min(11, facts.gaps));
  const whole = await opened('test/fixtures/f_dat_v7_zstd/trace.dat');
  const { facts: of } = await whole.engine.captureHeader({ capture: whole.capture });
  assert.match(of.find(({ name }) => name === 'Kernel')!.value, /6\.1\.192.* · trace\.dat$/);
  assert.equal(of.find(({ name }) => name === 'Lost')!.value, 'none');
});

test('the header says which symbols are in use', async () => {
  const said = async (engine: Engine) => {
    const { facts } = await engine.captureHeader({ capture: 'c1' });
    const { value, isDoubt, details } = facts.find(({ name }) => name === 'Symbols')!;
    return { value, isDoubt, details: details.join('\n') };
  };
  const { engine: ofText } = await opened();
  assert.equal((await said(ofText)).value, 'none');
  const root = path.join(scratch, 'linux-6.1');
  for (const folder of ['include/linux', 'mm', 'arch', 'fs', 'kernel']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  writeFileSync(path.join(root, 'Kconfig'), '');
  writeFileSync(path.join(root, 'include/linux/mm.h'), '');
  writeFileSync(path.join(root, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\n');
  await ofText.setKernelTree({ root, trusted: true });
  const byName = await said(ofText);
  assert.deepEqual([byName.value, byName.isDoubt], ['kernel tree linux-6.1, by name', false]);
  assert.ok(byName.details.includes(root));
  const { engine: ofDat } = await opened('test/fixtures/f_dat_v7_zstd/trace.dat');
  assert.equal((await said(ofDat)).value, 'kallsyms of the capture');
  const { engine: ofPerf } = await opened('test/fixtures/perf/multi.perf.data.gz');
  const bare = await said(ofPerf);
  assert.deepEqual([bare.value, bare.isDoubt], ['none · addresses alone', true]);
  assert.match(bare.details, /kallsyms/);
  await ofPerf.openCapture({ path: 'test/fixtures/perf/multi.kallsyms.gz' });
  const beside = await said(ofPerf);
  assert.deepEqual([beside.value, beside.isDoubt], ['multi.kallsyms.gz beside it', false]);
  assert.match(beside.details, /multi\.kallsyms\.gz: names (\d+) of \1 addresses/);
});

test('the header of a dump of allocations counts them, and has no doubts of what it cannot have', async () => {
  const { engine, capture } = await opened('test/fixtures/dumps/page_owner.gz');
  const { facts, isOfAllocations } = await engine.captureHeader({ capture });
  assert.equal(isOfAllocations, true);
  assert.deepEqual(
    facts.map(({ name }) => name),
    ['Kernel', 'Allocations', 'Symbols'],
  );
  const [, allocations] = facts;
  assert.match(allocations!.value, /^[\d,]+ allocations of [\d,]+ pages$/);
  assert.match(allocations!.details[0]!, /^by [\d,]+ stacks$/);
  assert.deepEqual(
    facts.filter(({ isDoubt }) => isDoubt),
    [],
  );
  assert.equal(
    (await opened().then((trace) => trace.engine.captureHeader(trace))).isOfAllocations,
    false,
    'a trace with allocations among its events is none',
  );
});

test('finding shows all events, tells those that match, and goes round', async () => {
  const { engine, capture, facts } = await opened();
  const query = { capture, filter: 'comm:pvm-reader', use: 'find' } as const;
  const { rows, shown, matching } = await engine.events({ ...query, start: 0, end: facts.events });
  assert.equal(shown, facts.events);
  const matches = rows.filter(({ isMatch }) => isMatch).map(({ row }) => row);
  assert.equal(matches.length, matching);
  assert.ok(matching > 2 && matching < shown);
  const forward: number[] = [];
  let row = -1;
  while (forward.length < matches.length) {
    const place = await engine.nextMatch({ ...query, row, step: 1 });
    assert.equal(place?.index, place?.row);
    forward.push((row = place!.row));
  }
  assert.deepEqual(forward, matches);
  assert.equal((await engine.nextMatch({ ...query, row, step: 1 }))?.row, matches[0]);
  assert.equal((await engine.nextMatch({ ...query, row: matches[0]!, step: -1 }))?.row, matches.at(-1));
  assert.equal(await engine.nextMatch({ ...query, filter: 'pid:1..2', row: 0, step: 1 }), null);
});

test('every mark of a capture is led to from the one before it, and from the one behind it', async () => {
  for (const file of [
    SAMPLE,
    'test/fixtures/f_dat_v7_zstd/trace.dat',
    'test/fixtures/b_multi/report.txt.gz',
  ]) {
    const { engine, capture } = await opened(file);
    const { pages } = analyseHolders(await captureOf(file));
    const rows = new Set(pages.flatMap(({ marks }) => marks.map(({ row }) => row)));
    const marks = [...rows].sort((a, b) => a - b);
    assert.ok(marks.length > 1, file);
    for (const step of [1, -1] as const) {
      const found: number[] = [];
      let mark = await engine.nextMark({ capture, row: null, step });
      for (; mark !== null; mark = await engine.nextMark({ capture, row: mark.row, step })) {
        assert.equal(mark.count, 1);
        found.push(mark.row);
      }
      assert.deepEqual(found, step > 0 ? marks : marks.toReversed(), file);
    }
  }
});

test('a row and a time have their place among the rows that are shown', async () => {
  const { engine, capture } = await opened();
  const query = { capture, filter: 'event:page_ref_mod*', use: 'filter' } as const;
  const { rows } = await engine.events({ ...query, start: 0, end: 1000 });
  for (const [index, { row, time }] of rows.entries()) {
    assert.equal((await engine.eventPlace({ ...query, at: { row } }))?.index, index);
    const first = rows.findIndex((each) => each.time >= time);
    assert.equal((await engine.eventPlace({ ...query, at: { time } }))?.index, first);
  }
  const last = rows.length - 1;
  assert.equal((await engine.eventPlace({ ...query, at: { time: Infinity } }))?.index, last);
  assert.equal(await engine.eventPlace({ ...query, filter: 'pid:1..2', at: { row: 0 } }), null);
});

test('an event has its fields, its page and its stack', async () => {
  const { engine, capture } = await opened();
  const { rows } = await engine.events({ capture, filter: 'role:held', use: 'filter', start: 0, end: 1 });
  const details = await engine.eventDetails({ capture, row: rows[0]!.row, waits: true });
  assert.match(details.title, /^Get \+1: count \d+ · owner-225$/);
  assert.match(details.page!, /^PFN 0x12f98 · failed to move \d+ times · held by 3$/);
  assert.ok(details.frames.some(({ node, isPlumbing }) => !isPlumbing && node.label === '__do_sys_vmsplice'));
  const firstOther = details.frames.findIndex(({ isPlumbing }) => !isPlumbing);
  assert.ok(details.frames.slice(firstOther).every(({ isPlumbing }) => !isPlumbing));
  assert.throws(() => engine.eventDetails({ capture, row: 1e9, waits: false }), { name: 'CaptureError' });
});

function placeText(place: CapturePlace | null): string {
  return place === null ? 'null' : `0x${place.pfn?.toString(16)} ${place.row}`;
}

test('an event has the place of the rows that speak of it: its reference, its mark, or its page', async () => {
  const { engine, capture, facts } = await opened();
  const placesOf = async (kind: NodeKind): Promise<readonly string[]> => {
    const found: string[] = [];
    const collect = async (node: string | null): Promise<void> => {
      const request = { tree: 'holders', node, start: 0, end: 1000, query: DEFAULT_QUERY } as const;
      for (const child of (await engine.children(request)).nodes) {
        if (child.kind === kind) found.push(placeText(child.place));
        if (child.hasChildren && ['page', 'mark', 'role'].includes(child.kind)) await collect(child.id);
      }
    };
    await collect(null);
    return found;
  };
  const places: string[] = [];
  for (let row = 0; row < facts.events; row++) {
    places.push(placeText(await engine.placeOfEvent({ capture, row })));
  }
  const references = await placesOf('reference');
  const marks = await placesOf('mark');
  assert.ok(references.length > 3 && marks.length > 0);
  for (const place of [...references, ...marks]) assert.ok(places.includes(place), place);
  // Get and put of one reference are at one place.
  const { rows } = await engine.events({ capture, filter: 'role:held', use: 'filter', start: 0, end: 100 });
  const held = new Set(rows.map(({ row }) => places[row]!));
  assert.ok(held.size < rows.length);
  assert.ok([...held].every((place) => references.includes(place)));
  assert.ok(places.includes('0x12f98 null'));
  assert.ok(places.includes('null'));
  assert.equal(await engine.placeOfEvent({ capture, row: facts.events }), null);
  assert.equal(await engine.placeOfEvent({ capture: 'gone', row: 0 }), null);
});

test('columns of the timeline count every event once, whatever the range', async () => {
  const capture = await captureOf(SAMPLE);
  const { events } = capture;
  const all = {
    length: events.length,
    rows: null,
    at: (index: number) => index,
    indexOf: (row: number) => row,
  };
  const shuffled = { ...capture, events: { ...events, time: events.time.slice(0, events.length).reverse() } };
  const random = seededRandom(3);
  for (const each of [capture, shuffled]) {
    const times = new EventTimes(each);
    const span = times.span!;
    for (let round = 0; round < 300; round++) {
      const ends = [random(), random()]
        .map((part) => span.from + part * (span.to - span.from))
        .sort((a, b) => a - b);
      const range = round === 0 ? span : { from: ends[0]!, to: ends[1]! };
      const columns = 1 + below(random, 300);
      const counts = times.counts(all, range, columns);
      const width = (range.to - range.from) / columns;
      const wanted = new Uint32Array(columns);
      for (const time of each.events.time.subarray(0, events.length)) {
        if (time < range.from || time > range.to) continue;
        let column = columns - 1;
        while (column > 0 && time < range.from + column * width) column--;
        wanted[column]!++;
      }
      assert.deepEqual(counts, wanted, `${round}`);
    }
  }
});

test('the timeline has the marks, the worst pages, and the count of the page that is looked at', async () => {
  const { engine, capture } = await opened();
  const query = { capture, filter: 'pfn:0x12f98', use: 'filter', range: null, columns: 800 } as const;
  const timeline = (await engine.timeline({ ...query, pfn: 0x12f98 }))!;
  const { matching } = await engine.events({ ...query, start: 0, end: 0 });
  const sum = (counts: Uint32Array): number => counts.reduce((total, count) => total + count, 0);
  assert.equal(sum(timeline.matching), matching);
  assert.equal(sum(timeline.all), (await engine.captureHeader({ capture })).events);
  assert.ok(timeline.marks.length > 0);
  for (const mark of timeline.marks) {
    assert.equal(mark.pfn, 0x12f98);
    assert.match(mark.label, /0x12f98 · contig_range · refcount \d+ = /);
  }
  const [lane] = timeline.lanes;
  assert.equal(lane?.pfn, 0x12f98);
  // All three at one time: one below the other, the longest first.
  assert.deepEqual(
    lane.spans.map(({ level }) => level),
    [0, 1, 2],
  );
  assert.deepEqual([lane.levels, lane.left, timeline.part], [3, 0, '']);
  assert.match(lane.spans[0]!.label, /^0x12f98 · pipe buffer · /);
  assert.match(lane.spans.find(({ isOpenAfter }) => isOpenAfter)!.label, / · still held · match assumed$/);
  const page = timeline.page!;
  const { events } = await captureOf(SAMPLE);
  const counts = Array.from(events.pfn.subarray(0, events.length), (pfn, row) =>
    pfn === 0x12f98 && isPageRef(events.kind[row]!) ? events.count[row]! : 0,
  );
  assert.equal(Math.max(...page.counts), Math.max(...counts));
  assert.ok(page.changes.some(({ change }) => change > 0) && page.changes.some(({ change }) => change < 0));
  for (const { count, expected, label } of page.expected) {
    assert.ok(count > expected);
    assert.match(label, new RegExp(`^refcount ${count} = `));
  }
  // Looked at closely, the line begins at the count that the page had before.
  const { from, to } = timeline.span;
  const close = (await engine.timeline({
    ...query,
    pfn: 0x12f98,
    range: { from: from + (to - from) * 0.9, to },
  }))!;
  assert.ok(close.page!.times[0]! < close.range.from);
  assert.equal(close.part, '1.08 s of 10.8 s');
  const unheld = (await engine.timeline({ ...query, pfn: 0x12fff }))!;
  assert.deepEqual(
    unheld.lanes.map(({ pfn }) => pfn),
    [0x12f98],
  );
});

test('gaps stand in the timeline and before the row that follows them', async () => {
  const file = 'test/fixtures/f_pipe_lost/trace_pipe.txt.gz';
  const { engine, capture } = await opened(file);
  const lost = (await captureOf(file)).gaps.filter(({ cause }) => cause !== 'started');
  const query = { capture, filter: '', use: 'filter' } as const;
  const { gaps } = (await engine.timeline({ ...query, range: null, columns: 500, pfn: null }))!;
  assert.ok(lost.length > 0);
  assert.equal(gaps.length, lost.length);
  assert.ok(gaps.every(({ label }) => /lost on CPU \d/.test(label)));
  const { rows } = await engine.events({ ...query, start: 0, end: 1000 });
  assert.ok(rows.some(({ gap }) => /lost on CPU \d/.test(gap)));
});

test('a brushed span is asked for in the filter, in place of the one before', async () => {
  const { engine, capture } = await opened();
  const { span } = await engine.captureHeader({ capture });
  const range = { from: span!.from + 4e9, to: span!.from + 5e9 };
  const ask = (filter: string) => engine.spanFilter({ capture, filter, range });
  const filter = await ask('cpu:0');
  assert.match(filter, /^cpu:0 after:[\d.]+s before:[\d.]+s$/);
  assert.equal(await ask(filter), filter);
  assert.match(await ask('cpu:0 or cpu:1'), /^\(cpu:0 or cpu:1\) after:/);
  // Only tests that every event has to pass are those before; what joins them goes with them.
  for (const [before, left] of [
    ['cpu:0 and after:1s', 'cpu:0'],
    ['after=1s and cpu:0 before:3s', 'cpu:0'],
    ['not after:1s cpu:0', 'not after:1s cpu:0'],
    ['after:1s or cpu:0', '(after:1s or cpu:0)'],
    ['"a after:5s b" before:2s', '"a after:5s b"'],
    ['before:2s', ''],
    ['cpu:', ''],
  ] as const) {
    const asked = await ask(before);
    assert.equal(asked.replace(/ ?after:[\d.]+s before:[\d.]+s$/, ''), left, before);
  }
  const { rows } = await engine.events({
    capture,
    filter: await ask(''),
    use: 'filter',
    start: 0,
    end: 1000,
  });
  const { rows: all } = await engine.events({ capture, filter: '', use: 'filter', start: 0, end: 1000 });
  const inside = all.filter(({ time }) => time >= range.from && time <= range.to);
  assert.ok(inside.length > 0);
  assert.ok(inside.every(({ row }) => rows.some((each) => each.row === row)));
  assert.ok(rows.length <= inside.length + 2);
});

test('ticks of the axis are round points of the clock', () => {
  const ticks = (from: number, to: number, timeBase = 11_994_195_030n, clock: 'ns' | 'ticks' = 'ns') =>
    timeTicks({ timeBase, clock }, { from, to }, 6).map(({ label }) => label);
  assert.deepEqual(ticks(0, 10e9), ['12 s', '14 s', '16 s', '18 s', '20 s']);
  assert.deepEqual(ticks(5_804_970, 7_804_970), [
    '12.0000 s',
    '12.0005 s',
    '12.0010 s',
    '12.0015 s',
    '12.0020 s',
  ]);
  assert.deepEqual(ticks(0, 3, 0n), ['0.000000000 s', '0.000000001 s', '0.000000002 s', '0.000000003 s']);
  assert.deepEqual(ticks(0, 0, 0n), ['0.000000000 s']);
  assert.deepEqual(ticks(0, 100, 7n, 'ticks'), ['20 ticks', '40 ticks', '60 ticks', '80 ticks', '100 ticks']);
});

test('a capture that was closed says so', async () => {
  const { engine, capture } = await opened();
  await engine.closeCapture({ id: capture });
  await assert.rejects(engine.events({ capture, filter: '', use: 'filter', start: 0, end: 1 }), /was closed/);
});

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-events-'));
const untimed = path.join(scratch, 'longterm_pinner');
writeFileSync(
  untimed,
  ['At least, pinned for 650001 us', 'At least, pinned for 650000 us']
    .map((first) => recordText({ first }))
    .join(''),
);
after(() => {
  rmSync(scratch, { recursive: true });
});

test('a capture without times has a list and no timeline', async () => {
  const { engine, capture, facts } = await opened(untimed);
  assert.ok(facts.events > 0);
  const query = { capture, filter: '', use: 'filter' } as const;
  assert.equal(await engine.timeline({ ...query, range: null, columns: 10, pfn: null }), null);
  assert.equal(await engine.nextMark({ capture, row: null, step: 1 }), null);
  assert.equal((await engine.captureHeader({ capture })).span, null);
  const { rows } = await engine.events({ ...query, start: 0, end: 1 });
  assert.equal(rows[0]!.cells[0], '');
});

test('every event says what it is, by its name where it prints nothing that tells', async () => {
  const engine = new Engine(nodeHost());
  const { id: capture } = await engine.openCapture({ path: 'test/fixtures/f_dat_v7_zstd/trace.dat' });
  const { rows } = await engine.events({ capture, filter: '', use: 'filter', start: 0, end: 1000 });
  const what = EVENT_COLUMNS.findIndex(({ id }) => id === 'what');
  const said = rows.map(({ cells }) => cells[what]!);
  assert.deepEqual(
    said.filter((text) => text === ''),
    [],
  );
  assert.ok(said.includes('set_migration_pte'));
});

test('a span says its times and how many events it has, a moment its time', async () => {
  const { engine, capture } = await opened();
  const describe = (from: number, to: number) =>
    engine.describeSpan({ capture, filter: '', use: 'filter', range: { from, to } });
  const timeline = await engine.timeline({
    ...{ capture, filter: '', use: 'filter', range: null, columns: 800, pfn: null },
  });
  const { time } = timeline!.marks[0]!;
  const [moment] = await describe(time, time);
  assert.match(moment!, /^28\.\d+ s$/);
  const [times, events] = await describe(time, time + 1e6);
  assert.match(times!, /^28\.\d+ s to 28\.\d+ s \(1(\.0+)? ms\)$/);
  assert.match(events!, /^\d+ events?$/);
});

test('what a menu wishes is asked for in the filter, in place of what it rules out', async () => {
  const { engine, capture } = await opened();
  const { rows } = await engine.events({ capture, filter: 'pfn:0x12f98', use: 'filter', start: 0, end: 1 });
  const { row, pfn, cells } = rows[0]!;
  const cell = (id: string) => cells[EVENT_COLUMNS.findIndex((column) => column.id === id)]!;
  const ask = (filter: string, wish: FilterWish) => engine.narrowedFilter({ capture, filter, wish });
  const page = { type: 'page', pfn } as const;
  const task = { type: 'task', row } as const;
  const named = { type: 'events', row } as const;
  const others = { type: 'other-events', row } as const;
  const inStack = { type: 'function', name: 'vmsplice' } as const;

  assert.equal(await ask('', page), 'pfn:0x12f98');
  assert.equal(await ask('pfn:0x1,0x2 cpu:0', page), 'cpu:0 pfn:0x12f98');
  assert.equal(await ask('cpu:0 and pfn:0x1', page), 'cpu:0 pfn:0x12f98');
  assert.equal(await ask('pfn:0x1 && cpu:0', page), 'cpu:0 pfn:0x12f98');
  // Neither what is left out nor a bound is another page.
  assert.equal(await ask('-pfn:0x1 pfn>0x2', page), '-pfn:0x1 pfn>0x2 pfn:0x12f98');
  assert.equal(await ask('pfn:0x1 or cpu:0', page), '(pfn:0x1 or cpu:0) pfn:0x12f98');
  assert.equal(await ask('pfn:zz', page), 'pfn:0x12f98');
  assert.equal(await ask('task:bash-1', task), `task:${cell('task')}`);
  assert.equal(await ask('task:bash-1', others), `task:bash-1 -event:${cell('event')}`);
  assert.equal(await ask(await ask('', others), others), `-event:${cell('event')}`);
  assert.equal(await ask('task:bash-1', named), `task:bash-1 event:${cell('event')}`);
  assert.equal(await ask('event:mm_page_free', named), `event:${cell('event')}`);
  assert.equal(await ask('-event:mm_page_free', named), `-event:mm_page_free event:${cell('event')}`);
  assert.equal(await ask('stack:vmsplice', inStack), 'stack:vmsplice');
  assert.equal(await ask('stack:pipe_read', inStack), 'stack:pipe_read stack:vmsplice');
  assert.equal(await ask('', { type: 'function', name: '<alloc::A, B>::new' }), 'stack:"<alloc::A, B>::new"');

  for (const wish of [page, task, others]) {
    const filter = await ask('', wish);
    const found = await engine.events({ capture, filter, use: 'filter', start: 0, end: 1000 });
    assert.equal(found.problem, null);
    assert.ok(found.rows.length > 0 && found.rows.length < found.total, filter);
    assert.equal(
      found.rows.some((each) => each.row === row),
      wish !== others,
    );
  }
});

test('one event is printed as among all', async () => {
  const { engine, capture } = await opened();
  const alone = await Promise.all([0, 1, 2].map((row) => engine.eventText({ capture, row })));
  for await (const lines of engine.eventQueries.lines(capture, '', 3, 'text')) {
    assert.equal(alone.join('\n'), lines);
  }
});
