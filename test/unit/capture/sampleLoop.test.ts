/** The sample loop makes the same of a perf.data as the code that reads any record. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { mock, test } from 'node:test';
import type { ByteSource } from '../../../src/capture/byteSource';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { PerfRecords } from '../../../src/capture/perfData/perfRecords';
import { contentOf, repeated } from '../../bench/generator/repeatCapture';
import { assertSameCapture, inSampleLoop, withoutSampleLoop } from './support/loops';
import { KERNEL_CONTEXT, USER_CONTEXT, SampleType, type AttributeText } from './support/perfDataWriter';
import { mixedRecords, PAGE_REF, recording, Records } from './support/perfRecording';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, readOnlySource, textBytes } from './support/sources';

const FILES = ['perf/multi.perf.data.gz', 'perf/kmem-zstd.perf.data.gz', 'perf/kmem-pipe.perf.data.gz'];
const SHAPES = [false, true].flatMap((pipe) =>
  [0, 100, 3000].map((piece) => ({ little: true, pipe, piece })),
);

/** What the loop makes of a file, which is what is made of it without; and how many samples were read without it. */
async function read(source: ByteSource, chunkSize = 1 << 20): Promise<{ capture: Capture; others: number }> {
  const readAny = mock.method(PerfRecords.prototype, 'read');
  const capture = await inSampleLoop(() => openCapture(source, { chunkSize }));
  const others = readAny.mock.calls.filter(({ arguments: [window] }) => window.type === 9).length;
  readAny.mock.restore();
  assertSameCapture(capture, await withoutSampleLoop(() => openCapture(source, { chunkSize })));
  return { capture, others };
}

for (const file of FILES) {
  test(`${file} is read alike in the loop and one sample after the other`, async () => {
    const bytes = textBytes(path.join(FIXTURES, file));
    for (const source of [memorySource(bytes), readOnlySource(bytes)]) {
      for (const chunkSize of [1 << 20, 4096, 61]) {
        const { capture, others } = await read(source, chunkSize);
        const { length } = capture.events;
        assert.ok(others < length / 2, `${others} of ${length}`);
      }
    }
  });
}

test('so is one of many batches, nearly all of whose samples the loop reads', async () => {
  const file = path.join(FIXTURES, 'perf/multi.perf.data.gz');
  const parts: Uint8Array[] = [];
  for await (const part of repeated(contentOf(file), file, 100)) parts.push(part);
  const { capture, others } = await read(memorySource(Buffer.concat(parts)), 1 << 16);
  assert.ok(capture.events.length > 9000, String(capture.events.length));
  assert.ok(others < capture.events.length / 10, `${others} of ${capture.events.length}`);
});

test('offsets in the file are right beyond 4 GB', async () => {
  const bytes = recording({ little: true, pipe: false, piece: 0 }, mixedRecords(true));
  const beyond = 5 * 2 ** 30;
  // struct perf_file_header: where the records are.
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setBigUint64(40, view.getBigUint64(40, true) + BigInt(beyond), true);
  const { capture } = await read({
    name: 'perf.data',
    size: bytes.length + beyond,
    read: (offset, length) => {
      const at = offset < beyond ? offset : offset - beyond;
      return Promise.resolve(bytes.slice(at, at + length));
    },
  });
  assert.equal(capture.events.length, 8);
  assert.ok(capture.events.offset(4) > beyond);
});

test('tasks, losses, frames of processes and events with other fields, in files and pipes, compressed or not', async () => {
  for (const shape of SHAPES) {
    const bytes = recording(shape, mixedRecords(true));
    for (const chunkSize of [1 << 20, 300, 17]) {
      const { capture } = await read(memorySource(bytes), chunkSize);
      assert.equal(capture.events.length, 8);
    }
  }
});

const FRAMES = [0xffffffff81000010n, 0xffffffff81000200n, 0xffffffff81000300n];

/** Call chains of any shape: without frames, without the kernel's, with a mark at the end, with several parts. */
function chain(random: () => number): bigint[] {
  const frames = FRAMES.slice(below(random, 4));
  switch (below(random, 6)) {
    case 0:
      return [];
    case 1:
      return [USER_CONTEXT, 0x401234n];
    case 2:
      return [KERNEL_CONTEXT, ...frames, USER_CONTEXT, 0x401234n];
    case 3:
      return [KERNEL_CONTEXT, ...frames, USER_CONTEXT];
    case 4:
      return [USER_CONTEXT, 0x401234n, KERNEL_CONTEXT, ...frames];
    default:
      return [KERNEL_CONTEXT, ...frames];
  }
}

test('call chains of any shape, on more CPUs than places for them', async () => {
  const random = seededRandom(3);
  const records = new Records(true);
  for (let i = 0; i < 3000; i++) {
    const cpu = pick(random, [0, 1, 4095, 4096, 65534, 65535, 70000]);
    records.pageRef({ tid: below(random, 5), time: 1000 + i, cpu, chain: chain(random) }, BigInt(i));
  }
  for (const shape of SHAPES) {
    const { capture } = await read(memorySource(recording(shape, records)));
    assert.equal(capture.events.length, 3000);
    assert.ok(capture.facts.some(([name, value]) => name.startsWith('user stacks') && Number(value) > 1000));
  }
});

test('more events than decoders, and ids that share a place', async () => {
  const attributes = Array.from({ length: 300 }, (_, i): AttributeText => ({
    ...PAGE_REF,
    ids: [10 + i * 4096],
  }));
  const random = seededRandom(4);
  const records = new Records(true);
  for (let i = 0; i < 3000; i++) {
    records.pageRef({
      time: 1000 + i,
      cpu: 0,
      id: 10 + below(random, 300) * 4096,
      chain: [KERNEL_CONTEXT, ...FRAMES],
    });
  }
  const { capture } = await read(
    memorySource(recording({ little: true, pipe: false, piece: 0 }, records, attributes)),
  );
  assert.equal(capture.events.length, 3000);
  assert.equal(capture.problemCount, 0);
});

test('samples without ids, without a time and without call chains', async () => {
  for (const bit of [SampleType.identifier, SampleType.time, SampleType.callchain, SampleType.cpu]) {
    const attribute = { ...PAGE_REF, sampleType: PAGE_REF.sampleType & ~bit };
    const records = new Records(true);
    for (let i = 0; i < 20; i++) {
      records.pageRef(
        { time: 1000 + i, cpu: 0, chain: [KERNEL_CONTEXT, ...FRAMES] },
        BigInt(i),
        2,
        -1,
        attribute,
      );
    }
    const bytes = recording({ little: true, pipe: false, piece: 0 }, records, [attribute]);
    assert.equal((await read(memorySource(bytes))).capture.events.length, 20);
  }
});

test('where there is no WebAssembly, samples are read one after the other', async () => {
  const bytes = textBytes(path.join(FIXTURES, 'perf/multi.perf.data.gz'));
  const { capture } = await read(memorySource(bytes));
  const instance = mock.method(WebAssembly, 'Instance', () => {
    throw new Error('no WebAssembly here');
  });
  const oneByOne = await inSampleLoop(() => openCapture(memorySource(bytes)));
  assert.ok(instance.mock.callCount() > 0);
  instance.mock.restore();
  assertSameCapture(oneByOne, capture);
});
