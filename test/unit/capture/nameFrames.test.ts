/** Symbol files beside captures whose frames are bare addresses: what they may name, and what they must not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Capture } from '../../../src/capture/eventTable';
import { readSymbolFile, type Kallsyms } from '../../../src/capture/kallsyms';
import { nameFrames, type NamedCapture } from '../../../src/capture/nameFrames';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { stackText } from './support/describeCapture';
import { FIXTURES, memorySource } from './support/sources';

const RECORDING = gunzipSync(readFileSync(path.join(FIXTURES, 'perf/multi.perf.data.gz')));
const KALLSYMS = gunzipSync(readFileSync(path.join(FIXTURES, 'perf/multi.kallsyms.gz'))).toString('latin1');
/** How far KASLR moved the kernel in that recording. */
const KASLR = 0x3d000000n;

async function symbolsOf(text: string | Uint8Array): Promise<Kallsyms> {
  const read = await readSymbolFile(memorySource(text, 'symbols'));
  assert.ok(read?.kallsyms);
  return read.kallsyms;
}

/** The lines with every address changed. */
function moved(kallsyms: string, change: (address: bigint) => bigint): string {
  return kallsyms.replace(/^[0-9a-f]{16}/gm, (digits) =>
    change(BigInt(`0x${digits}`))
      .toString(16)
      .padStart(16, '0'),
  );
}

/** The same addresses with the names of others, as another build has them. */
function anotherBuild(kallsyms: string): string {
  const lines = kallsyms.trimEnd().split('\n');
  const names = lines.map((line) => line.slice(17));
  const shift = Math.floor(lines.length / 2);
  return lines.map((line, i) => `${line.slice(0, 17)}${names[(i + shift) % names.length]}\n`).join('');
}

/** `trace-cmd report` with addresses, and the kallsyms that names them; `left` says which names stay. */
function bareReport(left: (name: string) => boolean): { text: string; kallsyms: string } {
  const report = gunzipSync(readFileSync(path.join(FIXTURES, 'a_held/report.txt.gz'))).toString();
  const symbols = new Map<string, string>();
  const text = report.replace(/=> (\S+) \(([0-9a-f]{16})\)/g, (frame, name: string, address: string) => {
    symbols.set(address, name);
    return left(name) ? frame : `=> ${address}`;
  });
  // A return address is in the function, and not where it begins.
  const lines = [...symbols].sort().map(([address, name]) => `${address} T ${name}\n`);
  return { text, kallsyms: moved(lines.join(''), (address) => address - 1n) };
}

async function namedReport(
  left: (name: string) => boolean,
  change: (kallsyms: string) => string = (text) => text,
): Promise<NamedCapture> {
  const { text, kallsyms } = bareReport(left);
  return nameFrames(await openCapture(memorySource(text)), await symbolsOf(change(kallsyms)));
}

const held = (capture: Capture): readonly string[] =>
  analyseHolders(capture).pages.flatMap(({ references }) =>
    references.filter(({ role }) => role === 'held').map(({ holder }) => holder),
  );

test('only files that begin like kallsyms or System.map are taken for symbol files', async () => {
  assert.equal(await readSymbolFile(memorySource('# tracer: nop\n')), null);
  assert.equal(await readSymbolFile(memorySource('')), null);
  assert.equal(await readSymbolFile(memorySource(RECORDING)), null);
  const hidden = await readSymbolFile(
    memorySource(
      moved(KALLSYMS, () => 0n),
      'kallsyms',
    ),
  );
  assert.equal(hidden?.kallsyms, null);
  assert.match(hidden.problems[0]!.message, /all addresses are 0/);
  for (const content of [KALLSYMS, gzipSync(KALLSYMS)]) {
    assert.equal((await symbolsOf(content)).hasModules, false);
  }
  assert.equal((await symbolsOf(`${KALLSYMS}ffffffffc0100000 t ext4_map_blocks\t[ext4]\n`)).hasModules, true);
});

test('a perf.data that is open gets the names that it would have been read with', async () => {
  const bare = await openCapture(memorySource(RECORDING));
  const whole = await openCapture(memorySource(RECORDING), { kallsyms: memorySource(KALLSYMS) });
  assert.deepEqual([bare.problemCount, bare.missingNames === null], [0, false]);
  const { capture, bare: addresses, named, shift, refusal } = nameFrames(bare, await symbolsOf(KALLSYMS));
  assert.deepEqual([refusal, shift, named], [null, 0n, addresses]);
  assert.deepEqual([capture.problemCount, capture.missingNames], [0, null]);
  for (let stack = 0; stack < capture.symbols.stackCount; stack++) {
    assert.equal(stackText(capture, stack), stackText(whole, stack));
  }
  assert.deepEqual(held(bare), []);
  assert.deepEqual(held(capture), held(whole));
  assert.equal(held(capture).length, 3);
});

test('a System.map is moved as far as the recording says that KASLR moved its kernel', async () => {
  const bare = await openCapture(memorySource(RECORDING));
  const named = nameFrames(bare, await symbolsOf(moved(KALLSYMS, (address) => address - KASLR)));
  assert.deepEqual([named.refusal, named.shift, named.named], [null, KASLR, named.bare]);
  assert.equal(held(named.capture).length, 3);
});

test('symbols of another boot or another kernel name nothing, and it is said why', async () => {
  const bare = await openCapture(memorySource(RECORDING));
  const module = 'ffffffffc0100000 t ext4_map_blocks\t[ext4]\n';
  const cases: readonly (readonly [string, RegExp])[] = [
    // Modules are placed by themselves at each boot: their names would be wrong.
    [
      moved(KALLSYMS, (address) => address - KASLR) + module,
      /^of another boot: _text is at 0xffffffff81000000/,
    ],
    [anotherBuild(KALLSYMS), /^of another kernel or boot/],
    [moved(anotherBuild(KALLSYMS), (address) => address - KASLR), /^of another (?:kernel or )?boot/],
    ['0000000000001000 T _text\n0000000000002000 T nothing\n', /^of another kernel or boot/],
  ];
  for (const [text, refusal] of cases) {
    const named = nameFrames(bare, await symbolsOf(text));
    assert.match(named.refusal ?? 'used', refusal);
    assert.equal(named.capture, bare);
    assert.equal(named.named, 0);
  }
});

test('a text with bare addresses alone: the stacks of its events tell whether the names fit', async () => {
  const named = await namedReport(() => false);
  assert.equal(named.refusal, null);
  assert.equal(named.named, named.bare);
  assert.equal(held(named.capture).length, 3);
  const off = (bytes: bigint) => (text: string) => moved(text, (address) => address + bytes);
  for (const change of [anotherBuild, off(0x100n), off(0x200000n), off(-0x200000n)]) {
    assert.match((await namedReport(() => false, change)).refusal ?? 'used', /^of another kernel or boot/);
  }
});

test('a kernel before 5.8 has other entries, with which its kallsyms fit', async () => {
  const renamed = (text: string): string => text.replace(/\bentry_SYSCALL_64_after_hwframe\b/g, 'page_fault');
  const { text, kallsyms } = bareReport(() => false);
  const named = nameFrames(
    await openCapture(memorySource(text)),
    // That this architecture's entries are known is told by a function of it.
    await symbolsOf(`${renamed(kallsyms)}fffffffffff00000 T entry_SYSCALL_64_after_hwframe\n`),
  );
  assert.equal(named.refusal, null);
  assert.equal(held(named.capture).length, 3);
});

test('a text with some names: the file must agree with them', async () => {
  const left = (name: string): boolean => !/pipe|splice|iov_iter/.test(name);
  const named = await namedReport(left);
  assert.equal(named.refusal, null);
  assert.ok(named.bare > 0 && named.named === named.bare);
  assert.equal(held(named.capture).length, 3);
  assert.match(
    (await namedReport(left, anotherBuild)).refusal ?? 'used',
    /^of another kernel or boot: of \d+ frames with address and name, it names \d+ the same$/,
  );
});

test('a capture that has all names keeps them', async () => {
  const named = await namedReport(() => true);
  assert.deepEqual([named.bare, named.named, named.refusal], [0, 0, 'all its frames have names already']);
});
