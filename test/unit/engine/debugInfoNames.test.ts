/** The debug info in use names captures that have addresses alone: a small program of the fixtures stands for a kernel. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { NOTHING_CHOSEN } from '../../../src/engine/debugInfo';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { KERNEL_CONTEXT, ByteWriter } from '../capture/support/perfDataWriter';
import { features, recording, Records } from '../capture/support/perfRecording';
import { traceText } from '../support/traceText';
import { captureRows } from './support/captureRows';

const VMLINUX = path.resolve('test/fixtures/debugInfo/dwarf4.elf');
const BUILD_ID = '894b65e4b0b4eb75c6c70f4ae9897fb9430fdce6';
const KASLR = 0x1c000000n;
/** As the file has them (nm dwarf4.elf). */
const CALLER = 0xffffffff81000020n;
const OTHER = 0xffffffff81000180n;
const NAMED = ['other', 'wrapped', 'caller'];

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-names-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Writes a perf.data of addresses alone, of a kernel of that build which KASLR moved. */
function recorded(buildId: string): string {
  const id = Buffer.from(buildId, 'hex');
  const name = '[kernel.kallsyms]\0\0\0';
  const ofKernel = new ByteWriter(true)
    .u32(0)
    .u16(1)
    .u16(36 + name.length)
    .u32(0xffffffff);
  const content = ofKernel.raw(id).u32(0).text(name).done();
  const records = new Records(true)
    .map('[kernel.kallsyms]caller', CALLER + KASLR, 0x1000n, CALLER + KASLR)
    .pageRef({
      tid: 7,
      time: 5_000_000_100,
      cpu: 0,
      chain: [KERNEL_CONTEXT, OTHER + KASLR + 5n, CALLER + KASLR + 0x97n],
    });
  const file = path.join(scratch, `${buildId.slice(0, 4)}.perf.data`);
  const own = new Map([...features(true), [2, content]]);
  writeFileSync(file, recording({ little: true, pipe: false, piece: 0 }, records, undefined, own));
  return file;
}

/** The frames of the first event of a capture. */
async function framesOf(engine: Engine, capture: string): Promise<readonly string[]> {
  const { id } = (await engine.captureFacts()).find((facts) => facts.path === capture)!;
  const stack = await engine.stackOfEvent({ capture: id, row: 0 });
  return stack!.frames.filter(({ frame }) => frame !== null).map(({ label }) => label);
}

/** What the header of the capture editor says of them. */
async function symbolsOf(engine: Engine): Promise<string> {
  const { facts } = await engine.captureHeader({ capture: 'c1' });
  return facts.find(({ name }) => name === 'Symbols')!.value;
}

const chosen = { ...NOTHING_CHOSEN, vmlinux: VMLINUX };

test('a chosen vmlinux names addresses, whether it is chosen before or after, until the choice is taken back', async () => {
  const perf = recorded(BUILD_ID);
  for (const isFirst of [true, false]) {
    const engine = new Engine(nodeHost());
    if (isFirst) await engine.setDebugInfo(chosen);
    await engine.openCapture({ path: perf });
    if (!isFirst) {
      assert.match((await framesOf(engine, perf))[0]!, /^0xffffffff9d00/);
      await engine.setDebugInfo(chosen);
    }
    assert.deepEqual(await framesOf(engine, perf), NAMED);
    assert.deepEqual(
      (await engine.captureFacts()).map(({ format, doubts }) => [format, doubts]),
      [['perf-data', []]],
      'it is no open file, and nothing is missing',
    );
    const [, , capture] = await captureRows(engine);
    const labels = (await captureRows(engine, capture!.id)).map(({ label }) => label);
    assert.ok(
      labels.includes(
        'dwarf4.elf: names 2 of 2 addresses, moved by 0x1c000000 as the recording says (KASLR)',
      ),
      labels.join('\n'),
    );
    await engine.debugInfo({});
    assert.equal(await symbolsOf(engine), 'dwarf4.elf, fits');
    assert.deepEqual(await engine.vmlinuxInUse(), { path: VMLINUX, fit: 'fits' });
    await engine.setDebugInfo(NOTHING_CHOSEN);
    assert.match((await framesOf(engine, perf))[0]!, /^0xffffffff9d00/);
    assert.equal(await symbolsOf(engine), 'none · addresses alone');
  }
});

test('one that cannot be used takes the names of the one before with it', async () => {
  const perf = recorded(BUILD_ID);
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: perf });
  await engine.setDebugInfo(chosen);
  await assert.rejects(engine.setDebugInfo({ ...chosen, vmlinux: path.resolve('package.json') }));
  assert.match((await framesOf(engine, perf))[0]!, /^0xffffffff9d00/);
});

test('a vmlinux that is found by itself names what its build-id proves it to be of, and nothing else', async () => {
  const root = path.join(scratch, 'system');
  const place = path.join(root, `usr/lib/debug/.build-id/${BUILD_ID.slice(0, 2)}/${BUILD_ID.slice(2)}.debug`);
  mkdirSync(path.dirname(place), { recursive: true });
  copyFileSync(VMLINUX, place);
  const engine = new Engine(nodeHost(null, root));
  const [perf, other] = [recorded(BUILD_ID), recorded('f'.repeat(40))];
  for (const file of [perf, other]) await engine.openCapture({ path: file });
  await engine.lookUpFunctions({});
  assert.deepEqual(await framesOf(engine, perf), NAMED);
  assert.match((await framesOf(engine, other))[0]!, /^0xffffffff9d00/);
  const rows = await captureRows(engine, (await engine.captureFacts())[1]!.id);
  assert.ok(rows.some(({ label }) => label.includes('.debug: not used, of another build: its build-id is')));
});

test('of several captures it is said how many the vmlinux is shown to be of', async () => {
  const engine = new Engine(nodeHost());
  const texts = [1, 2].map((number) => path.join(scratch, `${number}.trace.txt`));
  const stack = ['unheard_of', 'never_seen'];
  const PUT = 'page_ref_mod_and_test: pfn=0x10 flags=uptodate count=1 mapcount=0 mapping=0 mt=1 val=-1 ret=0';
  for (const text of texts) writeFileSync(text, traceText([{ task: 'cat-1', text: PUT, stack }]));
  const described = async (): Promise<string> => {
    await engine.debugInfo({});
    return (await captureRows(engine)).find(({ id }) => id === 'debug-info')!.description;
  };
  await engine.openCapture({ path: recorded(BUILD_ID) });
  await engine.setDebugInfo(chosen);
  assert.equal(await described(), 'build fits · chosen');
  for (const text of texts) await engine.openCapture({ path: text });
  assert.equal(await described(), 'build fits 1 capture · not proven for 2 captures · chosen');
  await engine.openCapture({ path: recorded('f'.repeat(40)) });
  assert.equal(
    await described(),
    'build fits 1 capture · of another build than 1 capture: lines are doubtful · not proven for 2 captures · chosen',
  );
});

test('symbols of an open file go before those of the chosen vmlinux', async () => {
  const engine = new Engine(nodeHost());
  const perf = recorded(BUILD_ID);
  await engine.openCapture({ path: perf });
  await engine.setDebugInfo(chosen);
  const own = path.join(scratch, 'System.map');
  const line = (address: bigint, name: string): string => `${address.toString(16)} T ${name}\n`;
  const origin = '__page_ref_mod_and_test';
  writeFileSync(own, line(CALLER, 'caller') + line(OTHER, origin));
  const { id } = await engine.openCapture({ path: own });
  assert.equal((await framesOf(engine, perf))[0], origin);
  const namings = async (): Promise<readonly string[]> =>
    (await captureRows(engine, 'c1')).map(({ label }) => label).filter((label) => label.includes(': names'));
  const names = 'names 2 of 2 addresses, moved by 0x1c000000 as the recording says (KASLR)';
  assert.deepEqual(await namings(), [`System.map: ${names}`]);
  await engine.closeCapture({ id });
  assert.deepEqual(await namings(), [`dwarf4.elf: ${names}`]);
  assert.deepEqual(await framesOf(engine, perf), NAMED);
});

test('perf.data of the shared recordings: the vmlinux of its build says who holds', async (t) => {
  const vmlinux = '../shared/kernel/vmlinux.xz';
  const perf = '../shared/captures/f_perf/perf.data';
  if (!existsSync(vmlinux) || !existsSync(perf)) {
    t.skip('the recordings beside the repository are not here');
    return;
  }
  const engine = new Engine(nodeHost());
  assert.equal((await engine.openCapture({ path: perf })).heldPages, 0);
  await engine.setDebugInfo({ ...NOTHING_CHOSEN, vmlinux: path.resolve(vmlinux) });
  const [facts] = await engine.captureFacts();
  assert.deepEqual([facts!.pages, facts!.heldPages], [5, 1]);
  assert.match(await engine.text({ node: null, query: DEFAULT_QUERY }), /owner-696 · still held/);
});
