/** Damaged and hostile files with debug info cost a message: nothing throws, hangs, or takes memory without end. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { callSites, JumpSearch } from '../../../src/source/debugCallSites';
import { DebugFile, type CodeSymbol } from '../../../src/source/debugFile';
import { DebugFileError } from '../../../src/source/elf/debugProblems';
import { damagedBinary } from '../capture/support/mutation';
import { processorTime } from '../capture/support/processorTime';
import { below, pick, seededRandom } from '../capture/support/random';
import { framesOf, memoryRanges } from './debugSupport';

const FOLDER = 'test/fixtures/debugInfo';
const INPUTS = 20_000;
/** ms; a small file takes less than one. */
const LONGEST = 3000;
/** Bytes read for each byte of the file: what is asked here reads some parts several times. */
const MOST_READ = 400;
/** Bytes; the files have some 10 kB. */
const MOST_MEMORY = 400e6;

const originals = readdirSync(FOLDER)
  .filter((name) => /\.(elf|ko)$/.test(name))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(path.join(FOLDER, name))) }));

/** The functions and lines of the functions that the samples have. */
async function readAll(bytes: Uint8Array): Promise<{ lines: string[]; problems: number; bytesRead: number }> {
  const source = memoryRanges('sample', bytes);
  const file = await DebugFile.open(source, 1 << 16);
  const lines: string[] = [];
  const find = async (name: string): Promise<{ file: DebugFile; symbol: CodeSymbol }[]> =>
    (await file.symbolsNamed(name)).slice(0, 3).map((symbol) => ({ file, symbol }));
  for (const name of ['caller', 'same', 'outer']) {
    for (const found of await find(name)) {
      const { address, size } = found.symbol;
      const offsets = [0, 1, 7, 20, 33, Math.max(0, size - 1)];
      const locations = await file.lookUpAll(
        offsets.map((offset) => address + BigInt(Math.floor(offset % 2 ** 40))),
      );
      lines.push(...locations.map((location) => framesOf(location).join(' < ')));
      lines.push((await file.definitionAt(address))?.file ?? '');
      for (const site of await callSites(found, 'other', new JumpSearch(find)))
        lines.push(`${site.kind} ${site.places.length}`);
    }
  }
  lines.push(file.buildId ?? '', file.debugLink?.name ?? '', file.alternate ?? '');
  await file.lookUp(0x1234n);
  await file.kernelRelease();
  return { lines, problems: file.problems.count, bytesRead: source.bytesRead };
}

test('the samples are read without a problem', async () => {
  for (const { name, bytes } of originals) {
    const { lines, problems } = await readAll(bytes);
    assert.equal(problems, 0, name);
    assert.ok(
      lines.some((line) => /^twice .*inline\.h:\d+:\d+ < wrapped .* < caller /.test(line)),
      name,
    );
    assert.ok(lines.includes('tail 1'), name);
    if (name === 'links.elf')
      assert.deepEqual(lines.slice(-2), ['sample.debug', '/usr/lib/debug/.dwz/sample.dwz']);
  }
});

test(`${INPUTS} damaged files`, async (t) => {
  const random = seededRandom(5);
  let refused = 0;
  let withProblems = 0;
  let read = 0;
  let slowest = 0;
  for (let i = 0; i < INPUTS; i++) {
    const { name, bytes } = pick(random, originals);
    const damaged = damage(random, bytes);
    const begun = processorTime();
    try {
      const { problems, bytesRead } = await readAll(damaged);
      if (problems > 0) withProblems++;
      else read++;
      assert.ok(bytesRead < MOST_READ * bytes.length + (1 << 22), `${name} ${i}: ${bytesRead} bytes read`);
    } catch (error) {
      if (!(error instanceof DebugFileError)) throw new Error(`${name}, damage ${i}`, { cause: error });
      assert.match(error.message, /^sample: /);
      refused++;
    }
    const took = processorTime() - begun;
    slowest = Math.max(slowest, took);
    assert.ok(took < LONGEST, `${name}, damage ${i}: ${took} ms`);
  }
  const { rss } = process.memoryUsage();
  t.diagnostic(
    `${refused} refused, ${withProblems} with problems, ${read} read; slowest ${Math.round(slowest)} ms, ` +
      `${Math.round(rss / 1e6)} MB`,
  );
  assert.ok(refused > 20 && withProblems > 100 && read > 100);
  assert.ok(rss < MOST_MEMORY, `${rss} bytes of memory`);
});

test('every file that is cut off', async () => {
  for (const { name, bytes } of originals) {
    for (let length = 0; length < bytes.length; length += 13) {
      try {
        await readAll(bytes.slice(0, length));
      } catch (error) {
        assert.ok(error instanceof DebugFileError, `${name} cut at ${length}: ${String(error)}`);
      }
    }
  }
});

/** One to three damages; most in place, as anything that moves the rest mostly ruins the headers. */
function damage(random: () => number, bytes: Uint8Array): Uint8Array {
  let damaged: Uint8Array = Uint8Array.from(bytes);
  for (let count = 1 + below(random, 3); count > 0; count--) {
    const at = below(random, damaged.length);
    switch (below(random, 6)) {
      case 0:
        damaged = damagedBinary(
          random,
          damaged,
          originals.map((original) => original.bytes),
        );
        break;
      case 1:
        damaged[at] = below(random, 256);
        break;
      case 2: {
        // A size, an offset, or a count that is absurd.
        const view = new DataView(damaged.buffer, damaged.byteOffset, damaged.byteLength);
        if (at + 8 > damaged.length) break;
        const value = pick(random, [
          0n,
          1n,
          0x7fffffffn,
          0xfffffff0n,
          0xffffffffn,
          2n ** 53n,
          2n ** 63n,
          2n ** 64n - 1n,
        ]);
        if (below(random, 2) === 0) view.setBigUint64(at, value, true);
        else view.setUint32(at, Number(value & 0xffffffffn), true);
        break;
      }
      case 3:
        damaged.fill(pick(random, [0x80, 0xff, 0]), at, at + below(random, 40));
        break;
      case 4:
        damaged.copyWithin(at, below(random, damaged.length), below(random, damaged.length));
        break;
      default: {
        // In a section header, which says where everything is.
        const headers = damaged.length - below(random, Math.min(2000, damaged.length));
        if (headers < damaged.length) damaged[headers] = below(random, 256);
      }
    }
  }
  return damaged;
}
