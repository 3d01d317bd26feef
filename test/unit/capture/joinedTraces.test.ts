/** Several traces one behind the other in one text are read as one, which is said: they may be of two boots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { memorySource } from './support/sources';

const HEAD = '# tracer: nop\n#\n';

const event = (time: string): string =>
  `           owner-464     [000] d..2. ${time}: page_ref_set: pfn=0x12e8d flags=none count=1 mapcount=0 mapping=(nil) ` +
  'mt=4 val=1\n';

const read = (text: string): Promise<Capture> => openCapture(memorySource(text));

const joined = ({ gaps }: Capture): unknown[] =>
  gaps.filter(({ cause }) => cause === 'joined').map(({ beforeRow, from, to }) => ({ beforeRow, from, to }));

test('a head behind events begins another trace, whose events may not follow on those before', async () => {
  const capture = await read(
    HEAD + event('17.400000') + HEAD + event('98.400000') + HEAD + event('99.000000'),
  );
  assert.deepEqual(capture.joinedTraces, { count: 3, line: 4 });
  assert.deepEqual(joined(capture), [
    { beforeRow: 1, from: 0, to: 81e9 },
    { beforeRow: 2, from: 81e9, to: 81.6e9 },
  ]);
  assert.match(
    doubtTexts(capture).join('\n'),
    /^3 traces in one text, the second from line 4 on, read as one: /m,
  );
});

test('so do the first lines of trace-cmd report', async () => {
  const report = (time: string): string => `cpus=2\n${event(time)}`;
  assert.deepEqual((await read(report('17.400000') + report('98.400000'))).joinedTraces, {
    count: 2,
    line: 3,
  });
});

test('heads of traces without events begin nothing', async () => {
  const capture = await read(HEAD + HEAD + event('17.400000') + event('17.500000') + HEAD);
  assert.equal(capture.joinedTraces, undefined);
  assert.deepEqual(joined(capture), []);
  assert.deepEqual(
    doubtTexts(capture).filter((doubt) => doubt.includes('in one text')),
    [],
  );
});

test('a stack behind a head is not that of an event before it', async () => {
  const stack = '           owner-464     [000] d..2. 17.400001: <stack trace>\n => f\n';
  assert.equal((await read(HEAD + event('17.400000') + stack)).orphanStacks, 0);
  assert.equal((await read(HEAD + event('17.400000') + HEAD + stack)).orphanStacks, 1);
});
