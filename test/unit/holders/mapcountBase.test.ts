import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { atOnce } from '../../../src/capture/turns';
import { indexCapture } from '../../../src/holders/captureIndex';
import { StackSites } from '../../../src/holders/stackSites';
import { captureOf, type EventText } from '../support/traceText';

const TAIL = 'mapping=00000000deadbeef mt=4';

function set(mapcount: number): EventText {
  return {
    task: 'a-1',
    text: `page_ref_set: pfn=0x10 flags=none count=1 mapcount=${mapcount} ${TAIL} val=1`,
  };
}
const mapped: EventText = {
  task: 'a-1',
  text: `page_ref_mod: pfn=0x10 flags=none count=2 mapcount=1 ${TAIL} val=1`,
};

function mapcountOf(capture: Capture) {
  return atOnce(indexCapture(capture, new StackSites(capture.symbols))).mapcount.at(0);
}

test('a page that was just allocated has no mapping: its mapcount tells how the kernel prints it', async () => {
  assert.deepEqual(mapcountOf(await captureOf([mapped, set(0)])), { base: 0, isKnown: true });
  assert.deepEqual(mapcountOf(await captureOf([mapped, set(-1)])), { base: 1, isKnown: true });
});

test('else the kernel’s release tells', async () => {
  const capture = await captureOf([mapped]);
  const of = (release: string) => mapcountOf({ ...capture, facts: [['kernel', release]] });
  assert.deepEqual(of('Linux box 6.9.12-arm64 #1 SMP'), { base: 0, isKnown: true });
  assert.deepEqual(of('Linux box 6.10.0-rc1 #1 SMP'), { base: 1, isKnown: true });
  assert.deepEqual(of('6.12.3'), { base: 1, isKnown: true });
  assert.deepEqual(of('5.15.0-91-generic'), { base: 0, isKnown: true });
  assert.deepEqual(mapcountOf({ ...capture, kernel: { release: '6.12.3', buildId: null } }), {
    base: 1,
    isKnown: true,
  });
  assert.deepEqual(mapcountOf(capture), { base: 0, isKnown: false });
});
