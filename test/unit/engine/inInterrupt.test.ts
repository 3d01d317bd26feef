/** What an interrupt took or dropped is not said to be of the task that it found on its CPU. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_FILTER } from '../../../src/engine/holdersQuery';
import { allocated, change, FAULT, finish, refused, start } from '../holders/support/pageEvents';
import { traceText } from '../support/traceText';
import { openedText, textOf } from './support/openedText';

const INTERRUPT = ['__handle_irq_event_percpu', 'common_interrupt', 'cpuidle_enter_state'];
const GET_IN_INTERRUPT = ['acme_get [acme]', 'acme_irq [acme]', ...INTERRUPT];
const DIRECT_READ = ['internal_get_user_pages_fast', 'iov_iter_get_pages2', '__blkdev_direct_IO_simple'];
const BIO_ENDS = ['__bio_release_pages', 'blkdev_bio_end_io', 'blk_mq_end_request', ...INTERRUPT];

const EVENTS = [
  allocated('owner-2', FAULT),
  change('<idle>-0', GET_IN_INTERRUPT, { count: 2, val: 1 }),
  change('dd-3', DIRECT_READ, { count: 3, val: 1 }),
  start,
  ...refused(3),
  finish,
  change('<idle>-0', BIO_ENDS, { count: 2, val: -1 }),
];

async function opened(name: string, events = EVENTS) {
  const { engine } = await openedText(name, traceText(events));
  return engine;
}

test('rows name the interrupt, and the task as what was current', async () => {
  const text = await textOf(await opened('rows.txt'));
  assert.match(text, /driver acme · acme_get · interrupt \(current <idle>-0\) · still held/);
  assert.match(text, /Acquired \d+ µs before the mark · interrupt \(current <idle>-0\)$/m);
  assert.match(text, /Released \d+ µs after the mark · interrupt \(current <idle>-0\)$/m);
  assert.match(text, /Acquired \d+ µs before the mark · dd-3$/m);
});

test('by task, interrupts are a row of their own', async () => {
  const text = await textOf(await opened('tasks.txt'), { groupBy: 'task' });
  assert.match(text, /^ *interrupts: 1 page /m);
  assert.match(text, /^ *dd-3: 1 page /m);
  assert.doesNotMatch(text, /^ *<idle>-0: /m);
});

test('a put whose get is not in the capture is in an interrupt, not by the current task', async () => {
  const engine = await opened('puts.txt', [start, ...refused(3), finish, EVENTS.at(-1)!]);
  const text = await textOf(engine);
  assert.match(text, /· put in \w+ in an interrupt/);
  assert.doesNotMatch(text, /by <idle>-0/);
  assert.match(await textOf(engine, { groupBy: 'task' }), /^ *put in interrupts: 1 page /m);
});

test('a filter finds it by both words', async () => {
  const engine = await opened('filter.txt');
  for (const text of ['interrupt', '<idle>']) {
    assert.match(await textOf(engine, { filter: { ...NO_FILTER, text } }), /driver acme/);
  }
});
