/** Files that are damaged, cut off or something else: what can be read is read, the rest is said. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ByteSource } from '../../../src/capture/byteSource';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, captureText, eventText, stackText } from './support/describeCapture';
import { below, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const EVENT = 'page_ref_set: pfn=0x12e8d flags=none count=1 mapcount=0 mapping=(nil) mt=4 val=1';
const at = (time: string, text = EVENT): string => `           owner-464     [003] ..... ${time}: ${text}\n`;

async function read(content: Uint8Array | string, chunkSize?: number): Promise<Capture> {
  const capture = await openCapture(memorySource(content), chunkSize === undefined ? {} : { chunkSize });
  assertConsistent(capture);
  return capture;
}

function bytesOf(...parts: readonly (string | readonly number[])[]): Uint8Array {
  const encoder = new TextEncoder();
  return new Uint8Array(
    parts.flatMap((part) => (typeof part === 'string' ? [...encoder.encode(part)] : part)),
  );
}

function randomBytes(length: number): Uint8Array {
  const random = seededRandom(7);
  return Uint8Array.from({ length }, () => below(random, 256));
}

/** A tar archive of one file; what stands between name and magic is not looked at. */
function tarOf(name: string, content: string): Uint8Array {
  const head = Buffer.alloc(512);
  head.write(name);
  head.write('ustar\0', 257);
  return Buffer.concat([head, Buffer.from(content), Buffer.alloc(1024)]);
}

test('a file of another kind is recognised and said', async (t) => {
  const utf16 = new Uint8Array([0xff, 0xfe, ...Buffer.from(at('1.0').repeat(3), 'utf16le')]);
  const cases: readonly (readonly [string, Uint8Array | string, string, RegExp])[] = [
    ['nothing', '', 'empty', /the file is empty, expected .*ftrace text/],
    [
      'an ELF file',
      bytesOf([0x7f], 'ELF', randomBytes(4000) as unknown as number[]),
      'unknown',
      /this is an ELF file, expected/,
    ],
    ['random bytes', randomBytes(100_000), 'unknown', /binary data/],
    [
      'random bytes without a line end',
      randomBytes(300_000).filter((byte) => byte !== 10),
      'unknown',
      /binary data/,
    ],
    ['zeros', new Uint8Array(200_000), 'unknown', /binary data/],
    ['UTF-16', utf16, 'unknown', /this is UTF-16 text.*iconv/],
    ['UTF-16 without a byte order mark', Buffer.from(at('1.0'), 'utf16le'), 'unknown', /-f UTF-16LE/],
    ['the same, big-endian', Buffer.from(at('1.0'), 'utf16le').swap16(), 'unknown', /-f UTF-16BE/],
    ['a tar of a trace', tarOf('trace.txt', at('1.0')), 'unknown', /this is a tar archive.*unpack it first/],
    ['the same, compressed', gzipSync(tarOf('trace.txt', at('1.0'))), 'unknown', /a tar archive/],
    ['gzip twice', gzipSync(gzipSync(at('1.0'))), 'unknown', /compressed once more, with gzip/],
    ['zstd', bytesOf([0x28, 0xb5, 0x2f, 0xfd, 0, 1, 2]), 'unknown', /zstd data ends at byte 7/],
    ['prose', 'No trace here.\n'.repeat(10_000), 'unknown', /no line of a trace was found in this text/],
    ['one byte', 'x', 'unknown', /no line of a trace/],
    ['gzip of nothing', gzipSync(''), 'empty', /empty/],
  ];
  for (const [name, content, format, message] of cases) {
    for (const chunkSize of [undefined, 5]) {
      if (chunkSize !== undefined && content.length > 50_000) continue;
      await t.test(`${name}${chunkSize === undefined ? '' : ', small chunks'}`, async () => {
        const capture = await read(content, chunkSize);
        assert.equal(capture.format, format);
        assert.equal(capture.events.length, 0);
        assert.equal(capture.problemCount, 1);
        assert.match(capture.problems[0]!.message, message);
        assert.match(capture.problems[0]!.message, /expected/);
      });
    }
  }
});

test('a recording behind the end of another one is said, and costs that nothing', async () => {
  for (const file of [
    'd_hard/trace.dat',
    'f_dat_v7_zstd/trace.dat',
    'f_dat_instance/trace.dat',
    'perf/multi.perf.data.gz',
  ]) {
    const bytes = textBytes(path.join(FIXTURES, file));
    const alone = await openCapture(memorySource(bytes));
    assert.deepEqual(alone.problems, []);
    const { problems, ...rest } = await openCapture(memorySource(Buffer.concat([bytes, bytes])));
    assert.deepEqual(
      problems.map(({ offset }) => offset),
      [bytes.length],
      file,
    );
    assert.match(problems[0]!.message, /^another recording begins at byte \d+/);
    assert.equal(captureText({ ...rest, problems: [], problemCount: 0 }), captureText(alone));
    const padded = await openCapture(memorySource(Buffer.concat([bytes, Buffer.alloc(5000)])));
    assert.equal(captureText(padded), captureText(alone));
  }
});

test('a trace without events is no error', async () => {
  const capture = await read(textBytes(path.join(FIXTURES, 'p_hard/trace.txt')));
  assert.equal(capture.format, 'ftrace');
  assert.equal(capture.problemCount, 0);
  assert.deepEqual(capture.facts[0], ['tracer', 'nop']);
});

test('lines that cannot be read are counted with their places, and cost nothing else', async () => {
  const garbage = ['what is this', '  1)   0.123 us    |  func();', 'owner-464 [003] no time here'];
  const capture = await read(at('1.0') + garbage.map((line) => `${line}\n`).join('') + at('2.0'));
  assert.equal(capture.events.length, 2);
  assert.deepEqual(
    capture.problems.map(({ line }) => line),
    [2, 3, 4],
  );
  assert.equal(capture.problems[0]!.offset, at('1.0').length);
  assert.match(capture.problems[0]!.message, /"what is this".*expected "task-pid \[cpu\]/);
});

test('a million bad lines are counted, a hundred are kept', async () => {
  const capture = await read(at('1.0') + 'bad\n'.repeat(1_000_000) + at('2.0'));
  assert.equal(capture.events.length, 2);
  assert.equal(capture.problemCount, 1_000_000);
  assert.equal(capture.problems.length, 100);
});

test('frames without a head are one problem a block', async () => {
  const capture = await read(` => a\n => b\n${at('1.0')}${at('1.1', '<stack trace>')} => c\n\n => d\n`);
  assert.equal(stackText(capture, capture.events.stack[0]!), 'c');
  assert.deepEqual(
    capture.problems.map(({ line, message }) => [line, message.slice(0, 12)]),
    [
      [1, 'stack frames'],
      [7, 'stack frames'],
    ],
  );
});

test('NUL bytes cost their line only', async () => {
  const capture = await read(
    bytesOf(at('1.0'), [0, 0, 0, 0], '\n', at('2.0'), '   own', [0], 'er-1 [000] 1.5: x\n'),
  );
  assert.equal(capture.events.length, 3);
  assert.equal(capture.problemCount, 1);
  assert.equal(capture.problems[0]!.line, 2);
});

test('a byte order mark and CR LF are passed over', async () => {
  const text = at('1.0') + at('1.1', '<stack trace>') + ' => f\n';
  const capture = await read(bytesOf([0xef, 0xbb, 0xbf], text.replaceAll('\n', '\r\n')));
  assert.equal(capture.problemCount, 0);
  assert.equal(capture.events.offset(0), 3);
  assert.equal(stackText(capture, capture.events.stack[0]!), 'f');
});

test('overlong lines are skipped, whatever they hold and however they are cut into chunks', async (t) => {
  const mega = 10 << 20;
  const cases: readonly (readonly [string, string, number])[] = [
    ['10 MB without meaning', `${'x'.repeat(mega)}\n`, 0],
    ['an event with 10 MB of fields', at('1.5', `${EVENT} ${'k=v '.repeat(mega / 4)}`), 0],
    ['an event with a name of 10 MB', at('1.5', `${'n'.repeat(mega)}: `), 0],
    [
      'a frame of 10 MB',
      at('1.5', EVENT) + at('1.6', '<stack trace>') + ` => a\n => ${'f'.repeat(mega)}\n`,
      1,
    ],
    ['a stack head of 10 MB', at('1.5', EVENT) + at('1.6', `<stack trace ${'>'.repeat(mega)}`), 1],
    ['a header of 10 MB', `# tracer: ${'x'.repeat(mega)}\n`, 0],
  ];
  for (const [name, overlong, events] of cases) {
    await t.test(name, async () => {
      const text = at('1.0') + overlong + at('2.0');
      const whole = await read(text, text.length);
      assert.equal(whole.events.length, 2 + events);
      assert.equal(whole.problemCount, 1);
      assert.match(
        whole.problems[0]!.message,
        /^a line of 104\d+ bytes, expected at most 65536; the line was skipped/,
      );
      for (const chunkSize of [1000, 70_000, 1 << 20]) {
        assert.equal(captureText(await read(text, chunkSize)), captureText(whole), `chunks of ${chunkSize}`);
      }
    });
  }
  await t.test('at the end of the file', async () => {
    for (const chunkSize of [1000, 1 << 24]) {
      const capture = await read(at('1.0') + 'x'.repeat(mega), chunkSize);
      assert.equal(capture.events.length, 1);
      assert.equal(capture.problemCount, 1);
      assert.deepEqual([capture.problems[0]!.line, capture.problems[0]!.offset], [2, at('1.0').length]);
    }
  });
});

test('the memory for an overlong line stays small', async () => {
  const text = new TextEncoder().encode(at('1.0'));
  const size = 400 << 20;
  const source: ByteSource = {
    name: 'one long line',
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.min(length, size - offset)).fill(0x78);
      if (offset === 0) bytes.set(text);
      return Promise.resolve(bytes);
    },
  };
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const capture = await openCapture(source, {
    onProgress: () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)),
  });
  assert.equal(capture.events.length, 1);
  assert.equal(capture.problemCount, 1);
  assert.ok(most < 200 << 20, `${most} bytes`);
});

test('a stack without end is cut into blocks', async () => {
  const text = at('1.0') + at('1.1', '<stack trace>') + ' => f\n'.repeat(200_000) + at('2.0');
  const whole = await read(text, text.length);
  assert.equal(whole.events.length, 2);
  assert.ok(whole.problemCount > 0);
  assert.equal(captureText(await read(text, 10_000)), captureText(whole));
});

test('a file that is cut off is read up to there', async () => {
  const text = at('1.0') + at('1.1', '<stack trace>') + ' => f\n => g\n' + at('2.0');
  for (let length = 1; length < text.length; length++) {
    const capture = await read(text.slice(0, length));
    const complete = text.slice(0, length).split('\n').length - 1;
    const isWhole = text[length - 1] === '\n';
    if (complete >= 1) {
      assert.equal(eventText(capture, 0).slice(0, 15), '0 [3] owner-464');
      assert.equal(
        capture.problems.some(({ message }) => message.startsWith('the file ends without a line end')),
        !isWhole,
      );
    }
    if (isWhole && complete >= 1) assert.equal(capture.problemCount, 0, String(length));
  }
});

test('gzip: cut off, damaged, several members, padded', async (t) => {
  const text = textBytes(path.join(FIXTURES, 'f_raw_tgid/trace.txt'));
  const whole = await read(text);
  const compressed = gzipSync(text);
  await t.test('cut off anywhere', async () => {
    let rows = 0;
    for (let length = 20; length < compressed.length; length += 197) {
      const capture = await read(compressed.subarray(0, length));
      assert.ok(capture.problemCount > 0, String(length));
      assert.match(capture.problems.at(-1)!.message, /gzip (data ends|checksum)/);
      assert.ok(capture.events.length >= rows);
      rows = capture.events.length;
      for (let row = 0; row < rows - 1; row++) assert.equal(eventText(capture, row), eventText(whole, row));
    }
    // Only the trailer is cut off: nothing of the text is.
    assert.equal((await read(compressed.subarray(0, -5))).events.length, whole.events.length);
  });
  await t.test('one bit flipped anywhere', async () => {
    for (let position = 11; position < compressed.length; position += 83) {
      const damaged = Uint8Array.from(compressed);
      damaged[position]! ^= 1 << (position % 8);
      const capture = await read(damaged);
      const isSame = captureText(capture) === captureText(await read(compressed));
      assert.ok(isSame || capture.problems.some(({ message }) => message.includes('gzip')), String(position));
    }
  });
  await t.test('several members', async () => {
    const middle = 9999;
    const parts = [text.subarray(0, middle), text.subarray(middle, middle), text.subarray(middle)];
    for (const chunkSize of [1, 100, 1 << 20]) {
      const capture = await read(Buffer.concat(parts.map((part) => gzipSync(part))), chunkSize);
      assert.deepEqual(capture.problems, []);
      assert.equal(capture.events.length, whole.events.length);
    }
  });
  await t.test('zeros behind it', async () => {
    const capture = await read(Buffer.concat([compressed, new Uint8Array(512)]));
    assert.equal(capture.events.length, whole.events.length);
    assert.equal(capture.problemCount, 0);
  });
});

test('a file that shrank since it was opened is read and said', async () => {
  const bytes = new TextEncoder().encode(at('1.0') + at('2.0'));
  const source = { ...memorySource(bytes), size: bytes.length + 100 };
  const capture = await openCapture(source);
  assert.equal(capture.events.length, 2);
  assert.match(
    capture.problems[0]!.message,
    /the file ends at byte \d+, expected \d+ bytes as when it was opened/,
  );
});

test('only the source can make reading fail', async () => {
  const failing: ByteSource = {
    name: 'gone',
    size: 1 << 22,
    read: (offset) =>
      offset === 0 ? Promise.resolve(new TextEncoder().encode(at('1.0'))) : Promise.reject(new Error('EIO')),
  };
  await assert.rejects(openCapture(failing), /EIO/);
});

test('reading can be cancelled and tells how far it is', async () => {
  const text = at('1.0').repeat(5000);
  const seen: number[] = [];
  const capture = await openCapture(memorySource(text), {
    // Larger ones begin smaller.
    chunkSize: 50_000,
    onProgress: (bytesRead, total) => {
      assert.equal(total, text.length);
      seen.push(bytesRead);
    },
  });
  assert.equal(capture.events.length, 5000);
  assert.deepEqual(
    seen,
    Array.from({ length: Math.ceil(text.length / 50_000) }, (_, i) =>
      Math.min((i + 1) * 50_000, text.length),
    ),
  );

  const controller = new AbortController();
  const reading = openCapture(memorySource(text), {
    chunkSize: 1000,
    signal: controller.signal,
    onProgress: (bytesRead) => {
      if (bytesRead > 50_000) controller.abort(new Error('enough'));
    },
  });
  await assert.rejects(reading, /enough/);
});
