/** The files of debug info as builds and distributions have them: packed, and split from what runs. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DebugInfoFiles } from '../../../src/engine/node/debugInfoFiles';
import { OpenFiles } from '../../../src/engine/node/openFiles';
import { DebugFileError } from '../../../src/source/elf/debugProblems';
import type { DebugFile } from '../../../src/source/debugFile';
import { KernelDebugInfo } from '../../../src/source/kernelDebugInfo';
import { below, pick, seededRandom } from '../capture/support/random';
import { damagedBinary } from '../capture/support/mutation';
import { framesOf, isOnPath } from '../source/debugSupport';

const FIXTURES = path.resolve('test/fixtures/debugInfo');
const VMLINUX = path.join(FIXTURES, 'dwarf4.elf');
const MODULE = path.join(FIXTURES, 'dwarf5.ko');
const NOWHERE = { tree: null, root: null };

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-debug-files-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

let folders = 0;
function newFolder(): string {
  const folder = path.join(scratch, String(folders++));
  mkdirSync(folder);
  return folder;
}

/** The functions and lines of `caller`. */
async function linesOf(file: DebugFile | null): Promise<string[]> {
  assert.ok(file);
  const [symbol] = await file.symbolsNamed('caller');
  const addresses = Array.from({ length: symbol!.size }, (_, i) => symbol!.address + BigInt(i));
  return (await file.lookUpAll(addresses)).map((location) => framesOf(location).join(' < '));
}

async function withFiles<T>(
  vmlinux: string,
  modules: string | null,
  use: (files: DebugInfoFiles) => Promise<T>,
  root: string | null = null,
): Promise<T> {
  const files = await DebugInfoFiles.open(vmlinux, modules, { tree: null, root });
  try {
    return await use(files);
  } finally {
    files.close();
  }
}

const PACKED: readonly (readonly [ending: string, bytes: Uint8Array])[] = [
  ['.gz', gzipSync(readFileSync(MODULE))],
  ['.xz', readFileSync(`${MODULE}.xz`)],
  ['.zst', readFileSync(`${MODULE}.zst`)],
];

test('packed modules are read as those that are not', async () => {
  const plain = newFolder();
  copyFileSync(MODULE, path.join(plain, 'some-module.ko'));
  const expected = await withFiles(VMLINUX, plain, async ({ modules }) =>
    linesOf(await modules.open('some_module')),
  );
  assert.ok(expected.some((line) => line.includes(' < caller ')));
  for (const [ending, bytes] of PACKED) {
    const folder = newFolder();
    writeFileSync(path.join(folder, `some-module.ko${ending}`), bytes);
    const lines = await withFiles(VMLINUX, folder, async ({ modules }) =>
      linesOf(await modules.open('some_module')),
    );
    assert.deepEqual(lines, expected, ending);
  }
});

test('a packed vmlinux is read as it is, and nothing of it is left behind', async () => {
  const temporary = newFolder();
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  try {
    const packed = path.join(newFolder(), 'vmlinux.gz');
    writeFileSync(packed, gzipSync(readFileSync(VMLINUX)));
    const expected = await withFiles(VMLINUX, null, ({ kernel }) => linesOf(kernel));
    const lines = await withFiles(packed, null, ({ kernel }) => linesOf(kernel));
    assert.deepEqual(lines, expected);
    assert.deepEqual(readdirSync(temporary), []);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});

test('what is packed and damaged, or too large, is refused with what to do', async () => {
  const folder = newFolder();
  const cut = path.join(folder, 'vmlinux.xz');
  writeFileSync(cut, readFileSync(`${MODULE}.xz`).subarray(0, 2000));
  await assert.rejects(DebugInfoFiles.open(cut, null, NOWHERE), (error: Error) => {
    assert.ok(error instanceof DebugFileError);
    assert.match(error.message, /vmlinux\.xz: the xz data ends at byte 2000, expected its end mark/);
    return true;
  });
  const handles = new OpenFiles();
  const bomb = path.join(folder, 'zeros.gz');
  writeFileSync(bomb, gzipSync(new Uint8Array(1 << 23)));
  await assert.rejects(
    handles.openUnpacked(bomb, 1 << 22),
    /has more than 4 MB when decompressed\. Decompress it/,
  );
  handles.close();
});

test('packed modules with damages cost no more than a module that is not found', async () => {
  const random = seededRandom(17);
  const folder = newFolder();
  for (let i = 0; i < 300; i++) {
    const [ending, bytes] = pick(random, PACKED);
    let damaged: Uint8Array = Uint8Array.from(bytes);
    for (let count = below(random, 3); count >= 0; count--) damaged = damagedBinary(random, damaged, [bytes]);
    const file = path.join(folder, `m.ko${ending}`);
    writeFileSync(file, damaged);
    await withFiles(VMLINUX, folder, async ({ modules }) => {
      const module = await modules.open('m');
      for (const { address } of (await module?.symbolsNamed('caller')) ?? []) await module!.lookUp(address);
    });
    rmSync(file);
  }
});

/** `vmlinux` without debug info, and the file that it was split off to. */
function split(
  t: TestContext,
  folder: string,
  name = 'vmlinux.debug',
): { stripped: string; debug: string } | null {
  if (!isOnPath('objcopy')) {
    t.skip('objcopy not found: npm test installs it');
    return null;
  }
  const [stripped, debug] = [path.join(folder, 'vmlinux'), path.join(folder, name)];
  execFileSync('objcopy', ['--only-keep-debug', VMLINUX, debug]);
  execFileSync('objcopy', ['--strip-debug', `--add-gnu-debuglink=${debug}`, VMLINUX, stripped]);
  return { stripped, debug };
}

test('debug info that was split off is found by its link, beside or in .debug', async (t) => {
  const folder = newFolder();
  const files = split(t, folder);
  if (files === null) return;
  const expected = await withFiles(VMLINUX, null, ({ kernel }) => linesOf(kernel));
  assert.deepEqual(await withFiles(files.stripped, null, ({ kernel }) => linesOf(kernel)), expected);
  mkdirSync(path.join(folder, '.debug'));
  copyFileSync(files.debug, path.join(folder, '.debug/vmlinux.debug'));
  rmSync(files.debug);
  assert.deepEqual(await withFiles(files.stripped, null, ({ kernel }) => linesOf(kernel)), expected);
});

test('debug info that was split off is found by its build-id, beside and in the system', async (t) => {
  const expected = await withFiles(VMLINUX, null, ({ kernel }) => linesOf(kernel));
  for (const below of ['', 'usr/lib/debug/']) {
    const folder = newFolder();
    const files = split(t, folder);
    if (files === null) return;
    const root = below === '' ? folder : newFolder();
    const { buildId } = await withFiles(VMLINUX, null, ({ kernel }) => Promise.resolve(kernel));
    const place = path.join(root, below, '.build-id', buildId!.slice(0, 2), `${buildId!.slice(2)}.debug`);
    mkdirSync(path.dirname(place), { recursive: true });
    copyFileSync(files.debug, place);
    rmSync(files.debug);
    const lines = await withFiles(files.stripped, null, ({ kernel }) => linesOf(kernel), root);
    assert.deepEqual(lines, expected);
  }
});

test('debug info of another build is not taken, nor one that a link leads to out of the folder', async (t) => {
  const folder = newFolder();
  const files = split(t, folder);
  if (files === null) return;
  const other = path.join(FIXTURES, 'dwarf5-zlib.elf');
  copyFileSync(other, files.debug);
  const refusal =
    /vmlinux has no debug info, .* or the file \.build-id\/89\/4b65\w+\.debug or vmlinux\.debug beside it/;
  await assert.rejects(DebugInfoFiles.open(files.stripped, null, NOWHERE), refusal);
  rmSync(files.debug);
  symlinkSync(VMLINUX, files.debug);
  await assert.rejects(DebugInfoFiles.open(files.stripped, null, NOWHERE), refusal);
});

test('a module of another build is doubted by the build-id in the trace', async () => {
  const folder = newFolder();
  copyFileSync(path.join(FIXTURES, 'dwarf5-zlib.elf'), path.join(folder, 'm.ko'));
  await withFiles(VMLINUX, folder, async ({ kernel, modules }) => {
    const info = new KernelDebugInfo(kernel, modules);
    const frame = { function: 'caller', module: 'm', offset: 0x10 };
    const module = await modules.open('m');
    const [same] = await info.locate([{ ...frame, moduleBuildId: module!.buildId!.toUpperCase() }]);
    assert.equal(same!.isDoubtful, undefined);
    const [other] = await info.locate([{ ...frame, moduleBuildId: '00112233445566778899' }]);
    assert.equal(other!.isDoubtful, true);
    assert.match(
      other!.note,
      /m\.ko has build-id [0-9a-f]{40}, the module in the trace 00112233445566778899$/,
    );
  });
});

test('files that are opened when all were closed are closed too, and what was not unpacked to its end', async () => {
  if (process.platform !== 'linux') return; // There the open handles of a process are a folder.
  const folder = newFolder();
  const whole = path.join(folder, 'whole.gz');
  writeFileSync(whole, gzipSync(new Uint8Array(1 << 20)));
  const cut = path.join(folder, 'cut.xz');
  writeFileSync(cut, readFileSync(`${MODULE}.xz`).subarray(0, 2000));
  const openNow = (): string[] =>
    openPlaces().filter((place) => place.startsWith(folder) || isNameless(place));

  const handles = new OpenFiles();
  handles.close();
  await assert.rejects(handles.openUnpacked(whole, 1 << 22), /whole\.gz cannot be opened/);
  assert.throws(() => handles.open(whole), /whole\.gz cannot be opened: .* closed meanwhile/);
  assert.deepEqual(openNow(), []);

  const others = new OpenFiles();
  await assert.rejects(others.openUnpacked(cut, 1 << 22), /cut\.xz/);
  assert.deepEqual(openNow(), []);
  await others.openUnpacked(whole, 1 << 22);
  assert.equal(openNow().filter(isNameless).length, 1);
  others.close();
  assert.deepEqual(openNow(), []);
});

function isNameless(place: string): boolean {
  return /page-holders-[0-9a-f-]{36} \(deleted\)$/.test(place);
}

/** What this process has open. */
function openPlaces(): string[] {
  return readdirSync('/proc/self/fd').flatMap((handle) => {
    try {
      return [readlinkSync(`/proc/self/fd/${handle}`)];
    } catch {
      return []; // The one by which the folder was read.
    }
  });
}

test('a named pipe in the place of a vmlinux holds nothing up', () => {
  const pipe = path.join(newFolder(), 'vmlinux');
  execFileSync('mkfifo', [pipe]);
  // In a process of its own: where it is waited for, a timer of this one would never end it.
  const read = path.resolve('dist/page-holders.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [read, 'report', '--vmlinux', pipe, path.resolve('media/sample/trace.txt')],
    { encoding: 'utf8', timeout: 20_000, env: { ...process.env, XDG_CACHE_HOME: scratch } },
  );
  assert.notEqual(status, null, 'it was waited for');
  assert.match(stderr, /vmlinux .*no regular file/);
});
