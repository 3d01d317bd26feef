/** Addresses of the shared kernel and its modules are what llvm-symbolizer says they are. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { DebugFile } from '../../../src/source/debugFile';
import { below, seededRandom } from '../capture/support/random';
import {
  fileSource,
  framesOf,
  isOnPath,
  llvmFrames,
  sharedFile,
  textSymbols,
  workFolder,
  type FrameText,
} from './debugSupport';

const KERNEL_ADDRESSES = 5000;
const MODULE_ADDRESSES = 1000;

interface Asked {
  /** For both the same place in the code; modules are at other addresses once they are linked. */
  readonly ours: bigint;
  readonly theirs: bigint;
}

test('addresses of the kernel: functions, files, lines and inlined functions', async (t) => {
  const file = needed(t, 'vmlinux');
  if (file === null) return;
  const random = seededRandom(61);
  const symbols = textSymbols(file);
  const addresses = Array.from({ length: KERNEL_ADDRESSES }, () => {
    const symbol = symbols[below(random, symbols.length)]!;
    const address = symbol.address + BigInt(below(random, symbol.size));
    return { ours: address, theirs: address };
  });
  await compare(t, file, file, addresses);
});

for (const name of ['ext4', 'jbd2', 'mbcache']) {
  test(`addresses of ${name}.ko, whose debug info has to be relocated`, async (t) => {
    const file = needed(t, `${name}.ko`);
    if (file === null) return;
    // llvm-symbolizer cannot be told a section of a relocatable file, so a linker lays it out for it.
    const linked = path.join(workFolder(), `${name}.linked`);
    if (!existsSync(linked)) {
      execFileSync('ld', ['--unresolved-symbols=ignore-all', '-e', '0', '-o', linked, file], {
        stdio: 'ignore',
      });
    }
    const source = fileSource(file, true);
    const module = await DebugFile.open(source);
    const random = seededRandom(62);
    const symbols = textSymbols(linked);
    const counts = new Map<string, number>();
    for (const { name: symbol } of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    const unique = symbols.filter((symbol) => counts.get(symbol.name) === 1);
    const addresses: Asked[] = [];
    while (addresses.length < MODULE_ADDRESSES) {
      const symbol = unique[below(random, unique.length)]!;
      const [own, ...others] = await module.symbolsNamed(symbol.name);
      if (own === undefined || others.length > 0) continue;
      const offset = BigInt(below(random, symbol.size));
      addresses.push({ ours: own.address + offset, theirs: symbol.address + offset });
    }
    source.close();
    await compare(t, file, linked, addresses);
  });
}

/** Every difference must be one of those that are explained here. */
async function compare(
  t: TestContext,
  file: string,
  reference: string,
  asked: readonly Asked[],
): Promise<void> {
  const expected = llvmFrames(
    reference,
    asked.map(({ theirs }) => theirs),
  );
  const source = fileSource(file, true);
  const debugFile = await DebugFile.open(source);
  const found = await debugFile.lookUpAll(asked.map(({ ours }) => ours));
  source.close();
  const explained = new Map<string, number>();
  const wrong: string[] = [];
  let inlined = 0;
  for (const [i, location] of found.entries()) {
    const ours = framesOf(location);
    const theirs = expected[i]!;
    if (ours.length > 1) inlined++;
    if (ours.join('\n') === theirs.join('\n')) continue;
    const reason = explain(ours, theirs);
    if (reason === null)
      wrong.push(`${asked[i]!.ours.toString(16)}\n  ours ${ours.join(', ')}\n  llvm ${theirs.join(', ')}`);
    else explained.set(reason, (explained.get(reason) ?? 0) + 1);
  }
  t.diagnostic(
    `${asked.length} addresses, ${inlined} in inlined functions, ${debugFile.problems.count} problems`,
  );
  for (const [reason, count] of explained) t.diagnostic(`${count}: ${reason}`);
  assert.deepEqual(wrong.slice(0, 20), []);
  assert.equal(debugFile.problems.count, 0);
}

function explain(ours: readonly FrameText[], theirs: readonly FrameText[]): string | null {
  if (ours.length === 1 && theirs.length === 1) {
    const [our, their] = [ours[0]!.split(' '), theirs[0]!.split(' ')];
    if (their[0] === '??' && our[0] !== '??' && our[1] === their[1]) {
      return 'code without an entry for its function (assembly, copies that GCC merged): the symbol names it';
    }
  }
  return null;
}

function needed(t: TestContext, name: string): string | null {
  const missing = ['llvm-symbolizer', 'nm', 'ld', 'xz'].filter((program) => !isOnPath(program));
  if (missing.length > 0) {
    t.skip(`${missing.join(', ')} not found: npm test installs them from Debian`);
    return null;
  }
  const file = sharedFile(name);
  if (file === null) t.skip(`no ../shared/kernel/${name}.xz here`);
  return file;
}
