/** Why a page did not move whose references are those that migration expects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mark } from '../../../src/holders/model';
import type { EventText } from '../support/traceText';
import { onlyPage } from './support/foundPages';
import { change, refused } from './support/pageEvents';

const COMPACT = ['compact_zone', 'kcompactd_do_work', 'kcompactd'];
const SCAN = ['isolate_migratepages_block', 'isolate_migratepages', ...COMPACT];
const PUTBACK = ['folio_putback_lru', 'putback_movable_pages', ...COMPACT];
const WRITE = ['generic_perform_write', 'ext4_buffered_write_iter', 'vfs_write'];
const CACHED = ['__filemap_add_folio', 'filemap_add_folio', '__filemap_get_folio', ...WRITE];
const GETBLK = ['__getblk_slow', '__ext4_get_inode_loc', 'ext4_create'];

interface Tried {
  readonly mode: string;
  readonly flags?: string;
  /** Stack of the get for private data. */
  readonly attached?: readonly string[];
  /** Stack of a put of them behind the attempt. */
  readonly detached?: readonly string[];
  readonly reason?: string;
}

/** A page of the page cache that was given up by migrate_pages, with as many references as it expects. */
function tried({
  mode,
  flags = 'uptodate|lru|private',
  attached,
  detached,
  reason = 'compaction',
}: Tried): EventText[] {
  const base = flags.includes('private') ? 2 : 1;
  const at = (count: number, val: number) => ({ count, val, mapcount: 0, flags: `flags=${flags}` });
  const call = `mode=${mode} reason=${reason}`;
  return [
    ...(attached === undefined ? [] : [change('owner-2', attached, at(base, 1))]),
    change('kcompactd0-1', SCAN, at(base + 1, 1)),
    { task: 'kcompactd0-1', text: `mm_migrate_pages_start: ${call}`, stack: ['migrate_pages', ...COMPACT] },
    {
      task: 'kcompactd0-1',
      text: `mm_migrate_pages: nr_succeeded=0 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 ${call}`,
      stack: ['migrate_pages', ...COMPACT],
    },
    change('kcompactd0-1', PUTBACK, at(base, -1)),
    ...(detached === undefined ? [] : [change('owner-2', detached, at(base - 1, -1))]),
  ];
}

async function markOf(events: readonly EventText[]): Promise<Mark> {
  const { marks } = await onlyPage(events);
  assert.equal(marks.length, 1);
  return marks[0]!;
}

/** In the page cache, as its own get shows. */
function cached(flags: string): EventText {
  return change('owner-2', CACHED, { count: 1, val: 1, mapcount: 0, flags: `flags=${flags}` });
}

test('busy buffer heads perhaps kept a page, with what speaks for it and against it, and locks in modes that do not wait', async () => {
  const said = async (events: Tried): Promise<string> => {
    const { cause, causeDetail, notes } = await markOf(tried(events));
    // How sure it is depends on what the capture shows; captures are compared by what does not.
    assert.deepEqual([cause, causeDetail], ['buffers', 'perhaps busy buffer heads']);
    return notes.at(-1)!;
  };
  const buffers = ['create_empty_buffers', 'ext4_da_write_begin', ...WRITE];
  assert.match(
    await said({ mode: 'MIGRATE_SYNC', attached: GETBLK }),
    /: perhaps .* \(b_count\), not a .* it is of a block device/,
  );
  assert.match(
    await said({ mode: 'MIGRATE_ASYNC', attached: GETBLK }),
    /: perhaps .* \(b_count\) or a lock, not a .* it is of a block device/,
  );
  assert.match(await said({ mode: 'MIGRATE_SYNC', attached: buffers }), /perhaps .* though few file systems/);
  assert.match(
    await said({ mode: 'MIGRATE_SYNC_LIGHT', attached: buffers }),
    /perhaps .* or a lock kept it,/,
  );
  assert.match(await said({ mode: 'MIGRATE_SYNC' }), /perhaps .* which the capture does not show$/);
  const added = ['__filemap_add_folio', 'filemap_add_folio', '__filemap_get_folio', ...GETBLK];
  assert.match(await said({ mode: 'MIGRATE_SYNC', attached: added }), /perhaps .* it is of a block device/);
  // Whose buffers reclaim freed later, nothing tells.
  const detached = ['drop_buffers', 'try_to_free_buffers', 'shrink_folio_list', ...GETBLK];
  assert.match(await said({ mode: 'MIGRATE_SYNC', detached }), /perhaps .* though few file systems/);
});

test('private data of iomap and others are no buffer heads, whether their get is in the capture or their put', async () => {
  const iomap = { attached: ['iomap_page_create', '__iomap_write_begin'], detached: ['ifs_free'] };
  const { attached, detached } = iomap;
  for (const part of [{ attached }, { detached }]) {
    const mark = await markOf(tried({ mode: 'MIGRATE_SYNC', ...part }));
    assert.deepEqual([mark.cause, mark.causeDetail, mark.held], ['unknown', null, 0]);
    const name = part.attached?.[0] ?? detached[0]!;
    assert.ok(mark.notes.at(-1)?.endsWith(`; its private data are no buffer heads (${name})`));
  }
  const others = await markOf(tried({ mode: 'MIGRATE_SYNC', attached: ['netfs_perform_write', ...WRITE] }));
  assert.equal(others.cause, 'unknown');
  assert.match(
    others.notes.at(-1)!,
    /\(netfs_perform_write\): its file system may not move the page with them$/,
  );
});

test('private data of NFS are no buffer heads, and NFS does not move a page with them', async () => {
  const mark = await markOf(
    tried({ mode: 'MIGRATE_SYNC', attached: ['nfs_inode_add_request', 'nfs_updatepage', ...WRITE] }),
  );
  assert.deepEqual([mark.cause, mark.causeDetail], ['unknown', null]);
  assert.match(mark.notes.at(-1)!, /a request of NFS, with which NFS does not move a page$/);
});

test('what an earlier life of the page had as private data says nothing', async () => {
  const mark = await markOf([
    change('owner-2', ['iomap_page_create', ...WRITE], { count: 2, val: 1, mapcount: 0 }),
    change('owner-2', ['iomap_page_release', ...WRITE], { count: 0, val: -1, mapcount: 0 }),
    ...tried({ mode: 'MIGRATE_SYNC' }),
  ]);
  assert.match(mark.notes.at(-1)!, /if its private data are buffer heads/);
});

test('the isolation scanner does not look at buffers: a page that it refused was not kept by them', async () => {
  const flags = 'flags=uptodate|lru|private';
  const refusal = refused(2).map(({ text, ...event }) => ({
    ...event,
    text: text.replace(/flags=\S+/, flags).replace('mapcount=1', 'mapcount=0'),
  }));
  const mark = await markOf(refusal);
  assert.notEqual(mark.cause, 'buffers');
  assert.doesNotMatch(mark.notes.join(' '), /buffer heads/);
});

test('a page under writeback is given up in each mode but MIGRATE_SYNC, whatever its count', async () => {
  const own = ['create_empty_buffers', 'ext4_da_write_begin', ...WRITE];
  for (const flags of ['uptodate|lru|writeback', 'uptodate|lru|private|writeback']) {
    for (const mode of ['MIGRATE_ASYNC', 'MIGRATE_SYNC_LIGHT']) {
      const attached = flags.includes('private') ? own : undefined;
      const events = tried({ mode, flags, ...(attached === undefined ? {} : { attached }) });
      const mark = await markOf([cached(flags), ...events]);
      assert.deepEqual([mark.cause, mark.causeDetail, mark.held], ['writeback', 'under writeback', 0]);
      assert.match(mark.notes.at(-1)!, new RegExp(`under writeback at .*migration in ${mode} does not wait`));
    }
  }
  const waited = await markOf([
    cached('uptodate|lru|writeback'),
    ...tried({ mode: 'MIGRATE_SYNC', flags: 'uptodate|lru|writeback' }),
  ]);
  assert.deepEqual([waited.cause, waited.causeDetail], ['unknown', null]);
  assert.doesNotMatch(waited.notes.join(' '), /writeback/);
});

test('writeback that was not waited for is said beside the references that were too many', async () => {
  const flags = 'flags=uptodate|lru|writeback';
  const events = tried({ mode: 'MIGRATE_ASYNC', flags: 'uptodate|lru|writeback' });
  const held = ['internal_get_user_pages_fast', '__do_sys_vmsplice'];
  const mark = await markOf([
    cached('uptodate|lru|writeback'),
    change('owner-2', held, { count: 2, val: 1, mapcount: 0, flags }),
    ...events.map(({ text, ...event }) => ({
      ...event,
      text: text.replace(/count=(\d) /, (_, count: string) => `count=${Number(count) + 1} `),
    })),
  ]);
  assert.deepEqual([mark.cause, mark.held], ['references', 1]);
  assert.match(mark.notes.at(-1)!, /under writeback/);
});

test('a report says by its error whether writeback was not waited for', async () => {
  const report = (error: number): EventText[] => {
    const [get, begin] = tried({ mode: 'MIGRATE_ASYNC', flags: 'uptodate|lru|writeback' });
    const state = 'flags=uptodate|lru|writeback count=2 mapcount=0 mapping=00000000deadbeef mt=4';
    const text = `report_page_pinners: pfn=0x100 ${state} reason=compaction err=${error}`;
    return [
      cached('uptodate|lru|writeback'),
      get!,
      begin!,
      { task: 'kcompactd0-1', text, stack: ['migrate_pages', ...COMPACT] },
    ];
  };
  assert.equal((await markOf(report(-16))).cause, 'writeback');
  assert.notEqual((await markOf(report(-11))).cause, 'writeback');
});
