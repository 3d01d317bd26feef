/** The growing tables against plain maps and arrays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteInterner } from '../../../src/capture/byteInterner';
import { ABSENT, EventKind, NONE, NO_DETAILS } from '../../../src/capture/eventTable';
import { EventTableBuilder } from '../../../src/capture/eventTableBuilder';
import { StackBlockCache } from '../../../src/capture/stackBlockCache';
import { SymbolTableBuilder } from '../../../src/capture/symbolTableBuilder';
import { TupleInterner } from '../../../src/capture/tupleInterner';
import { below, seededRandom } from './support/random';

test('ByteInterner gives equal bytes one id and other bytes another', () => {
  const random = seededRandom(1);
  const interner = new ByteInterner();
  const ids = new Map<string, number>();
  for (let round = 0; round < 50_000; round++) {
    const bytes = Uint8Array.from({ length: below(random, 5) }, () => below(random, 12));
    const known = ids.get(bytes.join());
    assert.equal(interner.find(bytes, 0, bytes.length), known ?? -1);
    const id = interner.intern(bytes, 0, bytes.length);
    assert.equal(id, known ?? ids.size);
    ids.set(bytes.join(), id);
  }
  assert.equal(interner.size, ids.size);
  for (const [text, id] of ids) assert.equal(interner.bytes(id).join(), text);
});

test('ByteInterner cuts names that no kernel has', () => {
  const interner = new ByteInterner();
  const id = interner.intern(new Uint8Array(5000).fill(65), 0, 5000);
  assert.equal(interner.bytes(id).length, 1024);
  assert.equal(interner.intern(new Uint8Array(6000).fill(65), 0, 6000), id);
});

test('TupleInterner gives equal sequences one id and others another', () => {
  const random = seededRandom(2);
  const interner = new TupleInterner();
  const ids = new Map<string, number>();
  for (let round = 0; round < 50_000; round++) {
    const length = below(random, 6);
    const values = Int32Array.from({ length: 8 }, () => below(random, 7) - 3);
    const key = values.subarray(0, length).join();
    const id = interner.intern(values, length);
    assert.equal(id, ids.get(key) ?? ids.size);
    ids.set(key, id);
  }
  for (const [key, id] of ids) assert.equal(interner.tuple(id).join(), key);
});

test('StackBlockCache finds what was added, and only that', () => {
  const random = seededRandom(3);
  const cache = new StackBlockCache();
  const known = new Map<string, number>();
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from({ length: 1 + below(random, 30) }, () => below(random, 3));
    const text = new DataView(bytes.buffer);
    const block = cache.find(text, 0, bytes.length);
    const expected = known.get(bytes.join());
    assert.equal(block === NONE ? undefined : cache.stack(block), expected);
    if (block !== NONE) continue;
    const added = cache.add(bytes, 0, bytes.length, round, 3, round % 2 === 0);
    known.set(bytes.join(), round);
    assert.deepEqual(
      [cache.stack(added), cache.lines(added), cache.isCut(added), cache.length(added)],
      [round, 3, round % 2 === 0, bytes.length],
    );
    assert.ok(cache.matches(added, text, 0));
  }
});

/** Offsets of rows so far apart are below 2^32 and beyond, up to 10 TB. */
const BEYOND_32_BITS = 2_100_000_007;

test('EventTableBuilder keeps cells across growth, and new rows are absent', () => {
  const table = new EventTableBuilder();
  for (let row = 0; row < 5000; row++) {
    table.append(row / 2, row % 7, row, EventKind.PageRefMod, row + 1, row * BEYOND_32_BITS);
    if (row % 3 === 0) table.count[row] = row;
    if (row % 11 === 0) {
      const detail = table.detailOf(row);
      table.details.pages[detail] = row;
    }
  }
  assert.equal(table.length, 5000);
  assert.equal(table.details.length, 1 + Math.ceil(5000 / 11));
  for (let row = 0; row < 5000; row++) {
    assert.equal(table.time[row], row / 2);
    assert.equal(table.count[row], row % 3 === 0 ? row : ABSENT);
    assert.equal(table.val[row], ABSENT);
    assert.equal(table.pfn[row], NONE);
    const detail = table.detail[row]!;
    assert.equal(detail, row % 11 === 0 ? 1 + row / 11 : NO_DETAILS);
    assert.equal(table.details.pages[detail], row % 11 === 0 ? row : ABSENT);
    assert.equal(table.details.error[detail], ABSENT);
    assert.equal(table.offset(row), row * BEYOND_32_BITS);
  }
});

test('SymbolTableBuilder names tasks, frames and stacks', () => {
  const symbols = new SymbolTableBuilder();
  const put = symbols.internText('put_page');
  const parts = {
    function: put,
    offset: 0x12,
    size: 0x34,
    module: -1,
    addressHigh: -1,
    addressLow: 0x81234567 | 0,
  };
  const frame = symbols.internFrame(parts);
  assert.equal(symbols.internFrame({ ...parts }), frame);
  const inModule = symbols.internFrame({
    ...parts,
    module: symbols.internText('ext4'),
    addressHigh: 0,
    addressLow: 0,
  });
  assert.notEqual(inModule, frame);
  assert.equal(symbols.frameAddress(frame), 0xffffffff81234567n);
  assert.equal(symbols.frameAddress(inModule), null);
  assert.deepEqual([symbols.frameModule(frame), symbols.frameModule(inModule)], [null, 'ext4']);
  const stack = symbols.internStack(Int32Array.of(inModule, frame), 2);
  assert.deepEqual([...symbols.stackFrames(stack)], [inModule, frame]);
  assert.equal(symbols.internStack(Int32Array.of(inModule, frame, 99), 2), stack);
  assert.notEqual(symbols.internTask(put, 1), symbols.internTask(put, 2));
});
