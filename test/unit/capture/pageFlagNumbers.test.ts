/** Page flags that a text has as numbers: read by the kernel that it names, and else no further than they prove it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { ABSENT, PageFlag, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { flagTables, flagsOfRelease } from '../../../src/capture/pageFlagOrders';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { eventText } from './support/describeCapture';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const PERF_TEXT = new TextDecoder().decode(textBytes(path.join(FIXTURES, 'f_perf/perf.txt.gz')));
const UPTODATE = PageFlag.uptodate;

/** Bits by enum pageflags of kernels: the headers of 6.1 and 6.12, the BTF of 6.6, 6.14 and 6.1 of arm64. */
const KERNELS: readonly (readonly [release: string, architecture: string | null, bits: string])[] = [
  [
    '6.1.192-pagelab',
    'x86_64',
    'locked=0 uptodate=2 lru=4 owner_priv_1=10 private=13 writeback=15 head=16 swapbacked=19 mlocked=21 uncached=22 hwpoison=23',
  ],
  ['6.1.0', 'aarch64', 'swapbacked=19 mlocked=21 hwpoison=22'],
  ['6.5.13', null, 'uptodate=2 lru=4 head=16 swapbacked=19 hwpoison=23'],
  [
    '6.6.0',
    'x86_64',
    'locked=0 writeback=1 referenced=2 uptodate=3 dirty=4 lru=5 head=6 waiters=7 active=8 workingset=9 error=10 slab=11' +
      ' owner_priv_1=12 private=15 mappedtodisk=17 reclaim=18 swapbacked=19 unevictable=20 mlocked=21',
  ],
  ['6.10.2', null, 'error=10 owner_priv_1=11 private=14 swapbacked=18'],
  [
    '6.12.117+deb12-amd64',
    'x86_64',
    'workingset=9 owner_priv_1=10 owner_2=11 arch_1=12 reserved=13 private=14 private_2=15 reclaim=16 swapbacked=17' +
      ' unevictable=18 mlocked=19 hwpoison=20',
  ],
  ['6.14.0', 'aarch64', 'owner_2=11 swapbacked=17 unevictable=18 dropbehind=19 mlocked=20'],
  ['4.14.180', null, 'error=1 uptodate=3 waiters=7 slab=8 private=12 head=15 mappedtodisk=16 swapbacked=18'],
  ['4.9.337', null, 'slab=7 private=11 head=14 swapcache=15 mappedtodisk=16 swapbacked=18'],
];

test('the bits of flags by release', () => {
  for (const [release, architecture, expected] of KERNELS) {
    const names = flagsOfRelease(release, architecture);
    const asked = expected.split(' ').map((each) => each.split('=')[0]!);
    assert.equal(asked.map((name) => `${name}=${names.indexOf(name)}`).join(' '), expected, release);
  }
  assert.deepEqual(flagsOfRelease('unknown', null), []);
});

async function read(text: string): Promise<Capture> {
  return openCapture(memorySource(text));
}

/** The real recording, of 6.1, as a kernel of another release would have it. */
function asOf(release: string): string {
  const names = flagsOfRelease('6.1', 'x86_64');
  const others = flagsOfRelease(release, 'x86_64');
  return PERF_TEXT.replace(/(?<= flags=)0x[0-9a-f]+/g, (text) => {
    const set = names.filter((_, bit) => (Number(text) & (1 << bit)) !== 0);
    const other = (name: string): number => others.indexOf(name === 'mappedtodisk' ? 'owner_2' : name);
    const bits = set.map((name) => (others.includes(name) ? others.indexOf(name) : other(name)));
    return `0x${bits.reduce((sum, bit) => sum | (1 << bit), 0).toString(16)}`;
  });
}

function flagsOf({ events }: Capture): readonly number[] {
  // Of 6.12 on the flag is owner_2, which nothing asks for.
  return [...events.flags.subarray(0, events.length)].map((flags) =>
    flags === ABSENT ? ABSENT : flags & ~PageFlag.mappedtodisk,
  );
}

const sourceOf = ({ facts }: Capture): string | undefined => new Map(facts).get('page flags');

test('perf script --header names the kernel, and numbers are read in its order', async () => {
  const real = await read(PERF_TEXT);
  for (const release of ['6.1.192', '6.6.58', '6.10.1', '6.12.5', '6.14.2', '4.19.3']) {
    const header = `# ========\n# os release : ${release}\n# arch : x86_64\n# ========\n#\n`;
    const other = await read(header + asOf(release));
    assert.deepEqual(flagsOf(other), flagsOf(real), release);
    assert.equal(other.uncertainFlags, undefined);
    assert.deepEqual(doubtTexts(other), []);
  }
  assert.ok(flagsOf(real).some((flags) => (flags & PageFlag.private) !== 0));
});

test('without a release, pages that are anonymous and mapped prove the order of 4.20 to 6.5', async () => {
  const real = await read(PERF_TEXT);
  assert.equal(sourceOf(real), 'enum pageflags of Linux 4.20 to 6.5, as anonymous pages show');
  assert.equal(real.uncertainFlags, undefined);
});

test('without a release, numbers of another order are no flags, and that is said', async () => {
  for (const release of ['6.6.58', '6.12.5', '4.19.3']) {
    const other = await read(asOf(release));
    assert.deepEqual(other.uncertainFlags, { order: '4.20 to 6.5', certainty: 'refuted' }, release);
    const known = [...new Set(flagsOf(other))].filter((flags) => flags !== ABSENT);
    assert.deepEqual(known, [0], release);
    assert.match(
      doubtTexts(other).join(),
      /^Page flags are numbers, and not in the bit order .*perf\.data itself/,
    );
    assert.equal(other.problemCount, 0);
  }
});

const line = (fields: string): string =>
  `  task-12  [003]  1.000001: page_ref_mod:  pfn=0x10 ${fields} mt=1 val=1\n`;
const FILE = 'count=2 mapcount=1 mapping=0xffff888003a4c500';
const ANONYMOUS = 'count=2 mapcount=1 mapping=0xffff888003a4c501';

test('without a release and a page that proves it, the order is assumed, and that is said', async () => {
  const capture = await read(line(`flags=0x80014 ${FILE}`));
  assert.match(eventText(capture, 0), /flags=uptodate\|lru\|swapbacked /);
  assert.deepEqual(capture.uncertainFlags, { order: '4.20 to 6.5', certainty: 'assumed' });
  assert.equal(sourceOf(capture), 'enum pageflags of Linux 4.20 to 6.5, assumed');
  assert.match(
    doubtTexts(capture).join(),
    /,Page flags are numbers of a kernel that is not named: .*# kernel: RELEASE/,
  );
  // A page that is dirty too is up to date in either order.
  assert.ok((await read(line(`flags=0x8001c ${ANONYMOUS}`))).uncertainFlags);
  // One that is in no page table need not be up to date yet.
  const unmapped = ANONYMOUS.replace('mapcount=1', 'mapcount=0');
  assert.equal((await read(line(`flags=0x80010 ${unmapped}`))).uncertainFlags?.certainty, 'assumed');
});

test('a line that names the kernel settles the order of what trace-cmd report prints', async () => {
  const capture = await read(`# kernel: 6.12.5-amd64\n${line(`flags=locked|0x20028 ${FILE}`)}`);
  assert.match(eventText(capture, 0), /flags=locked\|uptodate\|lru\|swapbacked /);
  assert.doesNotMatch(doubtTexts(capture).join(), /flags/);
});

test('a release with the flags of another one, as distributions have it, is not believed', async () => {
  const capture = await read(`# kernel: 5.14.0-503.el9.x86_64\n${line(`flags=0x20028 ${ANONYMOUS}`)}`);
  assert.equal(capture.events.flags[0], ABSENT);
  assert.equal(capture.uncertainFlags?.certainty, 'refuted');
});

test('what needs no order is no doubt: names, none, and the lock, which is bit 0 in all of them', async () => {
  const flags = ['none', 'locked', '0x0', '0x4000000000000001', 'uptodate|lru', 'uptodate|lru|0x10000'];
  const capture = await read(flags.map((each) => line(`flags=${each} ${ANONYMOUS}`)).join(''));
  assert.deepEqual(
    [...capture.events.flags.subarray(0, flags.length)],
    [0, PageFlag.locked, 0, PageFlag.locked, UPTODATE | PageFlag.lru, UPTODATE | PageFlag.lru],
  );
  assert.equal(sourceOf(capture), undefined);
  assert.equal(capture.uncertainFlags, undefined);
});

test('a number alone, where names belong, tells no flag', async () => {
  const pinner = await read(
    'Page pinned ts 434343 us count 2\nPFN 577 Block 1 type CMA Flags 0x14\n try_grab_page+0x1/0x2\n\n',
  );
  assert.equal(pinner.events.flags[0], ABSENT);
});

test('every value of a byte has the flags of its bits', () => {
  const tables = flagTables(['locked', '', 'uptodate']);
  assert.deepEqual([...tables.subarray(0, 8)], [0, 1, 0, 1, UPTODATE, UPTODATE | 1, UPTODATE, UPTODATE | 1]);
});
