/** What the fields of events say when the mouse rests on them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fieldAt, fieldMeaning, pfnAt, type KernelWords } from '../../../src/views/fieldMeanings';
import { configOptions, enumValues, LINUX_6_1 } from '../../../src/views/kernelEnums';

const WORDS: KernelWords = { ...LINUX_6_1, source: 'as of Linux 6.1' };
const EVENT =
  'sh-84 [000] ...2. 17.46: page_ref_mod_and_test: pfn=0x12f98 flags=uptodate|lru|swapbacked count=2 mapcount=1 mapping=0 mt=4 val=-1024 ret=0';

/** What is said where `at` stands in the line. */
function said(text: string, at: string, words = WORDS): string | null {
  const column = text.indexOf(at);
  assert.ok(column >= 0, at);
  const field = fieldAt(text, column + 1);
  const meaning = field && fieldMeaning(text, field, words);
  return meaning && [meaning.title, ...meaning.lines].join('\n');
}

test('a field is found by its name and by its value; of flags the one that is meant', () => {
  assert.deepEqual(fieldAt('a: pfn=0x1 flags=b|cd|e', 19), {
    key: 'flags',
    value: 'b|cd|e',
    part: 'cd',
    start: 19,
    end: 21,
  });
  assert.equal(fieldAt('a: pfn=0x1 flags=b|cd|e', 12)?.part, 'b|cd|e');
  assert.equal(fieldAt('a: pfn=0x1 flags=b|cd|e', 1), null);
});

test('a field begins with a word, so that a long word without one is gone over once', () => {
  assert.equal(fieldAt('0xpfn=1', 3), null);
  assert.equal(fieldAt(`${'a'.repeat(1 << 22)} pfn=1`, 1), null);
});

test('PFNs are found in every form', () => {
  const forms: readonly (readonly [string, string, number | null])[] = [
    [EVENT, '0x12f98', 0x12f98],
    ['x: mm_page_alloc: page=0 pfn=77720 order=0', '77720', 77720],
    // Linux 5.10 prints %lx there, which looks like the decimal form when no digit is a letter.
    ['x: cma_release: name=a pfn=12800 page=0', '12800', 0x12800],
    ['x: cma_alloc: pfn=12c00 page=0 count=8 align=0', '12c00', 0x12c00],
    ['x: cma_alloc_finish: name=a pfn=0x12c00 page=0', '0x12c00', 0x12c00],
    ['x: test_pages_isolated: start_pfn=0x1 end_pfn=0x2 fin_pfn=0x3 ret=fail', '0x3', 3],
    ['x: memory_failure_event: pfn 0x12fe8: recovery action', '0x12fe8', 0x12fe8],
    ['PFN 6668 type Movable Block 13', '6668', 6668],
    ['x: page_ref_mod: pfn=junk', 'junk', null],
    [EVENT, 'count=2', null],
  ];
  for (const [text, at, pfn] of forms) {
    assert.equal(pfnAt(text, text.indexOf(at) + 1)?.pfn ?? null, pfn, text);
  }
});

test('page flags by name, all or one, and by number', () => {
  assert.match(said(EVENT, 'flags=') ?? '', /^Page flags\nPG_uptodate.*\nPG_lru.*\nPG_swapbacked/);
  assert.match(said(EVENT, 'lru') ?? '', /^Page flag lru\nPG_lru: on an LRU list/);
  const poisoned = EVENT.replace('uptodate', 'error|mappedtodisk');
  assert.match(said(poisoned, 'error') ?? '', /an I\/O on it failed, or memory_failure\(\) found it dirty$/);
  // The two have one bit, and MADV_FREE takes swapbacked from an anonymous page.
  assert.match(
    said(poisoned, 'mappedtodisk') ?? '',
    /blocks on disk are known; of an anonymous page, .*PG_anon_exclusive/,
  );
  const hex = EVENT.replace('uptodate|lru|swapbacked', '0x80014');
  assert.match(
    said(hex, '0x80014') ?? '',
    /^Page flags\nPG_uptodate.*\nPG_lru.*\nPG_swapbacked.*\nNumbers of the flags as of Linux 6.1\.$/,
  );
  const raw = EVENT.replace('uptodate|lru|swapbacked', 'locked|0x4000000000080000');
  assert.match(said(raw, 'flags=') ?? '', /^Page flags\nPG_locked.*\nPG_swapbacked.*\nNumbers/);
  assert.equal(said(EVENT.replace('uptodate|lru|swapbacked', 'none'), 'none'), null);
  assert.equal(said('x: kmem_cache: flags=0x1', '0x1'), null, 'other flags are no page flags');
});

test('migratetypes, allocation flags, reasons, modes and errors', () => {
  assert.match(said(EVENT, 'mt=4') ?? '', /CMA: of a contiguous memory area/);
  const alloc =
    'x: mm_page_alloc: page=0 pfn=0x1 order=0 migratetype=1 gfp_flags=GFP_KERNEL|__GFP_ZERO|__GFP_NEW';
  assert.match(said(alloc, 'migratetype') ?? '', /Movable/);
  assert.match(said(alloc, 'gfp_flags') ?? '', /GFP_KERNEL: .*\n__GFP_ZERO: filled with zeros$/);
  assert.match(said(alloc, '__GFP_ZERO') ?? '', /^Allocation flags\n__GFP_ZERO/);
  assert.equal(said(alloc, '__GFP_NEW'), null);
  // Each allocation of a folio has it, also of one page.
  const folio = alloc.replace('__GFP_NEW', '__GFP_COMP');
  assert.match(said(folio, '__GFP_COMP') ?? '', /a compound page where the order is above 0/);
  const report = 'x: report_page_pinners: pfn=0x1 flags=lru count=3 mt=5 reason=contig_range err=-11';
  assert.match(said(report, 'contig_range') ?? '', /a contiguous allocation: CMA/);
  assert.match(said(report, 'err=') ?? '', /^Error -11: -EAGAIN\nmore references/);
  assert.match(
    said('x: mm_migrate_pages_start: mode=2 reason=6', 'reason') ?? '',
    /contig_range: a contiguous/,
  );
  assert.match(said('x: y: reason=ffffffff81e0984b err=-1', 'reason') ?? '', /An address of the kernel/);
  assert.match(
    said('x: mm_migrate_pages: mode=MIGRATE_SYNC reason=cma', 'mode') ?? '',
    /waits for writeback/,
  );
  assert.equal(said('x: y: err=-999', 'err'), null);
});

test('numbers of page_ref events by what the event does', () => {
  assert.match(said(EVENT, 'val=') ?? '', /Added to the refcount\.\nGUP_PIN_COUNTING_BIAS/);
  assert.match(said(EVENT, 'ret=0') ?? '', /Others remain/);
  const freeze = 'x: page_ref_freeze: pfn=0x1 flags=lru count=3 val=2 ret=0';
  assert.match(said(freeze, 'val=') ?? '', /that the caller expected/);
  assert.match(said(freeze, 'ret=') ?? '', /count less val/);
  // Its announced successor has the same fields.
  assert.match(said(freeze.replace('page_ref', 'folio_ref'), 'val=') ?? '', /that the caller expected/);
  const set = 'x: page_ref_set: pfn=0x1 flags=lru count=1 mapcount=0 val=1';
  assert.match(said(set, 'val=') ?? '', /is set to it: the reference that a page is allocated with\.$/);
  assert.match(said(set.replace('val=1', 'val=0'), 'val=') ?? '', /is set to it\.$/);
  assert.match(
    said(set.replace('val=1', 'val=888'), 'val=') ?? '',
    /^Operand 888\nA mark of somebody who debugs/,
  );
  assert.equal(said('x: sys_exit: ret=0', 'ret'), null);
  const report = 'x: report_page_pinners: pfn=0x1 count=3 mapcount=1 val=1';
  assert.match(said(report, 'count=') ?? '', /^Refcount 3\n/);
  assert.match(said(report, 'mapcount=') ?? '', /^Mapcount 1\n/);
  assert.equal(said(report, 'val='), null);
});

const HEADER = `
enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,	/* the number, of types */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
#ifdef CONFIG_CMA
	/*
	 * not, these
	 */
	MIGRATE_CMA,
#endif
#ifdef CONFIG_MEMORY_ISOLATION
	MIGRATE_ISOLATE,	/* can't allocate from here */
#endif
	MIGRATE_TYPES
};
`;

test('enumerations are read from a header, with the configuration or without it', () => {
  const names = (config: ReadonlySet<string> | null): readonly string[] =>
    [...enumValues(HEADER, 'migratetype', config)].map(([number, { name }]) => `${number} ${name}`);
  assert.deepEqual(names(null).slice(3), [
    '3 MIGRATE_PCPTYPES',
    '4 MIGRATE_CMA',
    '5 MIGRATE_ISOLATE',
    '6 MIGRATE_TYPES',
  ]);
  const config = configOptions('# CONFIG_CMA is not set\nCONFIG_MEMORY_ISOLATION=y\nCONFIG_X="y"\n');
  assert.deepEqual(names(config).slice(4), ['4 MIGRATE_ISOLATE', '5 MIGRATE_TYPES']);
  const unsure = enumValues(HEADER, 'migratetype', null);
  assert.deepEqual(unsure.get(3)?.dependsOn, []);
  assert.deepEqual(unsure.get(5)?.dependsOn, ['CONFIG_CMA', 'CONFIG_MEMORY_ISOLATION']);
  assert.equal(enumValues(HEADER, 'pageflags', null).size, 0);
  assert.equal(enumValues('enum a {', 'a', null).size, 0);
});

test('what is not sure of a number is said with it', () => {
  const words = { ...WORDS, migratetypes: enumValues(HEADER, 'migratetype', null) };
  assert.match(said(EVENT, 'mt=4', words) ?? '', /Depends on CONFIG_CMA, taken as set\./);
});
