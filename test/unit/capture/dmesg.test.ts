/**
 * Kernel logs with page dumps. The texts are written with the format strings of mm/debug.c, mm/page_owner.c,
 * lib/dump_stack.c and the stack dumpers of the architectures, in the versions that each case names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { holdersText, mayBeHeld, termText } from '../../../src/engine/pageFacts';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { Page } from '../../../src/holders/model';
import { allocationLine, allocationText, assertConsistentAllocations } from './support/describeAllocations';
import { assertConsistent, captureText, rowTexts } from './support/describeCapture';
import { CONTIG, FTRACE, LOGS, log } from './support/dmesgTexts';
import { seededRandom } from './support/random';
import { memorySource } from './support/sources';

async function read(content: Uint8Array | string, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(content), { chunkSize });
  assertConsistent(capture);
  if (capture.allocations) assertConsistentAllocations(capture);
  analyseHolders(capture);
  return capture;
}

const CONTIG_STACK =
  'dump_stack_lvl+0x45/0x5e < __alloc_contig_migrate_range+0x11e/0x170 < cma_alloc_write+0x3b/0x60 [cma_debug]';

test('pages that a contiguous allocation could not move are marks, with the stack before them', async () => {
  const capture = await read(log(CONTIG));
  assert.equal(capture.format, 'dmesg');
  assert.deepEqual(capture.problems, []);
  assert.equal(capture.timeBase, 211_000_090_000n);
  assert.deepEqual(capture.facts, [
    ['page dumps', '2'],
    ['dumped because', 'migration failure (2)'],
  ]);
  assert.deepEqual(rowTexts(capture), [
    '0 [1] cma user-308 dump_page PinFailure pfn=0x12f90 flags=locked|uptodate|dirty|lru|mappedtodisk|swapbacked ' +
      `mapping=File count=4 mapcount=1 mt=4 reason=contig_range label=migration failure < ${CONTIG_STACK}`,
    '130000 [1] cma user-308 dump_page PinFailure pfn=0x12f91 flags=uptodate|lru|swapbacked mapping=Anonymous ' +
      `count=2 mapcount=1 mt=4 reason=contig_range label=migration failure < ${CONTIG_STACK}`,
  ]);
  assert.equal(capture.allocations!.length, 1);
  assert.equal(
    allocationText(capture).replace(/^\d+ /, ''),
    '0x12f90 order=0 page) lab-250 tgid=249 time=36070855283 free=36054502405 ' +
      'gfp=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP) type=Movable block=CMA ' +
      'flags=locked|uptodate|dirty|lru|mappedtodisk|swapbacked migrated=contig_range\n' +
      '  get_page_from_freelist+0xf71/0x1250 < shmem_alloc_folio+0x75/0x1b0\n' +
      '  freed in free_unref_page_list+0x89/0x2c0',
  );

  const { pages } = analyseHolders(capture);
  assert.deepEqual(
    pages.map(({ pfn, marks: [mark] }) => [pfn, mark!.reason, mark!.count, mark!.expected, mark!.untraced]),
    [
      [0x12f90, 'contig_range', 4, 3, 1],
      [0x12f91, 'contig_range', 2, 2, 0],
    ],
  );
});

test('where nothing says which migration it was, a mark has the words of the dump', async () => {
  const bare = CONTIG.slice(CONTIG.findIndex((line) => line.startsWith('page:')));
  const { pages } = analyseHolders(await read(log(bare)));
  assert.deepEqual(
    pages.map(({ marks: [mark] }) => [mark!.reason, mark!.dumpedBecause, mark!.evidence[0]!.what]),
    [1, 2].map(() => [null, 'migration failure', 'dumped by the kernel because: migration failure']),
  );
});

test('a dump prints mappings, whatever the kernel and its tracepoints print', async () => {
  const newer = CONTIG.map((line) => line.replace('6.1.192', '6.12.10').replace(/^page:\w+/, 'page:'));
  const raw = FTRACE.map((line) => line.replace('mapcount=1', 'mapcount=-1').replace('0x12f90', '0x12a90'));
  for (const messages of [CONTIG, newer, [...newer, ...raw], CONTIG.slice(1)]) {
    const { pages } = analyseHolders(await read(log(messages)));
    assert.deepEqual(
      pages.map(({ pfn, marks: [mark] }) => [pfn, mark!.expected, mark!.untraced]),
      [
        [0x12f90, 3, 1],
        [0x12f91, 2, 0],
      ],
    );
    const notes = pages.flatMap(({ marks }) => marks.flatMap((mark) => mark.notes));
    assert.ok(!notes.some((note) => note.includes('mapcount')), notes.join('\n'));
  }
});

test('the kernel is the one that printed the first dump', async () => {
  const boot = (release: string) => `Linux version ${release} (gcc) #1 SMP`;
  const bare = CONTIG.slice(1);
  const releases: readonly (readonly [readonly string[], string | undefined])[] = [
    [bare, undefined],
    [CONTIG, '6.1.192'],
    [[boot('6.12.10-arm64'), ...bare], '6.12.10-arm64'],
    [[boot('5.15.1'), ...CONTIG.slice(0, 8), boot('6.12.10'), ...bare, boot('5.10.1'), ...CONTIG], '6.12.10'],
  ];
  for (const [messages, release] of releases) {
    assert.equal((await read(log(messages))).kernel?.release, release);
  }
});

test('pages that memory offlining could not move', async () => {
  const capture = await read(
    log([
      'migrating pfn 7f3c0 failed ret:-16',
      'page:00000000aaaa0a32 refcount:2 mapcount:0 mapping:00000000bbbb0a32 index:0x7f0 pfn:0x7f3c0',
      'flags: 0x4000000000080014(uptodate|lru|private|zone=1)',
      'page dumped because: migration failure',
      'migrating pfn 7f3c1 failed ret:1',
      'page:00000000aaaa0a32 count:2 mapcount:0 mapping:00000000bbbb0a32 index:0x7f0',
      'flags: 0x4000000000080014(uptodate|lru|private|zone=1)',
      'page dumped because: migration failure',
      'failed to isolate pfn 7f3c2',
      'page:00000000aaaa0a32 refcount:2 mapcount:0 mapping:00000000bbbb0a32 index:0x7f0 pfn:0x7f3c2',
      'page dumped because: isolation failed',
      'page:00000000aaaa0a32 refcount:1 mapcount:0 mapping:0000000000000000 index:0x7f0 pfn:0x7f3c3',
      'page dumped because: unmovable page',
    ]),
  );
  const tail = 'mapcount=0 reason=memory_hotplug';
  assert.deepEqual(
    rowTexts(capture).map((row) => row.replace(/^\d+ \[65535\] --1 dump_page /, '')),
    [
      'PinFailure pfn=0x7f3c0 flags=uptodate|lru|private mapping=Hashed count=2 mapcount=0 error=-16 reason=memory_hotplug label=migration failure < -',
      `PinFailure pfn=0x7f3c1 flags=uptodate|lru|private mapping=Hashed count=2 ${tail} label=migration failure < -`,
      `PinFailure pfn=0x7f3c2 flags=none mapping=Hashed count=2 ${tail} label=isolation failed < -`,
      `PinFailure pfn=0x7f3c3 flags=none mapping=Null count=1 ${tail} label=unmovable page < -`,
    ],
  );
  assert.deepEqual(
    analyseHolders(capture).pages.map(({ pfn }) => pfn),
    [0x7f3c0, 0x7f3c1, 0x7f3c2, 0x7f3c3],
  );
});

test('pages that are never moved are not judged by their count', async () => {
  const dump = (pfn: string, flags: string): string[] => [
    `page:00000000aaaa0a32 refcount:3 mapcount:0 mapping:0000000000000000 index:0x7f0 pfn:${pfn}`,
    `flags: ${flags}`,
    'page dumped because: unmovable page',
  ];
  const capture = await read(
    log([
      ...dump('0x7f3c0', '0x200(slab|zone=1)'),
      ...dump('0x7f3c1', '0x1000(reserved|zone=1)'),
      ...dump('0x7f3c2', '0x0(zone=1)'),
      ...dump('0x7f3c3', '0x10(lru|zone=1) CMA'),
      ...dump('0x7f3c4', '0x0(zone=1) CMA'),
      ...dump('0x7f3c5', '0x10(lru|zone=1)'),
    ]),
  );
  assert.deepEqual(capture.problems, []);
  const { attempts, pages } = analyseHolders(capture);
  assert.deepEqual(
    pages.map(({ pfn, marks: [mark] }) => [pfn, mark!.cause, mark!.causeDetail, mark!.count, mark!.held]),
    [
      [0x7f3c0, 'isolation', 'unmovable (slab)', 3, null],
      [0x7f3c1, 'isolation', 'unmovable (reserved)', 3, null],
      [0x7f3c2, 'isolation', 'unmovable', 3, null],
      [0x7f3c3, 'isolation', 'unmovable (CMA)', 3, null],
      [0x7f3c4, 'isolation', 'unmovable (CMA)', 3, null],
      [0x7f3c5, 'isolation', 'unmovable', 3, null],
    ],
  );
  for (const { marks } of pages) {
    assert.deepEqual([marks[0]!.expected, marks[0]!.untraced, marks[0]!.expectedTerms], [null, null, []]);
    assert.equal(marks[0]!.notes.length, 1);
    assert.equal(attempts[marks[0]!.attempt]!.what, 'memory offlining');
  }
  const notes = pages.map(({ marks }) => marks[0]!.notes[0]!);
  assert.match(notes[2]!, /memory of the kernel itself/);
  assert.match(notes[3]!, /^its pageblock is of CMA, .* it may be free$/);
  assert.equal(notes[4], notes[3]);
  assert.match(notes[5]!, /changed since, or its pageblock is of CMA/);
  assert.deepEqual(pages.map(holdersText), [
    'nobody: unmovable (slab)',
    'nobody: unmovable (reserved)',
    'nobody: unmovable',
    'nobody: unmovable (CMA)',
    'nobody: unmovable (CMA)',
    'nobody: unmovable',
  ]);
  assert.ok(!pages.some(mayBeHeld));
});

test('dumps of all versions take the call trace behind them', async (t) => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    [
      '4.9, arm',
      [
        'BUG: Bad page state in process tvh:mtimer  pfn:02e44',
        'page:ba409190 count:-117901064 mapcount:0 mapping:f8f8f8f8 index:0x1 compound_mapcount: 67372037',
        'flags: 0x78787878(uptodate|dirty|lru|private)',
        'page dumped because: page still charged to cgroup',
        'page->mem_cgroup:e3e3e3e3',
        'bad because of flags: 0x187878(uptodate|dirty|lru)',
        'Modules linked in: rc_core si2157',
        'CPU: 3 PID: 521 Comm: tvh:mtimer Tainted: G    B           4.9.45-v7+ #1031',
        'Hardware name: BCM2835',
        '[<8010fb3c>] (unwind_backtrace) from [<8010c058>] (show_stack+0x20/0x24)',
        '[<8010c058>] (show_stack) from [<80456104>] (dump_stack+0xd4/0x118)',
        'Disabling lock debugging due to kernel taint',
      ],
      '[3] tvh:mtimer-521 dump_page Other pfn=0x2e44 flags=uptodate|dirty|lru|private mapping=Hashed ' +
        'count=-117901064 mapcount=0 mapcount at least label=page still charged to cgroup < ' +
        'unwind_backtrace <8010fb3c> < show_stack+0x20/0x24 <8010c058> < dump_stack+0xd4/0x118 <80456104>',
    ],
    [
      '4.14, x86',
      [
        'BUG: Bad page state in process a  pfn:46c479',
        'page:ffffea000f7afa78 count:-2 mapcount:0 mapping:          (null) index:0x0',
        'flags: 0x2ffff8000000000()',
        'page dumped because: nonzero _count',
        'Call Trace:',
        ' <IRQ>  [<ffffffff816614ba>] dump_stack+0x45/0x56',
        ' [<ffffffff8110ba9b>] bad_page+0xab/0x100',
        ' [<ffffffff8115729e>] ? __slab_free+0x9e/0x320',
      ],
      '[65535] a--1 dump_page Other pfn=0x46c479 flags=none mapping=Null count=-2 mapcount=0 ' +
        'label=nonzero _count < dump_stack+0x45/0x56 <ffffffff816614ba> < bad_page+0xab/0x100 <ffffffff8110ba9b>',
    ],
    [
      '5.1',
      [
        'page:ffffea0000480000 count:3 mapcount:1 mapping:ffff888004c3b1e8 index:0x5',
        'ext4_da_aops [ext4] name:"a.out" flags: 0x4000(uptodate|lru)',
        'page dumped because: VM_BUG_ON_PAGE(PageTail(page))',
        'invalid opcode: 0000 [#1] SMP',
        'CPU: 0 UID: 0 PID: 9 Comm: x Kdump: loaded Not tainted 5.1.0 #1',
        'RIP: 0010:split_page+0x12/0x34',
        'Call Trace:',
        ' dump_page+0x1/0x2',
        ' asm_sysvec_apic_timer_interrupt+0x16/0x20',
        'RIP: 0010:native_safe_halt+0xb/0x10',
        'Code: 90 90',
        'RSP: 0018:ffffc90000067ec8 EFLAGS: 00000206',
        ' default_idle+0xa/0x10',
      ],
      '[0] x-9 dump_page Other flags=uptodate|lru mapping=File count=3 mapcount=1 ' +
        'label=VM_BUG_ON_PAGE(PageTail(page)) < dump_page+0x1/0x2 < asm_sysvec_apic_timer_interrupt+0x16/0x20 < ' +
        'native_safe_halt+0xb/0x10 < default_idle+0xa/0x10',
    ],
    [
      '5.8, a tail page, and powerpc',
      [
        'page:ffffea0000480000 refcount:3 mapcount:1 mapping:0000000000000000 index:0x5 head:ffffea0000480000 order:9 compound_mapcount:1 compound_pincount:0',
        'anon flags: 0x4000(head|owner_priv_1|swapbacked)',
        'Call Trace:',
        '[c0000000036c7a50] [c000000000b4ba10] dump_stack_lvl+0x74/0xa8 (unreliable)',
        '[c0000000036c7a90] [c0000000003f8a10] bad_page+0x1/0x2 [mod]',
      ],
      '[65535] --1 dump_page Other flags=owner_priv_1|head|swapbacked mapping=Anonymous count=3 mapcount=1 order=9 ' +
        'pins=0 mapcount at least < ' +
        'dump_stack_lvl+0x74/0xa8 <c000000000b4ba10> < bad_page+0x1/0x2 [mod] <c0000000003f8a10>',
    ],
    [
      '6.9 and later, without pointers',
      [
        'page: refcount:5 mapcount:1 mapping:0000000000000000 index:0x7f2 pfn:0x12f98',
        'head: order:9 mapcount:512 entire_mapcount:1 nr_pages_mapped:512 pincount:1',
        'flags: 0x17ffffc0040068(uptodate|lru|head|swapbacked|node=0|zone=2|lastcpupid=0x1fffff)',
        'head: 0017ffffc0040068 ffffea0000000001 dead000000000122 dead000000000400',
        'page dumped because: migration failure',
      ],
      '[65535] --1 dump_page PinFailure pfn=0x12f98 flags=uptodate|lru|head|swapbacked mapping=Null count=5 mapcount=512 ' +
        'order=9 pins=1 label=migration failure < -',
    ],
    [
      '6.8, arm64, with source lines',
      [
        'page:0000000092899e71 refcount:0 mapcount:0 mapping:0000000000000000 index:0x4 pfn:0x11bf4c',
        'head:0000000092899e00 order:2 entire_mapcount:0 nr_pages_mapped:0 pincount:0',
        'flags: 0x5ffc0000000800c(referenced|uptodate|private|node=0|zone=2|lastcpupid=0x7ff)',
        'page_type: 0xffffffff()',
        'raw: 05ffc0000000800c fffffdffc33fc608 ffff8000978274e0 0000000000000000',
        'head: 05ffc0000000800c fffffdffc33fc608 ffff8000978274e0 0000000000000000',
        'page dumped because: PAGE_FLAGS_CHECK_AT_FREE flag(s) set',
        'CPU: 1 PID: 6166 Comm: syz-executor326 Not tainted 6.8.0 #0',
        'Hardware name: Google Compute Engine, BIOS Google 01/25/2024',
        'Call trace:',
        ' dump_backtrace+0x1b8/0x1e4 arch/arm64/kernel/stacktrace.c:291',
        ' __dump_stack lib/dump_stack.c:88 [inline]',
        ' bad_page (mm/page_alloc.c:550 (discriminator 4))',
      ],
      '[1] syz-executor326-6166 dump_page Other pfn=0x11bf4c flags=referenced|uptodate|private mapping=Null count=0 mapcount=0 ' +
        'order=2 pins=0 label=PAGE_FLAGS_CHECK_AT_FREE flag(s) set < dump_backtrace+0x1b8/0x1e4 < __dump_stack < bad_page',
    ],
    [
      '6.12',
      [
        'page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x102f90',
        'flags: 0x4000000000000000(zone=1)',
        'page dumped because: VM_WARN_ON_FOLIO(1)',
        'Call Trace:',
        ' <TASK>',
        ' folio_put+0x1/0x2',
        ' unwind_backtrace from show_stack+0x10/0x14',
        ' </TASK>',
      ],
      '[65535] --1 dump_page Other pfn=0x102f90 flags=none mapping=Null count=1 mapcount=0 ' +
        'label=VM_WARN_ON_FOLIO(1) < folio_put+0x1/0x2 < show_stack+0x10/0x14',
    ],
    [
      'poisoned',
      ['page:00000000aaaa0a32 is uninitialized and poisoned', 'page dumped because: VM_BUG_ON_PAGE(1)'],
      '[65535] --1 dump_page Other label=VM_BUG_ON_PAGE(1) < -',
    ],
  ];
  for (const [name, messages, expected] of cases) {
    await t.test(name, async () => {
      const capture = await read(log(messages));
      assert.deepEqual(capture.problems, []);
      assert.deepEqual(
        rowTexts(capture).map((row) => row.replace(/^0 /, '')),
        [expected],
      );
      // Without times too, as it stands in a mail.
      const bare = await read(`${messages.join('\n')}\n`);
      assert.deepEqual(
        rowTexts(bare).map((row) => row.replace(/^NaN /, '')),
        [expected],
      );
    });
  }
});

function termsText({ marks: [mark] }: Page): string {
  return mark!.expectedTerms.map(termText).join(' + ');
}

test('of a large folio the mappings of all its pages count, as far as its dump has them', async (t) => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      '6.12, mapped page by page, and pinned',
      'page: refcount:514 mapcount:1',
      'head: order:9 mapcount:512 entire_mapcount:0 nr_pages_mapped:512 pincount:1',
      '1 untraced: 1 isolation + 512 page table mappings',
    ],
    [
      '6.12, mapped as a whole by two',
      'page: refcount:3 mapcount:0',
      'head: order:9 mapcount:2 entire_mapcount:2 nr_pages_mapped:0 pincount:0',
      'no reference too many: 1 isolation + 2 page table mappings',
    ],
    [
      '6.6, mapped as a whole',
      'page:00000000aaaa0a32 refcount:4 mapcount:1',
      'head:00000000aaaa0a32 order:9 entire_mapcount:1 nr_pages_mapped:0 pincount:0',
      '2 untraced: 1 isolation + 1 page table mapping',
    ],
    [
      '6.6, all pages mapped by one, and some perhaps by others',
      'page:00000000aaaa0a32 refcount:515 mapcount:2',
      'head:00000000aaaa0a32 order:9 entire_mapcount:1 nr_pages_mapped:512 pincount:0',
      'not judged: ',
    ],
    [
      '6.6, pinned, and pages mapped twice',
      'page:00000000aaaa0a32 refcount:20 mapcount:2',
      'head:00000000aaaa0a32 order:3 entire_mapcount:0 nr_pages_mapped:8 pincount:2',
      '2 untraced: 1 isolation + 9 page table mappings + 8 of its other pages or untraced',
    ],
    [
      '6.2',
      'page:00000000aaaa0a32 refcount:10 mapcount:1',
      'head:00000000aaaa0a32 order:3 compound_mapcount:0 subpages_mapcount:8 compound_pincount:0',
      'not judged: ',
    ],
    [
      '6.1, mapped as a whole, as far as it says',
      'page:00000000aaaa0a32 refcount:2 mapcount:1',
      'head:00000000aaaa0a32 order:9 compound_mapcount:1 compound_pincount:0',
      'no reference too many: 1 isolation + 1 page table mapping',
    ],
    [
      '6.1, perhaps mapped page by page',
      'page:00000000aaaa0a32 refcount:513 mapcount:1',
      'head:00000000aaaa0a32 order:9 compound_mapcount:0 compound_pincount:0',
      'not judged: ',
    ],
    [
      '5.10, pinned',
      'page:00000000aaaa0a32 refcount:514 mapcount:1',
      'head:00000000aaaa0a32 order:9 compound_mapcount:0 compound_pincount:1',
      '1 untraced: 1 isolation + 1 page table mapping + 511 of its other pages or untraced',
    ],
  ];
  for (const [name, page, head, expected] of cases) {
    await t.test(name, async () => {
      const capture = await read(
        log([
          `${page} mapping:0000000000000000 index:0x7f00 pfn:0x12e00`,
          head,
          'anon flags: 0x2ffff0000090028(uptodate|lru|head|swapbacked)',
          'page dumped because: migration failure',
        ]),
      );
      assert.deepEqual(capture.problems, []);
      const found = analyseHolders(capture).pages[0]!;
      assert.equal(`order:${found.order}`, /order:\d+/.exec(head)![0]);
      assert.equal(`${holdersText(found)}: ${termsText(found)}`, expected);
    });
  }
});

test('pins that a dump counts, and what it does not have, are said at the mark', async () => {
  const notes = async (refcount: number, head: string): Promise<readonly string[]> => {
    const capture = await read(
      log([
        `page:00000000aaaa0a32 refcount:${refcount} mapcount:1 mapping:0000000000000000 index:0x7f00 pfn:0x12e00`,
        `head:00000000aaaa0a32 order:3 ${head}`,
        'anon flags: 0x2ffff0000090028(uptodate|lru|head|swapbacked)',
        'page dumped because: migration failure',
      ]),
    );
    return analyseHolders(capture).pages[0]!.marks[0]!.notes;
  };
  const alone = /^a page dump has the count alone/;
  const [pinned, ...rest] = await notes(11, 'mapcount:8 entire_mapcount:0 nr_pages_mapped:8 pincount:2');
  assert.equal(pinned, 'pincount 2: 2 of its references are pins (FOLL_PIN)');
  assert.match(rest.join('|'), alone);
  const [mapped, none, ...more] = await notes(9, 'compound_mapcount:0 compound_pincount:0');
  assert.match(mapped!, /^7 references may be page table mappings of the folio’s other pages, or too many/);
  assert.deepEqual([none, ...more], ['pincount 0: none of its references is a pin (FOLL_PIN)']);
  const expected = await notes(9, 'mapcount:8 entire_mapcount:0 nr_pages_mapped:8 pincount:0');
  assert.ok(!expected.join('|').includes('pincount'));
});

test('the page cache has a reference to each page of a folio, and one to a huge page of hugetlb', async () => {
  const sum = async (refcount: number, aops: string): Promise<string> => {
    const capture = await read(
      log([
        `page: refcount:${refcount} mapcount:0 mapping:0000000092899e71 index:0x0 pfn:0x12e00`,
        'head: order:9 mapcount:0 entire_mapcount:0 nr_pages_mapped:0 pincount:0',
        `aops:${aops} ino:2 dentry name(?):"x"`,
        'flags: 0x40000000000a001d(locked|uptodate|dirty|lru|head)',
        'page dumped because: migration failure',
      ]),
    );
    const page = analyseHolders(capture).pages[0]!;
    return `${holdersText(page)}: ${termsText(page)}`;
  };
  assert.equal(await sum(514, 'shmem_aops'), '1 untraced: 1 isolation + 512 page cache');
  assert.equal(await sum(3, 'hugetlbfs_aops'), '1 untraced: 1 isolation + 1 page cache');
});

test('what page_owner adds, in all versions', async (t) => {
  const page = 'page:00000000aaaa0a32 refcount:1 mapcount:0 mapping:0000000000000000 index:0x7f0 pfn:0x12f95';
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    [
      '4.6 to 5.3',
      ['page allocated via order 1, migratetype Unmovable, gfp_mask 0x1(A)', ' a+0x1/0x2'],
      '0x12f94 order=1 --1 gfp=0x1(A) type=Unmovable flags=none\n  a+0x1/0x2',
    ],
    [
      '5.4, freed',
      [
        'page_owner tracks the page as freed',
        'page last allocated via order 0, migratetype CMA, gfp_mask 0x1(A)',
        ' a+0x1/0x2',
        'page last free stack trace:',
        ' b+0x1/0x2',
      ],
      '0x12f95 order=0 --1 gfp=0x1(A) type=CMA flags=none freed\n  a+0x1/0x2\n  freed in b+0x1/0x2',
    ],
    [
      '6.8',
      [
        'page last allocated via order 3, migratetype Movable, gfp_mask 0x1(A), pid 3, tgid 2 (x), ts 12, free_ts 5',
        ' a+0x1/0x2 [m]',
        'page last free pid 7 tgid 6 stack trace:',
        ' b+0x1/0x2',
      ],
      '0x12f90 order=3 x-3 tgid=2 time=12 free=5 gfp=0x1(A) type=Movable flags=none\n  a+0x1/0x2 [m]\n  freed in b+0x1/0x2',
    ],
    [
      '7.0',
      [
        'page last allocated via order 0, migratetype Movable, gfp_mask 0x1(A), pid 3, tgid 2 (x), ts 12',
        'page_owner allocation stack trace missing',
        'page last free pid 7 tgid 6 ts 9 stack trace:',
        ' b+0x1/0x2',
      ],
      '0x12f95 order=0 x-3 tgid=2 time=12 free=9 gfp=0x1(A) type=Movable flags=none\n  -\n  freed in b+0x1/0x2',
    ],
  ];
  for (const [name, messages, expected] of cases) {
    await t.test(name, async () => {
      const capture = await read(log([page, ...messages]));
      assert.deepEqual(capture.problems, []);
      assert.equal(allocationText(capture).replace(/^\d+ /, ''), expected);
    });
  }
});

test('any prefix of a log', async (t) => {
  const stamp = (i: number): string => `211.${String(i * 10).padStart(6, '0')}`;
  const micros = (i: number): number => 211_000_000 + i * 10;
  const prefixes: readonly (readonly [string, (i: number) => string, boolean])[] = [
    ['dmesg', (i) => `[  ${stamp(i)}] `, true],
    ['dmesg --raw', (i) => `<4>[  ${stamp(i)}] `, true],
    ['dmesg -x', (i) => `kern  :warn  : [  ${stamp(i)}] `, true],
    ['CONFIG_PRINTK_CALLER', (i) => `[  ${stamp(i)}][  T308] `, true],
    ['CPU as the caller', (i) => `[  ${stamp(i)}][    C1] `, true],
    ['/dev/kmsg', (i) => `4,${339 + i},${micros(i)},-;`, true],
    ['netconsole', (i) => `4,${339 + i},${micros(i)},-,caller=T308;`, true],
    ['syslog with a time', (i) => `Nov 23 05:46:12 host kernel: [  ${stamp(i)}] `, true],
    ['journalctl', () => 'Nov 23 05:46:12 localhost.localdomain kernel: ', false],
    ['journalctl -o short-full', () => 'Mon 2026-11-23 05:46:12 UTC host kernel: ', false],
    ['journalctl -o short-unix', () => '1795412772.123456 host kernel: ', false],
    ['journalctl -o short-iso', () => '2026-11-23T05:46:12+0000 host kernel: ', false],
    ['journalctl -o short-monotonic', (i) => `[  ${stamp(i)}] host kernel: `, true],
    ['dmesg -T', () => '[Mon Nov 23 05:46:12 2026] ', false],
    ['dmesg -d', (i) => `[  ${stamp(i)} <    0.000010>] `, true],
    ['dmesg -d -x', (i) => `kern  :warn  : [  ${stamp(i)} <   -1.000010>] `, true],
    ['dmesg -d, with the caller', (i) => `[  ${stamp(i)} <    0.000010>] [  T308] `, true],
    ['dmesg -d -T', () => '[Mon Nov 23 05:46:12 2026 <    0.000010>] ', false],
    ['dmesg -d -t', () => '[<    0.000010>] ', false],
    ['dmesg -e, in one minute', () => '[  +0.000010] ', false],
    ['logcat', () => '11-23 05:46:12.345     0     0 W         : ', false],
    ['logcat -v uid -v year', () => '2026-11-23 05:46:12.345  root     0     0 W         : ', false],
    [
      'logcat -v usec, with the caller',
      () => '11-23 05:46:12.345678     0     0 W         : [  T308] ',
      false,
    ],
    ['dmesg -e', () => '[Nov23 05:46] ', false],
    ['dmesg --time-format iso', () => '2026-11-23T05:46:12,345678+00:00 ', false],
    ['none', () => '', false],
  ];
  const plain = await read(log(CONTIG));
  const withoutTime = (text: string): string => text.replace(/^(\d+|NaN) /, '');
  const expected = rowTexts(plain).map(withoutTime);
  for (const [name, prefix, isTimed] of prefixes) {
    await t.test(name, async () => {
      const capture = await read(CONTIG.map((message, i) => `${prefix(i)}${message}\n`).join(''));
      assert.equal(capture.format, 'dmesg');
      assert.deepEqual(capture.problems, []);
      assert.deepEqual(rowTexts(capture).map(withoutTime), expected);
      assert.equal(allocationLine(capture, 0), allocationLine(plain, 0));
      assert.equal(capture.timeBase, isTimed ? 211_000_090_000n : 0n);
      assert.equal(Number.isNaN(capture.events.time[1]!), !isTimed);
    });
  }
  await t.test('frames whose blank is cut off, and line ends of DOS', async () => {
    const capture = await read(
      CONTIG.map((message) => `Nov 23 05:46:12 h kernel: ${message.trim()}\r\n`).join(''),
    );
    assert.deepEqual(rowTexts(capture).map(withoutTime), expected);
  });
});

test('what logcat made a tag of', async () => {
  const tagged = CONTIG.map((message) => {
    // LogKlog.cpp of logd: what stands before a colon, without a blank in it; logcat pads it.
    const [, tag = '', text = message] = /^([^\s:]+): ?(.*)$/.exec(message) ?? [];
    return `11-23 05:46:12.345     0     0 W ${tag.padEnd(8)}: ${text}\n`;
  });
  const others = '11-23 05:46:12.345   544   544 I auditd  : page:0 refcount:1\n';
  const capture = await read([others, ...tagged].join(''));
  assert.deepEqual(capture.problems, []);
  const withoutTime = (row: string): string => row.replace(/^(\d+|NaN) /, '');
  assert.deepEqual(rowTexts(capture).map(withoutTime), rowTexts(await read(log(CONTIG))).map(withoutTime));
});

test('the caller of a message says who, where no line names the task', async () => {
  const page = 'page:00000000aaaa0a32 refcount:1 mapcount:0 mapping:0000000000000000 index:0x7f0 pfn:0x1';
  const capture = await read(
    `[    1.000000][ T4711] ${page}\n[    1.000001][    C3] ${page}\n[    1.000002] ${page}\n`,
  );
  assert.deepEqual(
    rowTexts(capture).map((row) => row.split(' ').slice(1, 3).join(' ')),
    ['[65535] <...>-4711', '[3] --1', '[65535] --1'],
  );
});

test('messages of several callers may be mixed', async () => {
  const first = CONTIG.map((message) => `[  211.000000][  T308] ${message}\n`);
  const second = [
    'page:0000000092899e71 refcount:0 mapcount:0 mapping:0000000000000000 index:0x4 pfn:0x11bf4c',
    'flags: 0x1(locked)',
    'page dumped because: nonzero mapcount',
    'Call Trace:',
    ' bad_page+0x1/0x2',
    ' free_pages+0x1/0x2',
    'Disabling lock debugging due to kernel taint',
  ].map((message) => `[  211.000000][  T999] ${message}\n`);
  const random = seededRandom(5);
  for (let round = 0; round < 20; round++) {
    const a = [...first];
    const b = [...second];
    let mixed = '';
    while (a.length + b.length > 0)
      mixed += (b.length === 0 || (a.length > 0 && random() < 0.7) ? a : b).shift()!;
    const rows = rowTexts(await read(mixed)).map((row) => row.slice(row.indexOf('dump_page')));
    assert.deepEqual(
      rows.sort(),
      [
        'dump_page Other pfn=0x11bf4c flags=locked mapping=Null count=0 mapcount=0 label=nonzero mapcount < ' +
          'bad_page+0x1/0x2 < free_pages+0x1/0x2',
        ...rowTexts(await read(log(CONTIG))).map((row) => row.slice(row.indexOf('dump_page'))),
      ].sort(),
    );
  }
});

const PAGE_A = 'page:00000000aaaa0a32 refcount:3 mapcount:0 mapping:0000000000000000 index:0x1 pfn:0x1';
const PAGE_B = 'page:00000000bbbb0a32 refcount:2 mapcount:0 mapping:0000000000000000 index:0x2 pfn:0x2';

test('dumps mixed line by line, where no line says whose it is', async (t) => {
  const [flagsA, flagsB] = ['flags: 0x10(lru|zone=1)', 'flags: 0x4(uptodate|zone=1)'];
  const failed = 'page dumped because: migration failure';
  const bug = 'page dumped because: VM_BUG_ON_PAGE(1)';
  const A = 'pfn=0x1 flags=lru mapping=Null count=3 mapcount=0';
  const B = 'pfn=0x2 flags=uptodate mapping=Null count=2 mapcount=0';
  const label = 'label=migration failure < -';
  const bare = (row: string): string => row.replace(/flags=\w+/, 'flags=none');
  const allocated = ['page last allocated via order 0, migratetype Movable, gfp_mask 0x1(A)', ' a+0x1/0x2'];
  const cases: readonly (readonly [string, readonly string[], readonly string[], readonly RegExp[]])[] = [
    [
      'the order of lines tells',
      [PAGE_A, flagsA, PAGE_B, failed, flagsB, failed],
      [`PinFailure ${A} ${label}`, `PinFailure ${B} ${label}`],
      [],
    ],
    [
      'equal words need not be told apart',
      [PAGE_A, PAGE_B, flagsA, flagsA, failed, failed],
      [`PinFailure ${A} ${label}`, `PinFailure ${B.replace('uptodate', 'lru')} ${label}`],
      [],
    ],
    [
      'other flags, equal reasons',
      [PAGE_A, PAGE_B, flagsB, flagsA, failed, failed],
      [`PinFailure ${bare(A)} ${label}`, `PinFailure ${bare(B)} ${label}`],
      [/^2 page dumps mixed line by line, and nothing says whose flags/],
    ],
    [
      'other reasons',
      [PAGE_A, flagsA, PAGE_B, flagsB, failed, bug],
      [`Other ${A} < -`, `Other ${B} < -`],
      [/^2 page dumps mixed line by line, and nothing says whose reason/],
    ],
    [
      'a reason that is missing',
      [PAGE_A, flagsA, PAGE_B, flagsB, failed],
      [`Other ${A} < -`, `Other ${B} < -`],
      [/^2 page dumps mixed/],
    ],
    [
      'what page_owner says of one of them',
      [PAGE_A, flagsA, PAGE_B, failed, ...allocated, flagsB, failed],
      [`PinFailure ${A} ${label}`, `PinFailure ${B} ${label}`],
      [/^a line of one of several page dumps mixed line by line/],
    ],
    [
      'far behind another one',
      [PAGE_A, flagsA, ...Array.from({ length: 70 }, (_, i) => `line ${i}`), PAGE_B, flagsB, failed],
      [`Other ${A} < -`, `PinFailure ${B} ${label}`],
      [],
    ],
  ];
  for (const [name, messages, rows, problems] of cases) {
    await t.test(name, async () => {
      const capture = await read(log(messages));
      assert.deepEqual(
        rowTexts(capture).map((row) => row.slice(row.indexOf('dump_page') + 'dump_page '.length)),
        rows,
      );
      assert.equal(capture.allocations?.length ?? 0, 0);
      assert.equal(capture.problemCount, problems.length);
      for (const [i, expected] of problems.entries()) assert.match(capture.problems[i]!.message, expected);
    });
  }
});

test('a stack of page_owner that another dump cuts in two is left out', async () => {
  const owner = ['page last allocated via order 0, migratetype Movable, gfp_mask 0x1(A)', ' a+0x1/0x2'];
  const failed = ['flags: 0x10(lru|zone=1)', 'page dumped because: migration failure'];
  const capture = await read(log([PAGE_A, ...failed, ...owner, PAGE_B, ' b+0x1/0x2', ...failed, ...owner]));
  assert.deepEqual(
    Array.from(capture.allocations!.stack.subarray(0, 2), (stack) => stack === NONE),
    [true, false],
  );
  assert.equal(capture.problemCount, 1);
  assert.match(capture.problems[0]!.message, /^a stack cut in two by page dumps mixed/);
});

test('a stack that belongs to another message is not taken', async (t) => {
  const failure = [
    'page:00000000aaaa0a32 refcount:1 mapcount:0 mapping:0000000000000000 index:0x7f0 pfn:0x1',
    'page dumped because: migration failure',
  ];
  const bug = [failure[0]!, 'page dumped because: VM_BUG_ON_PAGE(1)'];
  const trace = ['CPU: 1 PID: 5 Comm: other Not tainted 6.1 #1', 'Call Trace:', ' other+0x1/0x2'];
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['behind a failure', [...failure, ...trace]],
    ['before a failure, with another message between', [...trace, 'usb 1-1: new device', ...failure]],
    ['before another dump', [...trace, ...bug]],
    ['far behind another dump', [...bug, ...Array.from({ length: 70 }, (_, i) => `line ${i}`), ...trace]],
  ];
  for (const [name, messages] of cases) {
    await t.test(name, async () => {
      const [row] = rowTexts(await read(log(messages)));
      assert.ok(row!.endsWith(' < -'), row);
      assert.match(row!, /\[65535\] --1 /);
    });
  }
});

test('an ftrace buffer in a log', async () => {
  const text = log([
    'Booting',
    'Kernel panic - not syncing: x',
    ...FTRACE,
    'Rebooting',
    ...CONTIG.slice(9, 12),
  ]);
  for (const chunkSize of [5, 1 << 20]) {
    const capture = await read(text, chunkSize);
    assert.equal(capture.format, 'dmesg');
    assert.deepEqual(capture.problems, []);
    assert.equal(capture.lost, 12);
    assert.deepEqual(
      rowTexts(capture).map((row) => row.replace(/ flags=.* count/, ' … count')),
      [
        '0 [0] sh-84 page_ref_mod PageRefMod pfn=0x12f90 … count=3 mapcount=1 val=1 mt=4 < __page_ref_mod < try_grab_folio',
        '21000 [0] sh-84 page_ref_mod PageRefMod pfn=0x12f90 … count=2 mapcount=1 val=-1 mt=4 < -',
        'NaN [65535] --1 dump_page Other pfn=0x12f90 … count=4 mapcount=1 < -',
      ],
    );
    for (let row = 0; row < 3; row++) {
      const line = text.slice(capture.events.offset(row)).split('\n')[0]!;
      assert.ok(line.startsWith('[  211.') && line.includes('pfn'), line);
    }
    assert.ok(capture.facts.some(([name, value]) => name === 'times' && value.includes('its own clock')));
  }
});

test('places in an ftrace buffer are those of the log', async () => {
  const broken = FTRACE.with(6, 'what is this');
  const text = log([
    'Booting',
    ...broken,
    'between',
    ...broken,
    'Dumping ftrace buffer:',
    '   (ftrace buffer empty)',
  ]);
  const capture = await read(text);
  assert.equal(capture.events.length, 4);
  assert.deepEqual(
    capture.problems.map(({ line, offset, message }) => [
      line,
      text.slice(offset, offset + 27),
      message.slice(0, 42),
    ]),
    [8, 18].map((line) => [
      line,
      `[  211.${String((line - 1) * 10).padStart(6, '0')}] what is this`,
      'not a line of ftrace text: "what is this";',
    ]),
  );
});

test('lines of ftrace in a log without their heading', async (t) => {
  const events = FTRACE.slice(2, -1);
  const head = ['# tracer: nop', '#', '# entries-in-buffer/entries-written: 2/2   #P:2', '#   TASK-PID', '#'];
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['written to /dev/kmsg', [...head, ...events]],
    ['the beginning is lost', ['d'.repeat(9), ...events, '---------------------------------']],
    ['messages in between', [...events.slice(0, 1), 'usb 1-1: new device', ...events.slice(1)]],
    ['from a stack on', [...events.slice(1, 4), ...events]],
  ];
  const expected = [
    'page_ref_mod PageRefMod pfn=0x12f90 … count=3 mapcount=1 val=1 mt=4 < __page_ref_mod < try_grab_folio',
    'page_ref_mod PageRefMod pfn=0x12f90 … count=2 mapcount=1 val=-1 mt=4 < -',
  ];
  for (const [name, messages] of cases) {
    await t.test(name, async () => {
      const all = ['Booting', ...messages, 'Rebooting'];
      for (const text of [
        log(all),
        all.map((message) => `Nov 23 05:46:12 host kernel: ${message}\n`).join(''),
        all.map((message) => `[Mon Nov 23 05:46:12 2026] ${message}\r\n`).join(''),
        all.map((message) => `2026-11-23T05:46:12,345678+00:00 ${message}\n`).join(''),
      ]) {
        for (const chunkSize of [7, 1 << 20]) {
          const capture = await read(text, chunkSize);
          assert.deepEqual([capture.format, capture.problems, capture.lost], ['dmesg', [], 12]);
          assert.deepEqual(
            rowTexts(capture).map((row) =>
              row.replace(/ flags=.* count/, ' … count').replace(/^.*sh-84 /, ''),
            ),
            expected,
          );
          assert.equal(
            capture.facts.some(([fact]) => fact === 'tracer'),
            name === 'written to /dev/kmsg',
          );
        }
      }
    });
  }
  await t.test('a message that resembles one', async () => {
    const resembling = [
      'worker-12 [003] 17.123456: sched_switch: prev',
      'worker-12 [003] 17.123456: cannot allocate: 3',
      ' => page_ref_mod',
      'CPU:0 [LOST 12 EVENTS]',
      '# not a tracer',
    ];
    const capture = await read(log(resembling));
    assert.deepEqual([capture.events.length, capture.problemCount, capture.lost], [0, 1, 0]);
    // Without a prefix nothing says that they are lines of the log.
    const bare = await read(`${[...CONTIG.slice(9, 15), ...events].join('\n')}\n`);
    assert.equal(bare.events.length, 1);
  });
  await t.test('a trace that is no part of the log', async () => {
    for (const behind of [events, [...head, ...events]]) {
      for (const text of [`${log(CONTIG)}${behind.join('\n')}\n`, `${behind.join('\n')}\n${log(CONTIG)}`]) {
        const capture = await read(text);
        assert.equal(capture.format, 'dmesg');
        assert.equal(capture.events.length, 2);
        assert.deepEqual(
          capture.problems.map(({ line, message }) => [line, message.slice(0, 46)]),
          [[text.startsWith('[') ? CONTIG.length + 1 : 1, 'lines of a trace without the prefix of the log']],
        );
      }
    }
  });
});

test('a log without a page dump says what is missing', async () => {
  const capture = await read(log(Array.from({ length: 5000 }, (_, i) => `usb 1-${i}: new device`)));
  assert.equal(capture.format, 'dmesg');
  assert.equal(capture.events.length, 0);
  assert.equal(capture.problemCount, 1);
  assert.match(capture.problems[0]!.message, /no page is dumped, expected the output of dump_page\(\)/);
});

test('what cannot be read is counted with its place', async () => {
  const text = log([
    'page:00000000aaaa0a32 refcount:x mapcount:0 mapping:0 pfn:0x1',
    'page last allocated via order 99, migratetype Movable',
    ' a+0x1/0x2',
    `y${'y'.repeat(70_000)}`,
  ]);
  for (const chunkSize of [1000, 1 << 20]) {
    const capture = await read(text, chunkSize);
    assert.equal(capture.events.length, 1);
    assert.equal(capture.allocations!.length, 0);
    assert.deepEqual(
      capture.problems.map(({ line, message }) => [line, message.slice(0, 20)]),
      [
        [1, 'a page dump without '],
        [2, 'no order up to 30 af'],
        [4, 'a line of 70016 byte'],
      ],
    );
  }
});

test('any chunk size reads the same', async () => {
  for (const text of LOGS) {
    const whole = await read(text);
    for (const chunkSize of [1, 3, 17, 100]) {
      const capture = await read(text, chunkSize);
      assert.equal(captureText(capture), captureText(whole));
      assert.equal(allocationText(capture), allocationText(whole));
    }
  }
});
