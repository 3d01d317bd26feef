import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../../src/capture/turns';
import { analyseHolders, HolderAnalyser } from '../../../src/holders/analyseHolders';
import { captureOf, type EventText } from '../support/traceText';
import { allocated, change, FAULT } from './support/pageEvents';

const PIN = ['try_grab_page', 'follow_page_pte', '__get_user_pages', 'pin_user_pages_remote'];
const UNPIN = ['gup_put_folio', 'unpin_user_pages', 'vfio_iommu_type1_ioctl'];
const UNMAP = ['tlb_batch_pages_flush', 'zap_pte_range', 'unmap_vmas'];

const pinned = change('vmm-2', PIN, { count: 1025, val: 1024 });
const unpinned = change('vmm-2', UNPIN, { count: 1, val: -1024 });

async function unreleasedOf(events: readonly EventText[]) {
  return analyseHolders(await captureOf(events)).unreleased;
}

test('a page that is pinned at the end of the capture is listed without a mark', async () => {
  const [page, ...others] = await unreleasedOf([allocated('vmm-2', FAULT), pinned]);
  assert.deepEqual(others, []);
  assert.equal(page?.pfn, 0x100);
  assert.equal(page.count, 1025);
  assert.equal(page.isOrphaned, false);
  assert.deepEqual(
    page.references.map(({ kind, role, weight }) => [kind, role, weight]),
    [
      ['gup-pin', 'held', 1024],
      ['allocation', 'expected', 1],
    ],
  );
});

test('a page whose owner let go of it is said to be kept by what is left', async () => {
  const [page] = await unreleasedOf([
    allocated('vmm-2', FAULT),
    pinned,
    change('vmm-2', UNMAP, { count: 1024, val: -1, mapcount: 0 }),
  ]);
  assert.equal(page?.isOrphaned, true);
});

test('a page that its last event shows to be owned is not said to be kept by what is left alone', async () => {
  const fresh = allocated('vmm-2', FAULT);
  const freshRaw = { ...fresh, text: fresh.text.replace('mapcount=0', 'mapcount=-1') };
  const put = { count: 1024, val: -1 };
  const mapped = change('vmm-2', UNMAP, { ...put, mapcount: 1 });
  const mappedRaw = change('vmm-2', UNMAP, { ...put, mapcount: 0 });
  const fileFault = ['filemap_map_pages', 'do_fault_around', ...FAULT];
  const cached = change('vmm-2', UNMAP, { ...put, mapcount: 0, flags: 'flags=uptodate|lru' });
  for (const events of [
    [fresh, pinned, mapped],
    [freshRaw, pinned, mappedRaw],
    [allocated('vmm-2', fileFault), pinned, cached],
  ]) {
    const [page] = await unreleasedOf(events);
    assert.deepEqual([page?.pfn, page?.isOrphaned], [0x100, false]);
  }
});

test('a mapped page is not listed for what is open on it for a moment', async () => {
  const isListed = async (fresh: number, last: number): Promise<boolean> => {
    const unmapped = change('vmm-2', UNMAP, { count: 1, val: -1, mapcount: last });
    const { text, ...first } = allocated('vmm-2', FAULT);
    const pages = await unreleasedOf([
      { ...first, text: text.replace('mapcount=0', `mapcount=${fresh}`) },
      change('reader-3', ['filemap_get_entry', 'filemap_read'], { count: 2, val: 1 }),
      { ...unmapped, text: unmapped.text.replace('00000000deadbeef', '0000000000000000') },
    ]);
    return pages.length > 0;
  };
  assert.equal(await isListed(0, 0), true);
  // From 6.10 on page_ref prints one less than there are mappings.
  assert.equal(await isListed(-1, 0), false);
  assert.equal(await isListed(-1, -1), true);
});

test('what was dropped in the end is not listed, nor what only owners have', async () => {
  assert.deepEqual(await unreleasedOf([allocated('vmm-2', FAULT), pinned, unpinned]), []);
  assert.deepEqual(await unreleasedOf([allocated('vmm-2', FAULT)]), []);
});

test('a put whose get came before the capture does not hide a later get', async () => {
  const pages = await unreleasedOf([change('vmm-2', UNPIN, { count: 1, val: -1024 }), pinned]);
  assert.deepEqual(
    pages.map(({ pfn }) => pfn),
    [0x100],
  );
});

test('a get that takes several references is weighed, not counted, against the puts behind it', async () => {
  const several = change('vmm-2', PIN, { count: 513, val: 512 });
  const one = change('vmm-2', UNPIN, { count: 512, val: -1 });
  const [huge] = await unreleasedOf([allocated('vmm-2', FAULT), several, one]);
  assert.equal(huge?.pfn, 0x100);
  const twice = change('vmm-2', PIN, { count: 2049, val: 2048 });
  const [small] = await unreleasedOf([
    allocated('vmm-2', FAULT),
    twice,
    change('vmm-2', UNPIN, { count: 1025, val: -1024 }),
  ]);
  assert.equal(small?.pfn, 0x100);
  const all = change('vmm-2', UNPIN, { count: 1, val: -512 });
  assert.deepEqual(await unreleasedOf([allocated('vmm-2', FAULT), several, all]), []);
});

test('a put of more than was taken since the capture began does not hide what was', async () => {
  const spliced = change('writer-3', ['iov_iter_get_pages2', 'vmsplice_to_pipe'], { count: 1026, val: 1 });
  const pages = await unreleasedOf([spliced, change('vmm-2', UNPIN, { count: 2, val: -1024 })]);
  assert.deepEqual(
    pages.flatMap(({ references }) => references.map(({ kind, role }) => [kind, role])),
    [
      ['pipe-buffer', 'held'],
      ['gup-pin', 'earlier'],
    ],
  );
});

test('gets of more than a balance has room for do not make it one of puts', async () => {
  const most = 0x7fff_ffff;
  const [page] = await unreleasedOf([
    allocated('vmm-2', FAULT),
    change('vmm-2', PIN, { count: most, val: most }),
    change('vmm-2', PIN, { count: most, val: most }),
  ]);
  assert.equal(page?.pfn, 0x100);
});

test('a page freed and allocated anew is judged by its last life', async () => {
  const freed = change('vmm-2', UNMAP, { count: 0, val: -1, mapcount: 0 });
  const pages = await unreleasedOf([
    allocated('vmm-2', FAULT),
    pinned,
    unpinned,
    freed,
    allocated('other-3', FAULT),
  ]);
  assert.deepEqual(pages, []);
});

test('any page that has events can be asked for', async () => {
  const analyser = atOnce(HolderAnalyser.of(await captureOf([allocated('vmm-2', FAULT), pinned, unpinned])));
  const page = analyser.page(0x100);
  assert.deepEqual(
    page?.references.map(({ kind, role, rows }) => [kind, role, rows]),
    [
      ['allocation', 'expected', [0]],
      ['gup-pin', 'earlier', [1, 2]],
    ],
  );
  assert.equal(analyser.page(0x101), null);
});
