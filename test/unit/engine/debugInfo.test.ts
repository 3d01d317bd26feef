/** Frames of captures by debug info: the small programs of the fixtures stand for a kernel. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Capture } from '../../../src/capture/eventTable';
import { DebugInfo, NOTHING_CHOSEN } from '../../../src/engine/debugInfo';
import { debugInfoRow } from '../../../src/engine/debugInfoRows';
import { Engine } from '../../../src/engine/engine';
import { CancelledError } from '../../../src/engine/errors';
import { allFrames, PlacedStacks } from '../../../src/engine/frames';
import { DebugInfoFiles } from '../../../src/engine/node/debugInfoFiles';
import { vmlinuxPlaces } from '../../../src/engine/node/debugInfoPlaces';
import { NodeDebugInfo } from '../../../src/engine/node/debugInfoMachine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { LazyTree } from '../../../src/engine/lazyTree';
import { ProgressText } from '../../../src/engine/progressText';
import type { ProgressReport, TreeNode } from '../../../src/engine/protocol';
import { captureOf, traceText } from '../support/traceText';
import { captureRows } from './support/captureRows';

const VMLINUX = path.resolve('test/fixtures/debugInfo/dwarf4.elf');
const BUILD_ID = '894b65e4b0b4eb75c6c70f4ae9897fb9430fdce6';
/** Where KASLR put the kernel, and its addresses without it (nm dwarf4.elf). */
const KASLR = 0x1c000000n;
const ADDRESSES = { caller: 0xffffffff81000020n, outer: 0xffffffff810000d0n, other: 0xffffffff81000180n };

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-debug-info-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const PUT = 'page_ref_mod_and_test: pfn=0x10 flags=uptodate count=1 mapcount=0 mapping=0 mt=1 val=-1 ret=0';

let files = 0;

/** An engine with one capture whose events have these stacks, innermost frames first. */
async function opened(...stacks: readonly (readonly string[])[]): Promise<Engine> {
  const file = path.join(scratch, `trace${files++}.txt`);
  writeFileSync(file, traceText(stacks.map((stack) => ({ task: 'cat-1', text: PUT, stack }))));
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: file });
  return engine;
}

const chosen = { ...NOTHING_CHOSEN, vmlinux: VMLINUX };

async function stack(engine: Engine, row = 0): Promise<readonly TreeNode[]> {
  const rows = await engine.stackOfEvent({ capture: 'c1', row });
  assert.ok(rows);
  return rows.frames;
}

/** What the header of the capture editor says of them, and whether that is a doubt. */
async function symbolsOf(engine: Engine): Promise<readonly [string, boolean]> {
  const { facts } = await engine.captureHeader({ capture: 'c1' });
  const { value, isDoubt } = facts.find(({ name }) => name === 'Symbols')!;
  return [value, isDoubt];
}

/** As if it had been written again. */
function touch(file: string): void {
  utimesSync(file, new Date(), new Date(Date.now() - 10_000));
}

const words = ({ label, description }: TreeNode): string => `${label} ${description}`;

test('a frame with an offset is exact, and what is inlined into it has rows of its own before it', async () => {
  const engine = await opened(['other+0x5/0x9', 'caller+0x97/0x9b', 'outer+0xc/0x14']);
  assert.match(words((await stack(engine))[1]!), /^caller $/, 'nothing is known without debug info');
  await engine.setDebugInfo(chosen);
  const rows = (await stack(engine)).map(words);
  assert.deepEqual(rows, [
    'other /build/sample/other.c:11 · exact',
    'wrapped /build/sample/main.c:16 · inlined, exact',
    'caller /build/sample/main.c:22 · exact',
    'outer /build/sample/main.c:37 · exact',
  ]);
});

test('addresses of a moved kernel lead to the same lines', async () => {
  const at = (name: keyof typeof ADDRESSES, offset: bigint): string =>
    `${name} <${(ADDRESSES[name] + KASLR + offset).toString(16)}>`;
  const engine = await opened([at('other', 5n), at('caller', 0x97n), at('outer', 0xcn)]);
  await engine.setDebugInfo(chosen);
  const rows = (await stack(engine)).map(words);
  assert.equal(rows[2], 'caller /build/sample/main.c:22 · exact');
  await engine.debugInfo({});
  const [fit] = await captureRows(engine, 'debug-info');
  assert.equal(fit!.description, 'addresses of 3 of 3 functions fit');
});

test('names alone: the call of the next-inner frame, all of several, and a tail call is said', async () => {
  const engine = await opened(['same', 'caller'], ['other', 'caller'], ['other', 'outer']);
  await engine.setDebugInfo(chosen);
  const [, caller] = await stack(engine, 0);
  assert.match(words(caller!), /^caller \/build\/sample\/main\.c:23 · exact/);
  const several = (await stack(engine, 1)).at(-1)!.frame!;
  assert.equal(several.certainty, 'one-of-several');
  assert.deepEqual(several.candidates.map(({ line }) => line).sort(), [22, 25]);
  const tail = (await stack(engine, 2)).at(-1)!.frame!;
  assert.match(tail.note, /jumper is called here, and ends with a jump to other/);
});

test('another build is said with what differs, and its lines are doubtful', async () => {
  const engine = await opened(['other+0x5/0x90', 'caller+0x97/0x120', 'outer+0xc/0x99', 'indirect+0x8/0x77']);
  await engine.setDebugInfo(chosen);
  const [other] = await stack(engine);
  assert.match(words(other!), /other\.c:11 · doubtful/);
  assert.equal(other!.frame!.isDoubtful, true);
  assert.notEqual(other!.frame!.certainty, 'exact');
  assert.match(engine.reports.debugInfoDoubts()[0]!, /of another build: 4 of 4 functions have another size/);
  const row = (await captureRows(engine)).find(({ id }) => id === 'debug-info')!;
  assert.equal(row.mood, 'doubt');
  assert.match(row.description, /of another build: lines are doubtful/);
  assert.deepEqual(await symbolsOf(engine), ['dwarf4.elf, another build', true]);
  assert.deepEqual(await engine.vmlinuxInUse(), { path: VMLINUX, fit: 'another-build' });
});

test('a vmlinux of which nothing shows that it fits is said to be that, and none as long as it was not looked', async () => {
  const engine = await opened(['same', 'caller']);
  assert.equal(await engine.vmlinuxInUse(), null);
  await engine.setDebugInfo(chosen);
  assert.deepEqual(await symbolsOf(engine), ['dwarf4.elf, not compared yet', false]);
  await engine.debugInfo({});
  assert.deepEqual(await symbolsOf(engine), ['dwarf4.elf, not proven to fit', false]);
  assert.deepEqual(await engine.vmlinuxInUse(), { path: VMLINUX, fit: 'not-proven' });
});

test('paths of the build are those of the tree by their ends, or where the map leads, and else stay as they are', async () => {
  const local = path.join(scratch, 'mapped');
  mkdirSync(local);
  writeFileSync(path.join(local, 'main.c'), '');
  const engine = await opened(['other+0x5/0x9', 'outer+0xc/0x14']);
  await engine.setDebugInfo({ ...chosen, sourcePathMap: [{ from: '/build/sample', to: local }] });
  const [other, outer] = (await stack(engine)).map(({ frame }) => frame!);
  assert.deepEqual([other!.file, other!.outside], ['/build/sample/other.c', 'no-tree']);
  assert.deepEqual([outer!.file, outer!.outside], [path.join(local, 'main.c'), 'mapped']);
});

test('a vmlinux that cannot be used is refused with what was expected, and none is in use then', async () => {
  const engine = await opened(['other+0x5/0x9']);
  await engine.setDebugInfo(chosen);
  await assert.rejects(
    engine.setDebugInfo({ ...chosen, vmlinux: path.resolve('package.json') }),
    /package\.json: expected an ELF file/,
  );
  assert.equal((await engine.debugInfo({})).vmlinux, null);
  assert.equal((await stack(engine))[0]!.description, '');
});

test('unpacking a vmlinux tells how far it is, and can be cancelled', async () => {
  const packed = path.join(scratch, 'vmlinux.gz');
  // More than is read at a time, which does not shrink.
  const rest = Buffer.from(Uint32Array.from({ length: 1 << 20 }, (_, i) => Math.imul(i, 0x9e3779b1)).buffer);
  writeFileSync(packed, gzipSync(Buffer.concat([readFileSync(VMLINUX), rest]), { level: 0 }));
  const { size } = statSync(packed);
  const engine = await opened(['other+0x5/0x9']);
  const told: ProgressReport[] = [];
  await engine.setDebugInfo({ ...chosen, vmlinux: packed }, { onProgress: (report) => told.push(report) });
  assert.ok(
    told.length > 2 &&
      told.every(({ phase, total, unit }) => phase === 'unpacking' && total === size && unit === 'bytes'),
  );
  assert.equal(told.at(-1)!.done, size);
  assert.match(new ProgressText('vmlinux.gz').of(told[0]!), /^Unpacking vmlinux\.gz: \d+ %$/);
  assert.match(words((await stack(engine))[0]!), /other\.c:11 · exact/);

  touch(packed);
  const controller = new AbortController();
  let steps = 0;
  const cancelled = engine.setDebugInfo(
    { ...chosen, vmlinux: packed },
    {
      signal: controller.signal,
      onProgress: () => {
        if (++steps === 2) controller.abort();
      },
    },
  );
  await assert.rejects(cancelled, CancelledError);
  assert.ok(steps < told.length, 'the rest was not read');
  assert.equal((await engine.debugInfo({})).vmlinux, null);
  assert.equal((await engine.setDebugInfo(chosen)).vmlinux, VMLINUX);
});

test('a vmlinux that is as it was is not unpacked again when it is told anew, and its modules are looked for anew', async () => {
  const packed = path.join(scratch, 'again.gz');
  writeFileSync(packed, gzipSync(readFileSync(VMLINUX)));
  const modules = path.join(scratch, 'again');
  mkdirSync(modules);
  const engine = await opened(['other+0x5/0x9', 'caller+0x97/0x9b [m]']);
  const told: string[] = [];
  const isUnpacked = (): boolean => told.includes('unpacking');
  const choose = async (): Promise<readonly (string | null | undefined)[]> => {
    told.length = 0;
    await engine.setDebugInfo(
      { ...chosen, vmlinux: packed, modules },
      { onProgress: ({ phase }) => told.push(phase) },
    );
    return (await stack(engine)).map(({ frame }) => frame?.file);
  };
  assert.deepEqual(await choose(), ['/build/sample/other.c', null]);
  assert.ok(isUnpacked());
  copyFileSync('test/fixtures/debugInfo/dwarf5-zlib.elf', path.join(modules, 'm.ko'));
  assert.equal((await choose())[0], '/build/sample/other.c');
  assert.notEqual((await stack(engine)).at(-1)!.frame!.file, null, 'the module that came meanwhile');
  assert.deepEqual(told, []);
  touch(packed);
  await choose();
  assert.ok(isUnpacked(), 'one that was written to');
  rmSync(packed);
  await assert.rejects(choose(), /again\.gz does not exist/);
});

test('a vmlinux that nobody chose is used only when it is shown to be that of a capture', async () => {
  const root = path.join(scratch, 'system');
  const place = path.join(
    root,
    'usr/lib/debug/.build-id',
    BUILD_ID.slice(0, 2),
    `${BUILD_ID.slice(2)}.debug`,
  );
  mkdirSync(path.dirname(place), { recursive: true });
  copyFileSync(VMLINUX, place);
  mkdirSync(path.join(root, 'boot'));
  copyFileSync(VMLINUX, path.join(root, 'boot/vmlinux-6.1.7'));
  const capture = await captureOf([{ task: 'cat-1', text: PUT, stack: ['other+0x5/0x9'] }]);
  const ofKernel = (release: string | null, buildId: string | null): Capture => ({
    ...capture,
    path: `${release} ${buildId}`,
    kernel: { release, buildId },
  });

  const info = new DebugInfo(new NodeDebugInfo(root));
  await info.settleFor([ofKernel(null, BUILD_ID)]);
  assert.equal(info.facts.vmlinux, place);
  assert.deepEqual(
    [info.facts.isChosen, info.facts.looked.at(-1)!.found],
    [false, 'used, build-id equal, sizes of 1 of 1 function equal'],
  );

  await info.settleFor([ofKernel('6.1.7', 'f'.repeat(40))]);
  assert.equal(info.facts.vmlinux, null);
  const looked = info.facts.looked.map(({ path: at, found }) => [path.relative(root, at), found]);
  assert.deepEqual(
    looked.find(([at]) => at === 'boot/vmlinux-6.1.7'),
    ['boot/vmlinux-6.1.7', 'not used: it is not shown to be the kernel of an open capture'],
  );
  assert.deepEqual(
    looked.find(([at]) => at === 'usr/lib/debug/boot/vmlinux-6.1.7'),
    ['usr/lib/debug/boot/vmlinux-6.1.7', 'no such file'],
  );

  await info.settleFor([ofKernel('../../etc', null)]);
  const places = info.facts.looked.map(({ path: at }) => at);
  assert.deepEqual(places, [], 'a capture does not say where files are looked for');
  await info.settleFor([ofKernel(null, null)]);
  assert.match(info.facts.looked[0]!.found, /no open capture says the release/);
});

test('a module is held against the build-id that the capture says of it, whatever is said of the vmlinux', async () => {
  const modules = path.join(scratch, 'modules');
  mkdirSync(modules);
  copyFileSync('test/fixtures/debugInfo/dwarf5-zlib.elf', path.join(modules, 'm.ko'));
  const capture = await captureOf([
    { task: 'cat-1', text: PUT, stack: ['other+0x5/0x9', 'caller+0x97/0x500 [m]'] },
  ]);
  const info = new DebugInfo(new NodeDebugInfo(null));
  const own = await DebugInfoFiles.open(VMLINUX, modules, { tree: null, root: null });
  const { buildId } = (await own.modules.open('m'))!;
  own.close();
  await info.choose({ ...NOTHING_CHOSEN, vmlinux: VMLINUX, modules });
  const locate = async (of: Partial<Capture>) => {
    const held: Capture = { ...capture, ...of };
    await info.settleFor([held]);
    const [other, caller] = await new PlacedStacks(held, info.locateIn(held, null)).frames(0);
    const doubts = [other!, caller!].map(({ location }) => location.isDoubtful ?? false);
    return { doubts, note: caller!.location.note, fit: info.fitOf(held)! };
  };

  const otherKernel = { release: null, buildId: 'f'.repeat(40) };
  const same = await locate({ kernel: otherKernel, moduleBuildIds: new Map([['m', buildId!]]) });
  assert.match(same.fit.mismatch, /dwarf4\.elf has build-id .* the traced kernel f{40}/);
  assert.deepEqual([same.doubts[0], same.fit.otherModules.size], [true, 0]);
  assert.doesNotMatch(same.note, /build-id/);

  const ours = { release: null, buildId: BUILD_ID };
  const other = await locate({ kernel: ours, moduleBuildIds: new Map([['m', 'e'.repeat(40)]]) });
  assert.deepEqual([other.fit.isProven, other.fit.mismatch, other.doubts], [true, '', [false, true]]);
  assert.match(other.note, /m\.ko has build-id [0-9a-f]{40}, the module in the trace e{40}/);
  assert.deepEqual([...other.fit.otherModules.keys()], ['m']);
  assert.equal(
    other.fit.evidence,
    'build-id equal, sizes of 1 of 1 function equal',
    'its sizes do not count',
  );

  const root = debugInfoRow({
    facts: info.facts,
    captures: [{ name: capture.path, fit: other.fit }],
    modules: info.modules,
    problems: info.problems,
  });
  const tree = new LazyTree(() => [root]);
  const [ofCapture] = (await tree.page('debug-info', 0, 10)).nodes;
  assert.equal(ofCapture!.description, `${other.fit.evidence} · 1 module of another build`);
  const [module] = (await tree.page('debug-info/modules', 0, 10)).nodes;
  assert.deepEqual(
    [module!.mood, module!.description],
    ['doubt', 'of another build: its lines are doubtful'],
  );
});

test('a vmlinux that goes while frames are looked up in it leaves them without places', async () => {
  const capture = await captureOf([{ task: 'cat-1', text: PUT, stack: ['other+0x5/0x9'] }]);
  const debug = new DebugInfo(new NodeDebugInfo(null));
  const frames = allFrames(capture);
  for (let turns = 0; turns < 40; turns++) {
    await debug.choose(chosen);
    const places = debug.locateIn(capture, null)!(frames);
    places.catch(() => undefined);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await debug.choose(NOTHING_CHOSEN);
    assert.ok(Array.isArray(await places));
  }
});

test('in a kernel tree that is on another machine no vmlinux is looked for on this one', () => {
  const places = (tree: string): readonly string[] => vmlinuxPlaces([], { tree, root: '/' });
  assert.deepEqual(places('/linux'), ['/linux/vmlinux']);
  assert.deepEqual(places('vscode-vfs://github/torvalds/linux'), []);
});
