/** Captures without a whole type of page_ref events say so, and others do not. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { missingEventTypes } from '../../../src/holders/missingEventTypes';
import { captureOf, memorySource, type EventText } from '../support/traceText';
import { allocated, change, CMA, FAULT, finish, named, refused, start } from './support/pageEvents';

const fixtures = readdirSync('test/fixtures')
  .map((name) => path.join('test/fixtures', name, 'report.txt.gz'))
  .filter((file) => existsSync(file));

const textOf = (file: string): string => gunzipSync(readFileSync(file)).toString();
const capture = (text: string) => openCapture(memorySource('trace.txt', Buffer.from(text)));

/** Takes the events of a name away, with their stacks. */
function without(text: string, name: string): string {
  const kept: string[] = [];
  let isLeftOut = false;
  for (const line of text.split('\n')) {
    const isEvent = !line.startsWith('=>') && !line.startsWith(' =>') && !line.includes('<stack trace>');
    if (isEvent) isLeftOut = line.includes(` ${name}: `);
    if (!isLeftOut) kept.push(line);
  }
  return kept.join('\n');
}

test('recordings as they are lack none', async () => {
  assert.ok(fixtures.length > 5);
  for (const file of fixtures) {
    assert.equal(missingEventTypes(await capture(textOf(file))), null, file);
  }
});

for (const name of ['page_ref_mod', 'page_ref_mod_and_test', 'page_ref_mod_unless']) {
  test(`c_jbd2 without ${name}: it is missed`, async () => {
    const text = without(textOf('test/fixtures/c_jbd2/report.txt.gz'), name);
    const missing = missingEventTypes(await capture(text));
    assert.deepEqual(missing?.names, [name]);
    const [rises, falls] = [missing.rises, missing.falls];
    assert.ok(
      name === 'page_ref_mod_and_test' ? falls > 10 * rises : rises > 10 * falls,
      `${rises} ${falls}`,
    );
  });
}

const READ_PIPE = ['page_cache_pipe_buf_release', 'pipe_read', 'vfs_read'];
const freed: EventText = {
  task: 'sh-85',
  text: 'mm_page_free: page=0000000000000000 pfn=0x100 order=0',
  stack: ['free_unref_page', 'tlb_batch_pages_flush', 'exit_mmap', 'do_exit'],
};

async function held(events: readonly EventText[]) {
  const { pages } = analyseHolders(await captureOf(events));
  assert.equal(pages.length, 1);
  return {
    mark: pages[0]!.marks[0]!,
    references: pages[0]!.references.filter(({ role, kind }) => role === 'held' && kind === 'pipe-buffer'),
  };
}

test('a page that is freed with several references open shows the put of none of them', async () => {
  const { references } = await held([
    allocated('owner-2', FAULT),
    change('owner-2', ['iter_to_pipe', '__do_sys_vmsplice'], { count: 2, val: 1 }),
    start,
    ...refused(2),
    finish,
    freed,
  ]);
  const [pipe] = references;
  assert.deepEqual(
    [pipe?.released, pipe?.releasedUnseen, pipe?.confidence],
    [null, true, 'assumed'],
    pipe?.evidence,
  );
  assert.match(pipe!.evidence, /its put is not in the capture: it was gone by the time the page was freed/);
  assert.equal(pipe!.unseenBecause, 'it was gone by the time the page was freed');
});

test('the last reference goes with its page', async () => {
  const { references } = await held([
    allocated('owner-2', FAULT),
    change('owner-2', ['iter_to_pipe', '__do_sys_vmsplice'], { count: 2, val: 1 }),
    start,
    ...refused(2),
    finish,
    change('owner-2', ['zap_pte_range', 'unmap_page_range', 'exit_mmap'], { count: 1, val: -1, mapcount: 0 }),
    freed,
  ]);
  assert.deepEqual([references[0]?.released?.row, references[0]?.releasedUnseen], [7, false]);
});

test('a page that is allocated anew has no reference of before', async () => {
  const { references } = await held([
    allocated('owner-2', FAULT),
    change('owner-2', ['iter_to_pipe', '__do_sys_vmsplice'], { count: 2, val: 1 }),
    start,
    ...refused(2),
    finish,
    allocated('other-3', FAULT),
    change('reader-4', READ_PIPE, { count: 0, val: -1 }),
  ]);
  assert.deepEqual([references[0]?.released, references[0]?.releasedUnseen], [null, true]);
});

test('a sum claims no owner that the page does not have', async () => {
  const lonely = { mapcount: 0, flags: 'flags=none' };
  const nobodys = 'mapping=0000000000000000 mt=4';
  const on = (event: EventText): EventText => ({
    ...event,
    text: event.text.replace(/mapping=\S+ mt=4/, nobodys),
  });
  const { mark } = await held(
    [
      allocated('owner-2', ['alloc_buffer']),
      change('owner-2', ['iter_to_pipe', '__do_sys_vmsplice'], { count: 2, val: 1, ...lonely }),
      start,
      {
        task: 'cma-1',
        text: 'test_pages_isolated: start_pfn=0x100 end_pfn=0x110 fin_pfn=0x100 ret=fail',
        stack: CMA,
      },
      named('0x100'),
      finish,
    ].map(on),
  );
  assert.deepEqual(
    mark.expectedTerms.map(({ label }) => label),
    ['1 of the allocation'],
  );
});
