/**
 * Files of Android's page_pinner. No recording of a device is at hand: the texts are written with the format
 * strings of mm/page_pinner.c in its three generations (android12-5.10 first and last form, android13-5.15 and
 * later), PFNs, times and functions are made up.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventKind, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { atOnce } from '../../../src/capture/turns';
import { eventText } from '../../../src/engine/eventRows';
import { heldTime, heldTimeText, lastTime } from '../../../src/engine/heldTime';
import { analyseHolders, HolderAnalyser } from '../../../src/holders/analyseHolders';
import { assertConsistent, captureText, rowTexts } from './support/describeCapture';
import { BUFFER, recordText, stamp } from './support/pagePinnerTexts';
import { memorySource } from './support/sources';

async function read(content: Uint8Array | string, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(content), { chunkSize });
  assertConsistent(capture, { isInFileOrder: false });
  analyseHolders(capture);
  return capture;
}

test('buffer: oldest first, with marks and puts', async () => {
  const capture = await read(BUFFER.join(''));
  assert.equal(capture.format, 'page-pinner');
  assert.deepEqual(capture.problems, []);
  assert.equal(capture.timeBase, 100_350_005_000n);
  assert.equal(capture.resolution, 1000);
  const page = 'pfn=0x8d0c1 flags=uptodate|lru|swapbacked mapping=Null';
  assert.deepEqual(rowTexts(capture), [
    `0 [65535] --1 Failure detected at PinFailure ${page} count=3 mapcount=1 reason=contig_range < ` +
      '__alloc_contig_migrate_range+0x1c0/0x200 < alloc_contig_range+0x160/0x400',
    `NaN [65535] --1 At least, pinned for PinPut ${page} count=2 mapcount=1 label=At least, pinned for 12 us < ` +
      'putback_lru_page+0x1/0x2 < putback_movable_pages+0x1/0x2',
    `NaN [65535] --1 At least, pinned for PinPut ${page} count=1 mapcount=1 label=At least, pinned for 650000 us < ` +
      'bio_release_pages+0x80/0xa0 < dm_end+0x40/0x60 [dm_x]',
    `NaN [65535] --1 At least, pinned for PinPut ${page} count=0 mapcount=0 label=At least, pinned for 650001 us < ` +
      'free_pages_and_swap_cache+0x1/0x2',
    `650000000 [65535] --1 Freed at PageFree ${page} count=0 mapcount=0 < free_unref_page+0x1/0x2`,
  ]);
  assert.ok(capture.facts.every(([name]) => name !== 'page_pinner file'));
});

test('the holder analysis sees the failure and the put that ends the surplus', async () => {
  const { pages } = analyseHolders(await read(BUFFER.join('')));
  assert.equal(pages.length, 1);
  const [page] = pages;
  assert.equal(page!.pfn, 0x8d0c1);
  assert.equal(page!.marks.length, 1);
  const [mark] = page!.marks;
  assert.equal(mark!.source, 'report');
  assert.equal(mark!.reason, 'contig_range');
  assert.equal(mark!.count, 3);
  assert.equal(mark!.expected, 2);
  assert.equal(mark!.held, 1);
  assert.equal(mark!.untraced, 0);
  assert.equal(mark!.count - mark!.expected - mark!.held - mark!.untraced, 0);
  const held = page!.references.filter(({ role }) => role === 'held');
  assert.deepEqual(
    held.map(({ kind }) => kind),
    ['direct-io'],
  );
});

test('a put without a time says how long what it drops was held at least, if that was open at the failure', async () => {
  const capture = await read(BUFFER.join(''));
  const [page] = analyseHolders(capture).pages;
  const texts = page!.references.map((reference) => {
    const held = heldTime(page!, reference, lastTime(capture));
    return [reference.role, held === null ? null : heldTimeText(held, 'ns')];
  });
  assert.deepEqual(
    texts.filter(([role]) => role === 'held'),
    [['held', '≥ 650 ms']],
  );
  // The putback's own put drops what the attempt took.
  assert.ok(texts.some(([role, held]) => role === 'temporary' && held === null));
});

test('pins that lasted long and ended are an answer of their own, also where nobody tried to move the page', async () => {
  const cases: readonly (readonly [string, readonly string[], readonly unknown[]])[] = [
    ['Page pinned for', ['pin_user_pages+0x1/0x2', 'foo+0x1/0x2'], ['gup-pin', true, true]],
    ['Page pinned for', ['dm_begin+0x1/0x2 [dm_x]'], ['driver', true, true]],
    ['At least, pinned for', ['pin_user_pages+0x1/0x2'], ['gup-pin', true, true]],
    ['At least, pinned for', ['bio_release_pages+0x1/0x2'], ['direct-io', false, false]],
    ['At least, pinned for', ['foo+0x1/0x2'], ['unknown', false, false]],
  ];
  for (const [heading, frames, expected] of cases) {
    const capture = await read(recordText({ first: `${heading} 650000 us`, frames, pfn: 0x8d0c1, count: 1 }));
    const { attempts, pages, unreleased, pinned } = analyseHolders(capture);
    assert.deepEqual([attempts, pages, unreleased], [[], [], []]);
    assert.deepEqual(
      pinned.map(({ pfn, count }) => [pfn, count]),
      [[0x8d0c1, 1]],
    );
    const [page] = pinned;
    assert.deepEqual(
      page!.references.map((each) => [each.kind, each.acquired !== null, each.releasedUnseen]),
      [expected],
    );
    const [reference] = page!.references;
    // These files name no task.
    assert.doesNotMatch(reference!.holder, /(?:by|·)\s*$| ·\s+·/);
    assert.match(
      reference!.unseenBecause ?? '',
      expected[2] ? /^page_pinner made its record at the put/ : /^$/,
    );
    assert.deepEqual(heldTime(page!, reference!, lastTime(capture)), { span: 650e6, isLeast: true });
    assert.equal(eventText(capture, 0), 'put: count 1, pinned ≥ 650 ms');
    const analyser = atOnce(HolderAnalyser.of(capture));
    assert.deepEqual(analyser.page(0x8d0c1), page);
  }
});

test('beside its failure a pin that ended says how long it lasted', async () => {
  const frames = ['bio_release_pages+0x80/0xa0', 'dm_end+0x40/0x60 [dm_x]'];
  const pin = recordText({ first: 'Page pinned for 650000 us', pfn: 0x8d0c1, count: 1, mapcount: 1, frames });
  const failure = BUFFER.at(-1)!.replace('Failure detected at', 'Page pinned ts');
  const { pages, pinned } = analyseHolders(await read(pin + failure));
  assert.deepEqual(pinned, []);
  assert.deepEqual(
    pages[0]!.references.map(({ role, heldAtLeast }) => [role, heldAtLeast]),
    [['held', 650e6]],
  );
});

test('alloc_contig_failed of android12-5.10: the stack tells a failure from a put', async () => {
  const capture = await read(
    [
      {
        first: `Page pinned ts ${stamp(12, 5)}`,
        count: 0,
        frames: ['__reset_page_pinner+0x1/0x2', 'free_pages_prepare+0x1/0x2'],
      },
      { first: `Page pinned ts ${stamp(12, 4)}`, count: 1, frames: ['release_pages+0x1/0x2'] },
      {
        first: `Page pinned ts ${stamp(12, 3)}`,
        count: 2,
        frames: ['__page_pinner_mark_migration_failed_pages+0xa8/0x100', 'alloc_contig_range+0x1/0x2'],
      },
    ]
      .map(recordText)
      .join(''),
  );
  assert.deepEqual(
    rowTexts(capture).map((row) => row.split(' ').slice(0, 7).join(' ')),
    [
      '0 [65535] --1 Page pinned ts PinFailure',
      '1000 [65535] --1 Page pinned ts PinPut',
      '2000 [65535] --1 Page pinned ts PageFree',
    ],
  );
  assert.equal(capture.timeBase, 12_000_003_000n);
});

test('what the content does not tell is said', async (t) => {
  const old = (count: number): string =>
    `Page pinned ts 434343 us count ${count}\nPFN 577 Block 1 type CMA Flags 0x14(uptodate|lru)\n try_grab_page+0x1/0x2\n\n`;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['first generation', old(1) + old(0), /print alike, so whether a stack took the reference or dropped it/],
    [
      'longterm_pinner of the second',
      recordText({ first: 'Page pinned for 400000 us' }),
      /longterm_pinner: the stacks are those that took/,
    ],
    ['puts alone', recordText({ first: 'At least, pinned for 400000 us' }), /without a failure in it/],
  ];
  for (const [name, text, fact] of cases) {
    await t.test(name, async () => {
      const capture = await read(text);
      assert.deepEqual(capture.problems, []);
      assert.match(capture.facts.find(([key]) => key === 'page_pinner file')![1], fact);
      assert.ok(
        [...capture.events.kind.subarray(0, capture.events.length)].every(
          (kind) => kind === EventKind.PinPut,
        ),
      );
    });
  }
  const first = await read(old(1));
  assert.equal(
    rowTexts(first)[0],
    'NaN [65535] --1 Page pinned ts PinPut pfn=0x241 label=Page pinned ts 434343 us count 1 < try_grab_page+0x1/0x2',
  );
});

test('mapping and flags', async () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['0x0', '0x14(uptodate|lru|swapbacked)', 'mapping=Null'],
    ['0xffffff8012345678', '0x14(uptodate|lru)', 'flags=uptodate|lru mapping=File'],
    ['0xffffff8012345678', '0x14(owner_priv_1|swapbacked)', 'mapping=Anonymous'],
    ['def_blk_aops+0x10/0x80', '0x14(uptodate|private)', 'mapping=File'],
  ];
  for (const [mapping, flags, expected] of cases) {
    const capture = await read(recordText({ first: `Failure detected at ${stamp(1, 2)}`, mapping, flags }));
    assert.ok(rowTexts(capture)[0]!.includes(expected), rowTexts(capture)[0]);
  }
});

test('several dumps in one file', async () => {
  const later = recordText({ first: `Failure detected at ${stamp(200, 0)}`, pfn: 5 });
  const earlier = recordText({ first: `Failure detected at ${stamp(100, 0)}`, pfn: 6 });
  const sorted = await read(earlier + later);
  assert.deepEqual(sorted.problems, []);
  assert.deepEqual([...sorted.events.pfn.subarray(0, 2)], [6, 5]);
  const put = recordText({ first: 'At least, pinned for 7 us', pfn: 7 });
  const mixed = await read(earlier + put + later);
  assert.match(mixed.problems[0]!.message, /several dumps/);
  assert.deepEqual([...mixed.events.pfn.subarray(0, 3)], [5, 7, 6]);
});

test('what cannot be read is counted with its place, and costs nothing else', async (t) => {
  const good = BUFFER.join('');
  const line = good.split('\n').length;
  const short = 'Page pinned for 5 us\nPFN 0x1 Block 0 count 1 Flags 0x0()\n\n';
  const cases: readonly (readonly [string, string, number, number, RegExp])[] = [
    ['no page', 'Page pinned for 5 us\n\n', 5, line, /without its page/],
    ['a bad page', 'Page pinned for 5 us\nPFN x\n\n', 5, line + 1, /page frame number after "PFN"/],
    ['a bad time', short.replace('for 5 us', 'ts [   1.5]'), 6, line, /no time as/],
    ['cut in its time', 'Page pinned ts [   1', 5, line, /"Page pinned ts" without its page/],
    ['cut behind its first line', 'Page pinned for 5 us', 5, line, /"Page pinned for" without its page/],
    [
      'cut in its page',
      'Page pinned for 5 us\nPFN 0x1 Blo',
      5,
      line + 1,
      /"Flags" at the end; the record was/,
    ],
    ['cut in its frames', `${short.slice(0, -1)} a+0x1/0x`, 6, line + 2, /may be cut off/],
    ['another line', 'what is this\n', 5, line, /not a line of page_pinner: "what is this"/],
    ['frames alone', ' a+0x1/0x2\n b+0x1/0x2\n', 5, line, /frames without the lines before them/],
    ['a long line', `${'y'.repeat(70_000)}\n`, 5, line, /a line of 70000 bytes/],
  ];
  for (const [name, text, rows, at, message] of cases) {
    await t.test(name, async () => {
      for (const chunkSize of [13, 1 << 20]) {
        const capture = await read(good + text, chunkSize);
        assert.equal(capture.events.length, rows);
        assert.equal(capture.problemCount, 1);
        assert.equal(capture.problems[0]!.line, at);
        assert.match(capture.problems[0]!.message, message);
      }
    });
  }
});

test('any chunk size reads the same', async () => {
  const whole = captureText(await read(BUFFER.join('').repeat(3)));
  for (const chunkSize of [1, 3, 17, 100]) {
    assert.equal(captureText(await read(BUFFER.join('').repeat(3), chunkSize)), whole);
  }
});
