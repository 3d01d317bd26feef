/** Lines of any bytes become text, and these bytes again. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { bytesOf, linesOf } from '../../../src/cli/anyBytes';
import { below, seededRandom } from '../capture/support/random';

async function throughText(...pieces: readonly Uint8Array[]): Promise<{ lines: string[]; bytes: Buffer }> {
  const lines: string[] = [];
  for await (const line of linesOf(Readable.from(pieces))) lines.push(line);
  return { lines, bytes: Buffer.concat(lines.map((line) => Buffer.from(bytesOf(`${line}\n`)))) };
}

test('UTF-8 is text, also in pieces; a byte that is none stays one', async () => {
  const { lines, bytes } = await throughText(
    Buffer.from('a\r\nb\rc'),
    Buffer.from([0xc3]),
    Buffer.from([0xa4, 0x0a, 0xff, 0x20, 0xe2, 0x82, 0x0a]),
    Buffer.from('\u2028\ud83d\udc80'),
  );
  assert.deepEqual(lines, ['a\r', 'b\rc\u00e4', '\udcff \udce2\udc82', '\u2028\ud83d\udc80']);
  assert.deepEqual(
    bytes,
    Buffer.concat([
      Buffer.from('a\r\nb\rc\u00e4\n'),
      Buffer.from([0xff, 0x20, 0xe2, 0x82, 0x0a]),
      Buffer.from('\u2028\ud83d\udc80\n'),
    ]),
  );
});

test('any bytes in any pieces', async () => {
  const random = seededRandom(71);
  // Those that begin and go on with characters of UTF-8, halves of pairs among them, and line ends.
  const bytes = [0x0a, 0x0d, 0x41, 0x80, 0xa0, 0xb2, 0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0xff];
  for (let round = 0; round < 300; round++) {
    const whole = Buffer.from(
      Array.from({ length: below(random, 60) }, () => bytes[below(random, bytes.length)]!),
    );
    const pieces: Buffer[] = [];
    for (let at = 0; at < whole.length;) {
      const end = at + 1 + below(random, 9);
      pieces.push(whole.subarray(at, end));
      at = end;
    }
    const expected =
      whole.length === 0 || whole.at(-1) === 0x0a ? whole : Buffer.concat([whole, Buffer.of(0x0a)]);
    assert.deepEqual((await throughText(...pieces)).bytes, expected);
  }
});
