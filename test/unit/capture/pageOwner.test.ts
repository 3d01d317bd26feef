/** Dumps of page_owner: real ones of 6.1, and texts in the words of the other versions of mm/page_owner.c. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { findAllocation } from '../../../src/capture/allocationTable';
import { AllocationTableBuilder } from '../../../src/capture/allocationTableBuilder';
import { ABSENT, EventKind, NONE, PageFlag, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { allocationLine, allocationText, assertConsistentAllocations } from './support/describeAllocations';
import { assertConsistent, stackText } from './support/describeCapture';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, SHARED, memorySource, textBytes } from './support/sources';

const DUMP = path.join(FIXTURES, 'dumps/page_owner.gz');

async function read(content: Uint8Array | string, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(content), { chunkSize });
  assertConsistent(capture);
  if (capture.allocations) assertConsistentAllocations(capture);
  return capture;
}

/** The rows of a text as lines, each with its stack. */
async function rowsOf(text: string): Promise<string[]> {
  const capture = await read(text);
  assert.equal(capture.format, 'page-owner');
  assert.deepEqual(capture.problems, []);
  const table = capture.allocations!;
  return Array.from(
    { length: table.length },
    (_, row) => `${allocationLine(capture, row)} < ${stackText(capture, table.stack[row]!)}`,
  );
}

test('a dump of 6.1', async () => {
  const capture = await read(readFileSync(DUMP));
  const table = capture.allocations!;
  assert.equal(capture.format, 'page-owner');
  assert.equal(capture.events.length, 0);
  assert.equal(capture.problemCount, 0);
  assert.deepEqual(capture.facts, [
    ['compression', 'gzip'],
    ['allocations', '410'],
    ['pages', '583'],
    ['newest allocation', '37.684018704 s after boot'],
  ]);
  assert.deepEqual(analyseHolders(capture).pages, []);

  const rows: string[] = [];
  for (let row = 0; row < table.length; row++) {
    const isRemarkable = table.migrateReason[row] !== NONE || table.order[row]! > 3 || row % 40 === 0;
    const isInCma = table.pfn[row]! >= 0x12800 && table.pfn[row]! < 0x13000;
    if (!isRemarkable && !isInCma) continue;
    rows.push(`${allocationLine(capture, row)}\n  ${stackText(capture, table.stack[row]!)}\n`);
  }
  const golden = 'test/unit/capture/golden/pageOwner.txt';
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, rows.join(''));
  assert.equal(rows.join(''), readFileSync(golden, 'utf8'));
});

test('the dump names who allocated the pages that the trace beside it shows held', async () => {
  const dump = await read(readFileSync(DUMP));
  const trace = await read(readFileSync(path.join(FIXTURES, 'a_held/report.txt.gz')));
  const table = dump.allocations!;
  const { events, symbols } = trace;
  const held = [0x12fb0, 0x12fae, 0x12fad];
  const differences: number[] = [];
  for (const pfn of held) {
    const row = findAllocation(table, pfn);
    const task = table.task[row]!;
    assert.equal(`${dump.symbols.taskComm(task)}-${dump.symbols.taskPid(task)}`, 'holder-251');
    for (let event = 0; event < events.length; event++) {
      if (events.kind[event] !== EventKind.PageAlloc || events.pfn[event] !== pfn) continue;
      if (symbols.taskPid(events.task[event]!) !== 251) continue;
      differences.push(table.time[row]! - Number(trace.timeBase) - events.time[event]!);
    }
  }
  // The trace was recorded with the mono clock: another origin, but the same pace.
  assert.equal(differences.length, held.length);
  assert.ok(Math.max(...differences) - Math.min(...differences) < 20_000, differences.join());
});

/** Reads a dump of 6.1 in another way: whole records by regular expressions. */
function naiveRecords(text: string): { pfn: number; text: string; frames: string }[] {
  const head =
    /^Page allocated via order (\d+), mask (\S+), pid (\d+), tgid (\d+) \((.*)\), ts (\d+) ns, free_ts (\d+) ns$/;
  const page = /^PFN (\d+) type (\w+) Block \d+ type (\w+) Flags 0x\w+\((.*)\)$/;
  return text
    .split('\n\n')
    .filter((record) => record !== '')
    .map((record) => {
      const [first, second, ...rest] = record.split('\n');
      const [, order, mask, pid, tgid, comm, time, free] = head.exec(first!)!;
      const [, pfn, type, block, flags] = page.exec(second!)!;
      const names = Object.keys(PageFlag).filter((name) => flags!.split('|').includes(name));
      const reason = rest.find((line) => line.startsWith('Page has been migrated'))?.split(': ')[1];
      return {
        pfn: Number(pfn),
        text:
          `0x${Number(pfn).toString(16)} order=${order} ${comm}-${pid} tgid=${tgid} time=${time} free=${free}` +
          ` gfp=${mask} type=${type} block=${block} flags=${names.join('|') || 'none'}` +
          (reason === undefined ? '' : ` migrated=${reason}`),
        frames: rest
          .filter((line) => line.startsWith(' '))
          .map((line) => line.trim().replace(/^0x(\w+)$/, '0x$1 <$1>'))
          .join(' < '),
      };
    });
}

function assertAsNaive(capture: Capture, text: string): void {
  const records = naiveRecords(text);
  const table = capture.allocations!;
  assert.equal(capture.problemCount, 0);
  assert.equal(table.length, records.length);
  for (const [row, record] of records.entries()) {
    assert.equal(allocationLine(capture, row), record.text);
    assert.equal(stackText(capture, table.stack[row]!), record.frames);
  }
}

test('every field of every record is as read by regular expressions', async () => {
  const text = new TextDecoder().decode(textBytes(DUMP));
  assertAsNaive(await read(text), text);
});

test('whole dumps are as read by regular expressions', async (t) => {
  const dumps = ['a_held', 'b_multi', 'c_jbd2'].map((name) => path.join(SHARED, name, 'page_owner.gz'));
  if (!dumps.every((file) => existsSync(file))) {
    t.skip(`${SHARED} is absent`);
    return;
  }
  for (const file of dumps) {
    const bytes = readFileSync(file);
    const text = gunzipSync(bytes).toString('latin1');
    const capture = await read(bytes);
    assertAsNaive(capture, text);
    assert.equal(capture.allocations!.length, text.match(/^Page allocated via order/gm)!.length);
    t.diagnostic(`${file}: ${capture.allocations!.length} allocations`);
  }
});

test('any chunk size reads the same', async () => {
  const text = new TextDecoder().decode(textBytes(DUMP)).slice(0, 20_000);
  const whole = allocationText(await read(text));
  for (const chunkSize of [1, 2, 3, 7, 64, 500, 4096]) {
    assert.equal(allocationText(await read(text, chunkSize)), whole, `${chunkSize}`);
  }
  assert.equal(
    allocationText(await read(text.replaceAll('\n', '\r\n'))).replace(/^\d+ /gm, ''),
    whole.replace(/^\d+ /gm, ''),
  );
});

const STACK = ' post_alloc_hook+0x12/0x34\n __alloc_pages+0x168/0x2d0 [mod]\n';
const FRAMES = 'post_alloc_hook+0x12/0x34 < __alloc_pages+0x168/0x2d0 [mod]';

test('every version of the text', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      '3.19 to 4.5',
      'Page allocated via order 2, mask 0x24200ca\n' +
        'PFN 6668 Block 13 type 2 Fallback Flags K RU LA W B \n' +
        ' [<ffffffff8119f7b5>] __alloc_pages_nodemask+0x105/0x8e0\n [<ffffffffa0001234>] ext4_x+0x1/0x2 [ext4]\n\n',
      '0x1a0c order=2 --1 gfp=0x24200ca flags=locked|referenced|uptodate|lru|active|owner_priv_1|writeback < ' +
        '__alloc_pages_nodemask+0x105/0x8e0 <ffffffff8119f7b5> < ext4_x+0x1/0x2 [ext4] <ffffffffa0001234>',
    ],
    [
      '4.6 to 5.10',
      'Page allocated via order 0, mask 0x100cca(GFP_HIGHUSER_MOVABLE)\n' +
        'PFN 4096 type Movable Block 8 type CMA Flags 0xfffffc0080014(uptodate|lru|swapbacked)\n' +
        `${STACK}\n`,
      `0x1000 order=0 --1 gfp=0x100cca(GFP_HIGHUSER_MOVABLE) type=Movable block=CMA flags=uptodate|lru|swapbacked < ${FRAMES}`,
    ],
    [
      '5.11',
      'Page allocated via order 0, mask 0x0(), pid 7, ts 1234567890123 ns\n' +
        `PFN 1 type Unmovable Block 0 type Isolate Flags 0x0()\n${STACK}\n`,
      `0x1 order=0 -7 time=1234567890123 gfp=0x0() type=Unmovable block=Isolate flags=none < ${FRAMES}`,
    ],
    [
      '5.13',
      'Page allocated via order 0, mask 0x0(), pid 7, ts 12 ns, free_ts 0 ns\n' +
        `PFN 1 type Unmovable Block 0 type HighAtomic Flags 0x0()\n${STACK}\n`,
      `0x1 order=0 -7 time=12 free=0 gfp=0x0() type=Unmovable block=HighAtomic flags=none < ${FRAMES}`,
    ],
    [
      '5.18 with memory cgroups',
      'Page allocated via order 0, mask 0x0(), pid 7, tgid 6 (a (b), ts 1), ts 12 ns, free_ts 3 ns\n' +
        'PFN 1 type Movable Block 0 type Movable Flags 0x1(locked|node=0|zone=1|lastcpupid=0x1fffff)\n' +
        `${STACK}Page has been migrated, last migrate reason: compaction\nSlab cache page\n` +
        'Charged (via objcg) to offline memcg user@1000.service\n\n',
      '0x1 order=0 a (b), ts 1-7 tgid=6 time=12 free=3 gfp=0x0() type=Movable block=Movable flags=locked' +
        ` migrated=compaction charged=(via objcg) to offline memcg user@1000.service < ${FRAMES}`,
    ],
    [
      '6.8, hexadecimal and without free_ts',
      'Page allocated via order 9, mask 0x1(__GFP_X|0x1), pid 7, tgid 6 (x), ts 12 ns\n' +
        `PFN 0x12e00 type Movable Block 151 type CMA Flags 0x4000(head|zone=1)\n${STACK}\n`,
      `0x12e00 order=9 x-7 tgid=6 time=12 gfp=0x1(__GFP_X|0x1) type=Movable block=CMA flags=head < ${FRAMES}`,
    ],
    [
      'handles instead of stacks',
      'Page allocated via order 0, mask 0x0(), pid 7, tgid 6 (x), ts 12 ns\n' +
        'PFN 0x1 type Movable Block 0 type Movable Flags 0x0(zone=1)\nhandle: 17432583\n' +
        'Charged to memcg x\n\n',
      '0x1 order=0 x-7 tgid=6 time=12 gfp=0x0() type=Movable block=Movable flags=none charged=to memcg x handle=17432583 < -',
    ],
    [
      'an empty comm, and one of 15 bytes',
      `Page allocated via order 0, mask 0x0(), pid 7, tgid 6 (), ts 1 ns\nPFN 0x1 type A Block 0 type B Flags 0x0()\n${STACK}\n` +
        `Page allocated via order 0, mask 0x0(), pid 7, tgid 6 (123456789012345), ts 1 ns\nPFN 0x2 type A Block 0 type B Flags 0x0()\n${STACK}\n`,
      `0x1 order=0 -7 tgid=6 time=1 gfp=0x0() type=A block=B flags=none < ${FRAMES}` +
        `\n0x2 order=0 123456789012345-7 tgid=6 time=1 gfp=0x0() type=A block=B flags=none < ${FRAMES}`,
    ],
  ];
  for (const [name, text, expected] of cases) {
    await t.test(name, async () => {
      assert.equal((await rowsOf(text)).join('\n'), expected);
    });
  }
});

test('stacks with their number of pages', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      '6.9',
      `${STACK}stack_count: 12\n\n${STACK}stack_count: 3\n\n`,
      'allocations=12 pages=-1 handle=0, allocations=3 pages=-1 handle=0',
    ],
    ['6.11', `${STACK}nr_base_pages: 4096\n\n`, 'allocations=-1 pages=4096 handle=0'],
    ['show_stacks_handles', `${STACK}handle: 7\n\n`, 'allocations=-1 pages=-1 handle=7'],
    ['show_handles', 'handle: 7\nnr_base_pages: 2\n\n', 'allocations=-1 pages=2 handle=7'],
    [
      'page_owner_sort',
      `5 times, 10 pages, allocated by SLAB:\nPage allocated via order 1, mask 0x0(), pid 7, tgid 6 (x), ts 12 ns, free_ts 3 ns\n${STACK}\n`,
      'allocations=5 pages=10 handle=0',
    ],
    [
      'page_owner_sort --cull',
      `5 times, 10 pages, PID 7, task_comm_name: x:\n${STACK}\n`,
      'allocations=5 pages=10 handle=0',
    ],
  ];
  for (const [name, text, expected] of cases) {
    await t.test(name, async () => {
      const capture = await read(text);
      assert.equal(capture.format, 'page-owner');
      assert.deepEqual(capture.problems, []);
      const { totals, length } = capture.allocations!;
      assert.equal(length, 0);
      const found: string[] = [];
      for (let row = 0; row < totals.length; row++) {
        found.push(
          `allocations=${totals.allocations[row]!} pages=${totals.pages[row]!} handle=${totals.handle[row]!}`,
        );
        if (text.startsWith(' ')) assert.equal(stackText(capture, totals.stack[row]!), FRAMES);
      }
      assert.equal(found.join(', '), expected);
    });
  }
});

const RECORD =
  'Page allocated via order 0, mask 0x0(), pid 7, tgid 6 (x), ts 12 ns\n' +
  `PFN 1 type Movable Block 0 type Movable Flags 0x0()\n${STACK}\n`;

test('what cannot be read is counted with its place, and costs nothing else', async (t) => {
  const cases: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'no order',
      'Page allocated via order x\nPFN 2 type M Block 0 type M Flags 0x0()\n\n',
      6,
      /expected an order up to 30/,
    ],
    [
      'an absurd order',
      'Page allocated via order 31, mask 0x0()\nPFN 2\n\n',
      6,
      /expected an order up to 30/,
    ],
    [
      'no page',
      'Page allocated via order 0, mask 0x0()\n a+0x1/0x2\n\n',
      6,
      /without its page, expected a line "PFN"/,
    ],
    ['no number', 'Page allocated via order 0, mask 0x0()\nPFN none\n\n', 7, /expected a page frame number/],
    [
      'a number beyond 2^53',
      'Page allocated via order 0, mask 0x0()\nPFN 0xffffffffffffffff\n\n',
      7,
      /expected a page frame number/,
    ],
    ['frames alone', ' a+0x1/0x2\n\n', 6, /frames that belong to no allocation/],
    [
      'another line',
      'cat: page_owner: Cannot allocate memory\n',
      6,
      /not a line of page_owner: "cat: page_owner/,
    ],
    ['a long line', `P${'x'.repeat(70_000)}\n`, 6, /a line of 70001 bytes/],
    [
      'lines whose record has lost its beginning',
      'Page has been migrated, last migrate reason: compaction\n\n',
      6,
      /not a line of page_owner: "Page has been migrated/,
    ],
  ];
  for (const [name, text, line, message] of cases) {
    await t.test(name, async () => {
      for (const chunkSize of [11, 1 << 20]) {
        const capture = await read(RECORD + text + RECORD.replace('PFN 1 ', 'PFN 3 '), chunkSize);
        assert.deepEqual([...capture.allocations!.pfn.subarray(0, capture.allocations!.length)], [1, 3]);
        assert.equal(capture.problemCount, 1);
        assert.equal(capture.problems[0]!.line, line);
        assert.match(capture.problems[0]!.message, message);
      }
    });
  }
  // A page goes to the allocation before it only in one record.
  const headless = await read(
    `${RECORD}Page allocated via order 99, mask 0x0()\n\nPFN 5 type M Block 0 type M Flags 0x0()\n\n`,
  );
  assert.equal(headless.allocations!.length, 1);
  assert.equal(headless.problemCount, 2);
  const cut = await read(RECORD + RECORD.slice(0, 130));
  assert.equal(cut.allocations!.length, 2);
  assert.match(cut.problems.at(-1)!.message, /ends without a line end/);
});

test('rows are sorted by page and time, whatever the order of the text', async () => {
  const record = (pfn: number, time: number): string =>
    `Page allocated via order 0, mask 0x0(), pid 1, ts ${time} ns\nPFN ${pfn} type M Block 0 type M Flags 0x0()\n a+0x1/0x2\n\n`;
  const capture = await read(record(7, 5) + record(3, 9) + record(7, 2) + record(1, 1));
  const table = capture.allocations!;
  assert.deepEqual([...table.pfn.subarray(0, table.length)], [1, 3, 7, 7]);
  assert.deepEqual([...table.time.subarray(0, table.length)], [1, 9, 2, 5]);
});

test('the allocation that covers a page, at a time', () => {
  const table = new AllocationTableBuilder();
  const add = (pfn: number, order: number, time: number): void => {
    const row = table.append(pfn, order, 0, 0);
    table.time[row] = time;
  };
  add(512, 9, 10);
  add(600, 0, 20);
  add(600, 0, 30);
  add(768, 8, NaN);
  table.sort();
  const found = (pfn: number, at?: number): string => {
    const row = findAllocation(table, pfn, at);
    return row < 0 ? '-' : `${table.pfn[row]}/${table.order[row]}@${table.time[row]}`;
  };
  assert.equal(found(511), '-');
  assert.equal(found(512), '512/9@10');
  assert.equal(found(599), '512/9@10');
  assert.equal(found(600), '600/0@30');
  assert.equal(found(600, 25), '600/0@20');
  assert.equal(found(600, 15), '512/9@10');
  assert.equal(found(600, 5), '-');
  assert.equal(found(1023), '768/8@NaN');
  assert.equal(found(1023, 1), '768/8@NaN');
  assert.equal(found(1024), '-');
  assert.equal(found(-1), '-');
  assert.equal(found(NaN), '-');
  assert.equal(findAllocation(new AllocationTableBuilder(), 5), -1);
});

test('the allocation that covers a page is the smallest that a scan of all rows finds', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 50; round++) {
    const table = new AllocationTableBuilder();
    for (let count = below(random, 60); count > 0; count--) {
      const order = pick(random, [0, 0, 0, 1, 2, 3, 4, 9]);
      const row = table.append(below(random, 2048 / 2 ** order) * 2 ** order, order, 0, 0);
      if (random() < 0.8) table.time[row] = below(random, 100);
    }
    table.sort();
    for (let pfn = 0; pfn < 2200; pfn += 1 + below(random, 5)) {
      const at = pick(random, [Infinity, below(random, 100)]);
      const covering = Array.from({ length: table.length }, (_, row) => row).filter(
        (row) =>
          table.pfn[row]! <= pfn &&
          pfn < table.pfn[row]! + 2 ** table.order[row]! &&
          !(table.time[row]! > at),
      );
      // Of those that begin furthest right the one with the latest time.
      const first = Math.max(...covering.map((row) => table.pfn[row]!));
      const expected = covering.findLast((row) => table.pfn[row] === first) ?? -1;
      assert.equal(findAllocation(table, pfn, at), expected, `round ${round} pfn ${pfn} at ${at}`);
    }
  }
});

test('cut off at every 64th byte: every record before is kept', async () => {
  const bytes = textBytes(DUMP).subarray(0, 20_000);
  const whole = await read(bytes);
  const lines = Array.from({ length: whole.allocations!.length }, (_, row) => allocationLine(whole, row));
  const ends = [...whole.allocations!.offset.subarray(1, lines.length)];
  for (let length = 64; length < bytes.length; length += 64) {
    const capture = await read(bytes.subarray(0, length));
    if (capture.allocations === null) continue;
    const rows = capture.allocations.length;
    for (let row = 0; row + 1 < rows; row++) assert.equal(allocationLine(capture, row), lines[row]);
    const complete = ends.filter((end) => end <= length).length;
    assert.ok(rows === complete || rows === complete + 1, `${rows} rows of ${length} bytes`);
    assert.ok(bytes[length - 1] === 10 || capture.problemCount > 0);
  }
});

test('a task without a comm or pid says so', async () => {
  const capture = await read(
    'Page allocated via order 0, mask 0x0(A)\nPFN 1 type M Block 0 type M Flags 0x0()\n a+0x1/0x2\n\n',
  );
  const table = capture.allocations!;
  assert.equal(capture.symbols.taskPid(table.task[0]!), -1);
  assert.equal(capture.symbols.taskComm(table.task[0]!), '');
  assert.equal(table.tgid[0], ABSENT);
});
