import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gap } from '../../../src/capture/eventTable';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { MissingEvents } from '../../../src/holders/missingEvents';
import { openCapture } from '../../../src/capture/openCapture';
import { memorySource, traceText } from '../support/traceText';
import { allocated, change, FAULT, finish, named, refused, start } from './support/pageEvents';

function gap(beforeRow: number, given: Partial<Gap> = {}): Gap {
  return { cpu: 1, from: null, to: null, events: 5, beforeRow, cause: 'lost', ...given };
}

test('gaps between two rows are summed, with their CPUs', () => {
  const missing = new MissingEvents([gap(20, { cpu: 3 }), gap(10), gap(30), gap(15, { cause: 'started' })]);
  assert.equal(missing.between(0, 9), null);
  assert.equal(missing.between(10, 19), null);
  assert.equal(missing.between(9, 10), '5 events of CPU 1 are missing');
  assert.equal(missing.between(0, 25), '10 events of CPU 1, 3 are missing');
  assert.equal(new MissingEvents([gap(4, { events: null, cpu: null })]).between(3, 4), 'events are missing');
  assert.equal(new MissingEvents([gap(4, { events: 1 })]).between(3, 4), '1 event of CPU 1 is missing');
});

test('a reference that spans lost events is not sure, one beside them is', async () => {
  const vmsplice = ['internal_get_user_pages_fast', 'iov_iter_get_pages2', '__do_sys_vmsplice'];
  const read = ['page_cache_pipe_buf_release', 'pipe_read'];
  const before = traceText([allocated('owner-2', FAULT), change('owner-2', vmsplice, { count: 2, val: 1 })]);
  const after = traceText([
    start,
    ...refused(2),
    named('0x100'),
    finish,
    change('reader-3', read, { count: 1, val: -1 }),
  ]);
  for (const [text, confidence] of [
    [`${before}CPU:0 [LOST 12 EVENTS]\n${after}`, 'assumed'],
    [before + after, 'rule'],
  ] as const) {
    const { pages } = analyseHolders(
      await openCapture(memorySource('trace.txt', new TextEncoder().encode(text))),
    );
    const holder = pages[0]?.references.find(({ role }) => role === 'held');
    assert.equal(holder?.confidence, confidence);
    assert.equal(holder.evidence.includes('12 events of CPU 0 are missing'), confidence === 'assumed');
  }
});
