/** The zstd stream of a compressed perf.data: what it may ask for. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { StreamDecompressor } from '../../../src/capture/perfData/streamDecompressor';
import { ZstdGuard } from '../../../src/capture/perfData/zstdGuard';
import { ByteWriter, joinedBytes } from './support/perfDataWriter';
import { FIXTURES, textBytes } from './support/sources';

const MAGIC = 0xfd2fb528;

/** A frame's head with a window of 2^(10 + exponent) bytes. */
const head = (exponent: number): ByteWriter =>
  new ByteWriter(true)
    .u32(MAGIC)
    .u8(0)
    .u8(exponent << 3);

/** A block header: 0 stored, 1 one value over and over, 2 compressed, 3 reserved. */
function block(out: ByteWriter, type: number, size: number, isLast = false): ByteWriter {
  const value = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return out
    .u8(value & 0xff)
    .u8((value >> 8) & 0xff)
    .u8(value >> 16);
}

function decompress(bytes: Uint8Array, step = bytes.length): Uint8Array {
  const stream = new StreamDecompressor();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    for (const part of stream.push(bytes.slice(at, at + step))) parts.push(part.slice());
  }
  return joinedBytes([...parts, ...stream.end()]);
}

test('stored blocks and runs, in pieces of any size, over several frames', () => {
  const out = block(head(10), 0, 5).text('hello');
  block(out, 1, 1000).u8(7);
  block(out, 0, 1, true).text('!');
  // A frame of other data, then one more of zstd's.
  out.u32(0x184d2a53).u32(3).text('abc');
  out.raw(block(head(10), 0, 2).text('ok').done());
  const bytes = out.done();
  const expected = joinedBytes([
    new TextEncoder().encode('hello'),
    new Uint8Array(1000).fill(7),
    new TextEncoder().encode('!ok'),
  ]);
  for (const step of [1, 2, 3, 7, 100, 5000])
    assert.deepEqual(decompress(bytes, step), expected, String(step));
});

test('what asks for too much is refused before it is believed', () => {
  const refused: readonly (readonly [Uint8Array, RegExp])[] = [
    [head(18).done(), /a window of 268435456 bytes/],
    [
      new ByteWriter(true)
        .u32(MAGIC)
        .u8(0xe0)
        .u64(1n << 40n)
        .done(),
      /a window of 1099511627776 bytes/,
    ],
    [
      new ByteWriter(true)
        .u32(MAGIC)
        .u8(0xe3)
        .u32(5)
        .u64(1n << 33n)
        .done(),
      /a window of 8589934592 bytes/,
    ],
    [block(head(10), 3, 1).done(), /a block of type 3/],
    [block(head(10), 0, 1 << 18).done(), /a block of type 0 with 262144 bytes/],
    [new TextEncoder().encode('hello'), /no frame begins/],
  ];
  for (const [bytes, message] of refused) {
    assert.match(new ZstdGuard().check(bytes) ?? '', message);
    assert.throws(() => decompress(bytes), message);
  }
  for (const exponent of [0, 10, 17]) assert.equal(new ZstdGuard().check(head(exponent).done()), null);
});

test('a stream that grows beyond measure is given up', () => {
  const out = head(10);
  for (let i = 0; i < 3000; i++) block(out, 1, 1 << 17).u8(0);
  const stream = new StreamDecompressor();
  let size = 0;
  assert.throws(() => {
    for (const part of stream.push(out.done())) size += part.length;
  }, /bytes stand for/);
  assert.ok(size < 200 * 2 ** 20, `${size} bytes`);
});

test('what zstd itself writes, in pieces of any size', () => {
  const recording = textBytes(path.join(FIXTURES, 'perf/kmem-zstd.perf.data.gz'));
  const view = new DataView(recording.buffer, recording.byteOffset);
  const payloads: Uint8Array[] = [];
  let at = Number(view.getBigUint64(40, true));
  const end = at + Number(view.getBigUint64(48, true));
  for (; at < end; at += view.getUint16(at + 6, true)) {
    if (view.getUint32(at, true) === 81)
      payloads.push(recording.slice(at + 8, at + view.getUint16(at + 6, true)));
  }
  const stream = joinedBytes(payloads);
  const whole = decompress(stream);
  assert.ok(whole.length > 2 * stream.length);
  for (const step of [1, 3, 50, 1000]) assert.deepEqual(decompress(stream, step), whole, String(step));
});
