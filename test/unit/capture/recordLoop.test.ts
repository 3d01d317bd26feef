/** The record loop makes the same of a trace.dat as the code that reads any record. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { mock, test } from 'node:test';
import type { ByteSource } from '../../../src/capture/byteSource';
import { openCapture } from '../../../src/capture/openCapture';
import { CpuCursor } from '../../../src/capture/traceDat/cpuCursor';
import { RecordLoop } from '../../../src/capture/loop/recordLoop';
import { contentOf, repeated } from '../../bench/generator/repeatCapture';
import { below, seededRandom } from './support/random';
import { assertSameCapture, inRecordLoop, withoutRecordLoop } from './support/loops';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import { recordData, writeTraceDat, type RecordText } from './support/traceDatWriter';

const FILES = readdirSync(FIXTURES)
  .map((name) => path.join(FIXTURES, name, 'trace.dat'))
  .filter((file) => existsSync(file));

for (const file of FILES) {
  test(`${file} is read alike in the loop and one record after the other`, async () => {
    const bytes = textBytes(file);
    for (const chunkSize of [1 << 20, 4096]) {
      const inLoop = await inRecordLoop(() => openCapture(memorySource(bytes), { chunkSize }));
      assert.ok(inLoop.events.length > 0);
      assertSameCapture(
        inLoop,
        await withoutRecordLoop(() => openCapture(memorySource(bytes), { chunkSize })),
      );
    }
  });
}

test('so is one of many batches, nearly all of whose records the loop reads', async () => {
  const file = path.join(FIXTURES, 'a_reader/trace.dat');
  const parts: Uint8Array[] = [];
  for await (const part of repeated(contentOf(file), file, 50)) parts.push(part);
  const bytes = new Uint8Array(Buffer.concat(parts));
  const flush = mock.method(RecordLoop.prototype, 'flush');
  const advance = mock.method(CpuCursor.prototype, 'advance');
  const inLoop = await inRecordLoop(() => openCapture(memorySource(bytes)));
  const flushes = flush.mock.callCount();
  const steps = advance.mock.callCount();
  flush.mock.restore();
  advance.mock.restore();
  assert.ok(inLoop.events.length > 9000);
  // It turns nearly all pages by itself.
  assert.ok(steps - flushes < bytes.length / 4096 / 4, `${steps} steps`);
  // Each record that is none for the loop has it end its batch.
  assert.ok(flushes > inLoop.events.length / 1024 && flushes < inLoop.events.length / 10, String(flushes));
  assertSameCapture(inLoop, await withoutRecordLoop(() => openCapture(memorySource(bytes))));
});

test('offsets in the file are right beyond 4 GB', async () => {
  const bytes = smallFile();
  const beyond = 5 * 2 ** 30;
  const first = moveCpuData(bytes, beyond);
  const far: ByteSource = {
    name: 'trace.dat',
    size: bytes.length + beyond,
    read: (offset, length) => {
      const at = offset < first ? offset : offset - beyond;
      const end = offset < first ? first : bytes.length;
      return Promise.resolve(bytes.subarray(at, Math.min(at + length, end)));
    },
  };
  const inLoop = await inRecordLoop(() => openCapture(far));
  assert.ok(inLoop.events.length > 10);
  assert.ok(inLoop.events.offset(9) > beyond);
  assertSameCapture(inLoop, await withoutRecordLoop(() => openCapture(far)));
});

const PAGE_REF_MOD = events.pageRefEvent('page_ref_mod', 616, { flags: events.flagsArgument(['locked']) });

/** A file of version 6 with one CPU, on which a page is got and put. */
function smallFile(): Uint8Array {
  const shape = { version: 6 } as const;
  const records = Array.from({ length: 20 }, (_, i): RecordText[] => {
    const time = BigInt(1000 + i * 100);
    const tail = new ByteWriter(true).u64(0xffffffff81001000n).u64(0xffffffff81002000n).done();
    const stack = recordData({}, events.KERNEL_STACK, 130, { size: 2 }, { tail });
    return [
      {
        time,
        data: recordData({}, PAGE_REF_MOD, 130, { pfn: 0x12800, count: i % 2, val: 1 - 2 * (i % 2) }),
      },
      { time: time + 1n, data: stack },
    ];
  });
  const kinds = [PAGE_REF_MOD, events.KERNEL_STACK];
  return writeTraceDat({ ...shape, events: kinds, buffers: [{ name: '', cpus: [records.flat()] }] });
}

/** Has a file of version 6 say that the pages of its CPU are `by` bytes further behind; returns where they are. */
function moveCpuData(bytes: Uint8Array, by: number): number {
  const table = Buffer.from(bytes).indexOf('flyrecord\0') + 10;
  const view = new DataView(bytes.buffer);
  const first = Number(view.getBigUint64(table, true));
  view.setBigUint64(table, BigInt(first + by), true);
  return first;
}

test('so are many CPUs, whose events come in turns, and some at one time', async () => {
  const random = seededRandom(7);
  const cpus = Array.from({ length: 11 }, () => {
    let time = 1000;
    return Array.from({ length: 150 }, (): RecordText[] => {
      time += below(random, 40);
      const pid = 100 + below(random, 5);
      const data = recordData({}, PAGE_REF_MOD, pid, { pfn: below(random, 50), count: 1, val: -1 });
      const tail = new ByteWriter(true).u64(0xffffffff81001000n + BigInt(below(random, 4))).done();
      const stack = recordData({}, events.KERNEL_STACK, pid, { size: 1 }, { tail });
      return [
        { time: BigInt(time), data },
        { time: BigInt(time), data: stack },
      ];
    }).flat();
  });
  const kinds = [PAGE_REF_MOD, events.KERNEL_STACK];
  const bytes = writeTraceDat({ version: 6, events: kinds, buffers: [{ name: '', cpus }] });
  const inLoop = await inRecordLoop(() => openCapture(memorySource(bytes)));
  assert.equal(inLoop.events.length, 11 * 150);
  assert.equal(inLoop.stackRecords, 11 * 150);
  assertSameCapture(inLoop, await withoutRecordLoop(() => openCapture(memorySource(bytes))));
});

test('where there is no WebAssembly, records are read one after the other', async () => {
  const bytes = textBytes(path.join(FIXTURES, 'a_reader/trace.dat'));
  const inLoop = await inRecordLoop(() => openCapture(memorySource(bytes)));
  const instance = mock.method(WebAssembly, 'Instance', () => {
    throw new Error('no WebAssembly here');
  });
  const oneByOne = await inRecordLoop(() => openCapture(memorySource(bytes)));
  assert.ok(instance.mock.callCount() > 0);
  instance.mock.restore();
  assertSameCapture(oneByOne, inLoop);
});
