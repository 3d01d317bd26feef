/** How a file is cut into chunks. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { byteChunks } from '../../../src/capture/byteChunks';
import type { ByteSource } from '../../../src/capture/byteSource';
import { ProblemList } from '../../../src/capture/problemList';

const KB = 1024;

/** A file of which each byte says where it is, by its multiple of 64 KB. */
function numbered(size: number): ByteSource & { readonly asked: number[] } {
  const asked: number[] = [];
  const fill = (offset: number, target: Uint8Array): number => {
    const length = Math.min(target.length, size - offset);
    asked.push(target.length);
    for (let at = 0; at < length; at++) target[at] = (offset + at) / (64 * KB);
    return length;
  };
  return {
    ...{ name: 'numbered', size, asked },
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      return Promise.resolve(bytes.subarray(0, fill(offset, bytes)));
    },
    readInto: (offset, target) => Promise.resolve(fill(offset, target)),
  };
}

test('chunks begin small and double up to the size that was asked for, and hold what is in the file', async () => {
  const source = numbered(2000 * KB);
  const lengths: number[] = [];
  let offset = 0;
  for await (const chunk of byteChunks(source, { chunkSize: 300 * KB }, new ProblemList())) {
    lengths.push(chunk.length / KB);
    assert.ok(chunk.every((byte, at) => byte === Math.floor((offset + at) / (64 * KB))));
    offset += chunk.length;
  }
  assert.deepEqual(lengths, [64, 128, 256, 300, 300, 300, 300, 300, 52]);
});

test('whoever looks at the head alone has little read', async () => {
  const source = numbered(100_000 * KB);
  const chunks = byteChunks(source, {}, new ProblemList());
  await chunks.next();
  await chunks.return();
  assert.deepEqual(source.asked, [64 * KB, 128 * KB]);
});
