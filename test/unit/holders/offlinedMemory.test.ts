/** Memory that went offline: its pages are over, and what comes under the same PFNs later is not them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { captureOf, type EventText } from '../support/traceText';
import { heldOf, onlyPage } from './support/foundPages';
import { allocated, change, FAULT } from './support/pageEvents';

const OFFLINE = ['offline_pages', 'memory_subsys_offline', 'device_offline', 'state_store'];

function tested(result: 'success' | 'fail', stack: readonly string[] | null = OFFLINE): EventText {
  const found = result === 'success' ? '0x200' : '0x100';
  const text = `test_pages_isolated: start_pfn=0x80 end_pfn=0x200 fin_pfn=${found} ret=${result}`;
  return { task: 'sh-1', text, ...(stack === null ? {} : { stack: ['test_pages_isolated', ...stack] }) };
}

/** A pipe buffer that keeps the page from being moved, and whose put the capture does not show. */
const blocked: readonly EventText[] = [
  allocated('owner-2', FAULT),
  change('owner-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
  tested('fail'),
];

test('what was held is over when the memory is offline, though no put is in the capture', async () => {
  const [held] = heldOf(await onlyPage([...blocked, tested('success')]));
  assert.deepEqual([held?.kind, held?.released, held?.releasedUnseen], ['pipe-buffer', null, true]);
  assert.match(held!.evidence, /gone by the time the page was taken offline/);
});

test('later events of the PFN are of another page', async () => {
  // The put would close the pipe buffer: the page under the PFN is another one by then.
  const later = change('reader-3', ['generic_pipe_buf_release', 'pipe_read'], { count: 1, val: -1 });
  const closed = heldOf(await onlyPage([...blocked, later]));
  assert.equal(closed[0]?.releasedUnseen, false);
  const [held] = heldOf(await onlyPage([...blocked, tested('success'), later]));
  assert.deepEqual([held?.released, held?.releasedUnseen], [null, true]);
});

test('only offlining that the capture shows to have succeeded counts, and poisoned pages stay as they are', async () => {
  const contiguous = ['alloc_contig_range', 'cma_alloc'];
  const poisoned = change('any-4', ['kpageflags_read'], {
    count: 3,
    val: 1,
    flags: 'flags=uptodate|hwpoison',
  });
  for (const events of [
    [...blocked, tested('success', null)],
    [...blocked, tested('success', contiguous)],
    [...blocked, tested('fail')],
    [...blocked, poisoned, tested('success')],
  ]) {
    const [held] = heldOf(await onlyPage(events));
    assert.deepEqual([held?.released, held?.releasedUnseen], [null, false]);
  }
});

test('a page that nobody let go of is not left over from memory that is gone', async () => {
  const events = blocked.slice(0, 2);
  const { unreleased } = analyseHolders(await captureOf(events));
  assert.deepEqual(
    unreleased.map(({ pfn }) => pfn),
    [0x100],
  );
  assert.deepEqual(analyseHolders(await captureOf([...events, tested('success')])).unreleased, []);
});
