/** Whatever task an interrupt finds on its CPU has nothing to do with what the interrupt takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reference } from '../../../src/holders/model';
import type { EventText } from '../support/traceText';
import { onlyPage } from './support/foundPages';
import { allocated, change, FAULT, finish, refused, start } from './support/pageEvents';

const IN_INTERRUPT = ['acme_get [acme]', 'acme_irq [acme]', '__handle_irq_event_percpu', 'common_interrupt'];
const IN_CALL = ['acme_get [acme]', 'acme_ioctl [acme]', '__x64_sys_ioctl'];
const PUT = ['acme_put [acme]', 'acme_release [acme]', '__fput'];

/** Two are taken, one is dropped; the rest holds the page. */
function taken(first: EventText, second: EventText): EventText[] {
  return [
    allocated('owner-2', FAULT),
    first,
    second,
    change('reader-3', PUT, { count: 2, val: -1 }),
    start,
    ...refused(2),
    finish,
  ];
}

async function driversOf(events: readonly EventText[]): Promise<readonly Reference[]> {
  const { references } = await onlyPage(events);
  return references.filter(({ kind }) => kind === 'driver');
}

test('a put of the task that an interrupt found on its CPU is no proof that it drops what the interrupt took', async () => {
  const references = await driversOf(
    taken(
      change('reader-3', IN_INTERRUPT, { count: 2, val: 1 }),
      change('writer-4', IN_CALL, { count: 3, val: 1 }),
    ),
  );
  assert.deepEqual(
    references.map(({ confidence }) => confidence),
    ['assumed', 'assumed'],
  );
});

test('what a task took itself it drops, whatever an interrupt took meanwhile', async () => {
  const references = await driversOf(
    taken(
      change('reader-3', IN_INTERRUPT, { count: 2, val: 1 }),
      change('reader-3', IN_CALL, { count: 3, val: 1 }),
    ),
  );
  const dropped = references.find(({ released }) => released !== null);
  assert.equal(dropped?.acquired?.row, 2);
});
