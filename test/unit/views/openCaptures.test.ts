/** Captures that are read again while people cancel, close and ask for more: what is shown is what the engine has. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { AskedWorker, settled, type Question } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const PATH = '/captures/c1';
const ignore = (): void => undefined;

/** One capture that was read, of 10 events. */
async function withOne(): Promise<{ worker: AskedWorker; captures: OpenCaptures }> {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const opening = captures.open(PATH, ignore);
  await worker.answer('openCapture', facts('c1', { events: 10 }));
  await opening;
  return { worker, captures };
}

const cancelled = (opening: Promise<unknown>): Promise<void> =>
  assert.rejects(opening, { name: 'CancelledError' });

const shown = ({ all }: OpenCaptures): readonly (readonly [string, number])[] =>
  all.map(({ id, events }) => [id, events]);

test('a capture that was read again to its end before the cancel was heard is shown as it is', async () => {
  const { worker, captures } = await withOne();
  const again = cancelled(captures.open(PATH, ignore));
  const { request } = await worker.asked('openCapture');
  assert.deepEqual(request, { path: PATH, replaces: 'c1' });
  await captures.stopReading(PATH);
  await worker.answer('captureFacts', [facts('c1', { events: 20 })]);
  await again;
  assert.deepEqual(shown(captures), [['c1', 20]]);
  assert.equal(captures.isOpening(PATH), false);
  assert.equal(editor.contexts.get('pageHolders.opening'), false);
});

test('one whose reading is begun anew is shown as it was read last', async () => {
  const { worker, captures } = await withOne();
  const first = cancelled(captures.open(PATH, ignore));
  await worker.asked('openCapture');
  const last = captures.open(PATH, ignore);
  const reading = await worker.asked('openCapture');
  const asking = await worker.asked('captureFacts');
  // The worker answers in the order in which it knows.
  await asking.answer([facts('c1', { events: 10 })]);
  await first;
  assert.equal(captures.isOpening(PATH), true, 'the last goes on');
  await reading.answer(facts('c1', { events: 30 }));
  await last;
  assert.deepEqual(shown(captures), [['c1', 30]]);
  assert.equal(captures.isOpening(PATH), false);
});

test('one that is closed while it is read again stays closed, whatever is asked meanwhile', async () => {
  const { worker, captures } = await withOne();
  const again = cancelled(captures.open(PATH, ignore));
  await worker.asked('openCapture');
  const closing = captures.close('c1');
  const closed = await worker.asked('closeCapture');
  const asking = await worker.asked('captureFacts');
  await closed.answer(null);
  await closing;
  await asking.answer([facts('c1', { events: 20 })]);
  await again;
  assert.deepEqual(shown(captures), []);
  assert.equal(editor.contexts.get('pageHolders.hasCaptures'), false);
});

test('a cancel is a cancel also when nothing can be asked any more', async () => {
  const { worker, captures } = await withOne();
  const again = cancelled(captures.open(PATH, ignore));
  await worker.asked('openCapture');
  await captures.stopReading();
  await worker.asked('captureFacts');
  await worker.stop();
  await again;
  assert.deepEqual(shown(captures), [['c1', 10]]);
});

/** A capture of which a part is shown. */
async function withPart(): Promise<{
  worker: AskedWorker;
  captures: OpenCaptures;
  opening: Promise<unknown>;
  reading: Question<'openCapture'>;
}> {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const opening = captures.open(PATH, ignore);
  const reading = await worker.asked('openCapture');
  reading.part(facts('c1', { part: 0.5, events: 5 }));
  assert.deepEqual(shown(captures), [['c1', 5]]);
  return { worker, captures, opening, reading };
}

test('what is shown of a capture stays when its reading is stopped', async () => {
  const { worker, captures, opening, reading } = await withPart();
  const stopping = captures.stopReading();
  const asked = await worker.asked('stopReading');
  assert.deepEqual(asked.request, { path: PATH });
  await asked.answer(true);
  await stopping;
  await reading.answer(facts('c1', { events: 6 }));
  await opening;
  assert.deepEqual(shown(captures), [['c1', 6]]);
});

test('one that was read to its end before it was stopped stays as a whole', async () => {
  const { worker, captures, opening, reading } = await withPart();
  const stopping = captures.stopReading(PATH);
  await worker.answer('stopReading', false);
  await stopping;
  await reading.answer(facts('c1', { events: 10 }));
  await opening;
  assert.deepEqual(shown(captures), [['c1', 10]]);
});

test('one of which nothing is shown is closed when its reading is stopped', async () => {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const opening = cancelled(captures.open(PATH, ignore));
  await worker.asked('openCapture');
  await captures.stopReading();
  await opening;
  assert.deepEqual(shown(captures), []);
});

test('a capture that is closed while it is read for the first time leaves nothing of its parts', async () => {
  const { worker, captures, opening } = await withPart();
  const closed = cancelled(opening);
  await captures.close('c1');
  await closed;
  assert.deepEqual(shown(captures), []);
  assert.deepEqual(await worker.methods(), [], 'nothing was shown that the engine may have changed');
});

test('names that come with a symbol file, or go with one that became a capture, are asked for', async () => {
  const { worker, captures } = await withOne();
  const symbols = facts('s1', { symbolFile: { says: [], isRefused: false } });
  const opening = captures.open(symbols.path, ignore);
  await worker.answer('openCapture', symbols);
  await worker.answer('captureFacts', [facts('c1', { events: 10, problems: 0 }), symbols]);
  await opening;
  const again = captures.open(symbols.path, ignore);
  await worker.answer('openCapture', facts('s1', { events: 5 }));
  await worker.answer('captureFacts', [facts('c1', { events: 10, problems: 1 }), facts('s1', { events: 5 })]);
  await again;
  assert.deepEqual(
    captures.all.map(({ id, problems }) => [id, problems]),
    [
      ['c1', 1],
      ['s1', 0],
    ],
  );
  await settled();
});
