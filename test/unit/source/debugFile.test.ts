/** Small programs compiled in many ways: what is read from them is what llvm-symbolizer reads, and what was written. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { callSites, JumpSearch, type FindFunctions } from '../../../src/source/debugCallSites';
import { DebugFile } from '../../../src/source/debugFile';
import { KernelDebugInfo } from '../../../src/source/kernelDebugInfo';
import { fileSource, framesOf, isOnPath, llvmFrames, textSymbols, workFolder } from './debugSupport';

/** Line numbers in the tests are those of these files. */
const SOURCES = 'test/fixtures/debugInfo';

interface Variant {
  readonly name: string;
  readonly compiler?: string;
  readonly linker?: string;
  readonly flags: readonly string[];
  /** For ld. */
  readonly link?: readonly string[];
}

const arm = { compiler: 'aarch64-linux-gnu-gcc', linker: 'aarch64-linux-gnu-ld' };
const VARIANTS: readonly Variant[] = [
  { name: 'DWARF 5', flags: ['-gdwarf-5'] },
  { name: 'DWARF 4', flags: ['-gdwarf-4'] },
  { name: 'DWARF 3', flags: ['-gdwarf-3', '-gstrict-dwarf'] },
  { name: 'DWARF 2', flags: ['-gdwarf-2', '-gstrict-dwarf'] },
  { name: '64-bit DWARF 5', flags: ['-gdwarf-5', '-gdwarf64'] },
  { name: 'a section for each function', flags: ['-gdwarf-5', '-ffunction-sections'] },
  { name: 'no optimisation', flags: ['-gdwarf-5', '-O0'] },
  { name: 'a 32-bit program', flags: ['-gdwarf-4', '-m32', '-fno-pic'], link: ['-m', 'elf_i386'] },
  { name: 'Clang, DWARF 5', compiler: 'clang-14', flags: ['-gdwarf-5'] },
  { name: 'Clang, DWARF 4', compiler: 'clang-14', flags: ['-gdwarf-4'] },
  { name: 'arm64', ...arm, flags: ['-gdwarf-5'] },
  {
    name: 'big-endian arm64',
    ...arm,
    flags: ['-gdwarf-4', '-mbig-endian'],
    link: ['-EB', '-m', 'aarch64linuxb'],
  },
];

const COMPRESSIONS = ['zlib', 'zlib-gnu', 'zstd'];

const missing = ['gcc', 'ld', 'nm', 'objcopy', 'llvm-symbolizer'].filter((program) => !isOnPath(program));
const without = missing.length > 0 ? `${missing.join(', ')} not found: npm test installs them` : false;

describe('debug info of compiled programs', { skip: without }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(workFolder(), 'compiled-'));
    for (const name of ['inline.h', 'main.c', 'other.c']) {
      copyFileSync(path.join(SOURCES, name), path.join(folder, name));
    }
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const variant of VARIANTS) {
    test(`${variant.name}: a program and a relocatable file`, async (t) => {
      const built = build(t, folder, variant);
      if (built === null) return;
      const addresses = await checkProgram(built.program, built.program);
      await checkRelocatable(built, built.relocatable);
      t.diagnostic(`${addresses} addresses`);
    });
  }

  for (const compression of COMPRESSIONS) {
    test(`sections compressed with ${compression}`, async (t) => {
      const built = build(t, folder, VARIANTS[0]!);
      if (built === null) return;
      for (const file of [built.program, built.relocatable]) {
        const made = spawnSync('objcopy', [
          `--compress-debug-sections=${compression}`,
          file,
          `${file}.packed`,
        ]);
        if (made.status !== 0) {
          t.skip(`objcopy here has no ${compression}`);
          return;
        }
      }
      await checkProgram(`${built.program}.packed`, built.program);
      await checkRelocatable(built, `${built.relocatable}.packed`);
    });
  }

  test('a file that must be waited for says the same', async (t) => {
    const built = build(t, folder, VARIANTS[0]!);
    if (built === null) return;
    await checkProgram(built.program, built.program, false);
    await checkRelocatable(built, built.relocatable, false);
  });

  test('entries in a .dwo file: the line is there, and it is said that the rest is not', async (t) => {
    const built = build(t, folder, { name: 'split', flags: ['-gdwarf-5', '-gsplit-dwarf'] });
    if (built === null) return;
    await withDebugFile(built.program, async (file) => {
      const [symbol] = await file.symbolsNamed('other');
      const location = await file.lookUp(symbol!.address);
      assert.equal(location.isSplit, true);
      assert.equal(location.places.length, 1);
      assert.equal(location.places[0]!.function, 'other');
      assert.equal(location.places[0]!.line, 11);
      const info = new KernelDebugInfo(file);
      const [frame] = await info.locate([{ function: 'other', offset: 0, module: null }]);
      assert.match(frame!.note, /described in a \.dwo file/);
      assert.equal(frame!.places[0]!.line, 11);
    });
  });

  test('two functions of one name are told apart by their sizes', async (t) => {
    const built = build(t, folder, VARIANTS[0]!);
    if (built === null) return;
    await withDebugFile(built.program, async (file) => {
      const symbols = await file.symbolsNamed('same');
      assert.equal(symbols.length, 2);
      assert.notEqual(symbols[0]!.size, symbols[1]!.size);
      const files = new Set<string>();
      for (const { address } of symbols) {
        files.add(path.basename((await file.lookUp(address)).places.at(-1)!.file!));
        const definition = await file.definitionAt(address);
        assert.ok([7, 4].includes(definition!.line!), String(definition!.line));
      }
      assert.deepEqual([...files].sort(), ['main.c', 'other.c']);
    });
  });

  for (const variant of [VARIANTS[0]!, VARIANTS[1]!, VARIANTS[8]!]) {
    test(`${variant.name}: where one function calls another`, async (t) => {
      const built = build(t, folder, variant);
      if (built === null) return;
      await withDebugFile(built.program, async (file) => {
        const find: FindFunctions = async (name) =>
          (await file.symbolsNamed(name)).map((symbol) => ({ file, symbol }));
        const sites = async (caller: string, callee: string): Promise<string[]> => {
          const found: string[] = [];
          for (const one of await find(caller)) {
            for (const { kind, places, jumpsThrough } of await callSites(one, callee, new JumpSearch(find))) {
              const lines = places.map((place) => `${place.function}:${place.line}`);
              found.push([kind, ...jumpsThrough, ...lines].join(' '));
            }
          }
          return found.sort();
        };
        assert.deepEqual(await sites('caller', 'same'), ['direct caller:23']);
        // Twice through the inlined function.
        assert.deepEqual(await sites('caller', 'other'), [
          'direct wrapped:16 caller:22',
          'direct wrapped:16 caller:25',
        ]);
        assert.deepEqual(await sites('outer', 'other'), ['tail jumper outer:37']);
        assert.deepEqual(await sites('indirect', 'other'), ['pointer indirect:42']);
        assert.deepEqual(await sites('same', 'nothing_of_this_name'), []);
      });
    });
  }
});

interface Built {
  readonly program: string;
  readonly relocatable: string;
}

function build(t: TestContext, folder: string, variant: Variant): Built | null {
  const { compiler = 'gcc', linker = 'ld', flags, link = [] } = variant;
  if (!isOnPath(compiler) || !isOnPath(linker)) {
    t.skip(`no ${compiler} here`);
    return null;
  }
  const stem = path.join(folder, variant.name.replace(/\W+/g, '-'));
  const objects: string[] = [];
  for (const source of ['main', 'other']) {
    const object = `${stem}-${source}.o`;
    const common = ['-O2', '-ffreestanding', '-fno-stack-protector', '-fcf-protection=none', '-fno-pie'];
    const usable = common.filter((flag) => !compiler.startsWith('aarch64') || !flag.startsWith('-fcf'));
    execFileSync(compiler, [...usable, ...flags, '-c', `${source}.c`, '-o', object], { cwd: folder });
    objects.push(object);
  }
  const [program, relocatable] = [`${stem}.elf`, `${stem}.ko`];
  execFileSync(linker, [...link, '-r', '-o', relocatable, ...objects]);
  execFileSync(linker, [...link, '-e', '0', '-Ttext=0xffff0000', '-o', program, ...objects], {
    stdio: 'ignore',
  });
  return { program, relocatable };
}

async function withDebugFile(
  file: string,
  use: (debugFile: DebugFile) => Promise<void>,
  isNow = true,
): Promise<void> {
  const source = fileSource(file, isNow);
  const debugFile = await DebugFile.open(source);
  await use(debugFile);
  assert.deepEqual(debugFile.problems.kept, []);
  source.close();
}

/** All addresses of all functions of `file`, as llvm-symbolizer reads them from `reference`. */
async function checkProgram(file: string, reference: string, isNow = true): Promise<number> {
  const addresses = textSymbols(reference).flatMap(({ address, size }) =>
    Array.from({ length: size }, (_, i) => address + BigInt(i)),
  );
  await withDebugFile(
    file,
    async (debugFile) => {
      const found = await debugFile.lookUpAll(addresses);
      assert.deepEqual(found.map(framesOf), llvmFrames(reference, addresses));
    },
    isNow,
  );
  assert.ok(addresses.length > 100);
  return addresses.length;
}

/** The same for a relocatable file: its functions are in the program too, at other addresses. */
async function checkRelocatable(built: Built, file: string, isNow = true): Promise<void> {
  const unique = textSymbols(built.program).filter(({ name }) => name !== 'same');
  await withDebugFile(
    file,
    async (debugFile) => {
      for (const { name, address, size } of unique) {
        const [symbol] = await debugFile.symbolsNamed(name);
        const offsets = Array.from({ length: size }, (_, i) => BigInt(i));
        const found = await debugFile.lookUpAll(offsets.map((offset) => symbol!.address + offset));
        const expected = llvmFrames(
          built.program,
          offsets.map((offset) => address + offset),
        );
        assert.deepEqual(found.map(framesOf), expected, name);
      }
    },
    isNow,
  );
}
