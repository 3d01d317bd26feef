/** Relocations of RISC-V whose field is a ULEB128: bytes by the ELF specification of its psABI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openElf, sectionNamed } from '../../../src/source/elf/elfFile';
import { SectionBytes } from '../../../src/source/elf/sectionBytes';
import { SymbolTable } from '../../../src/source/elf/symbolTable';
import { memoryRanges } from './debugSupport';

const SET_ULEB128 = 60;
const SUB_ULEB128 = 61;

interface Relocation {
  readonly place: number;
  readonly type: number;
  /** Value of its symbol. */
  readonly value: number;
  readonly addend?: number;
}

const NAMES = ['', '.text', '.debug_rnglists', '.rela.debug_rnglists', '.symtab', '.strtab', '.shstrtab'];
const HEADER = 64;
const SECTION_HEADER = 64;

/** A relocatable ELF64 of RISC-V; each relocation has a symbol of its own in .text. */
function objectFile(content: readonly number[], relocations: readonly Relocation[]): Uint8Array {
  const text = new Uint8Array(0x20000);
  const relas = new DataView(new ArrayBuffer(24 * relocations.length));
  const symbols = new DataView(new ArrayBuffer(24 * (relocations.length + 1)));
  for (const [i, { place, type, value, addend = 0 }] of relocations.entries()) {
    relas.setBigUint64(24 * i, BigInt(place), true);
    relas.setBigUint64(24 * i + 8, (BigInt(i + 1) << 32n) | BigInt(type), true);
    relas.setBigInt64(24 * i + 16, BigInt(addend), true);
    symbols.setUint16(24 * (i + 1) + 6, 1, true);
    symbols.setBigUint64(24 * (i + 1) + 8, BigInt(value), true);
  }
  const names = new TextEncoder().encode(`${NAMES.join('\0')}\0`);
  const bytesOf = ({ buffer }: DataView): Uint8Array => new Uint8Array(buffer);
  const sections = [
    { type: 0, bytes: new Uint8Array(0) },
    // PROGBITS; ALLOC and EXECINSTR
    { type: 1, flags: 6, bytes: text },
    { type: 1, bytes: Uint8Array.from(content) },
    { type: 4, link: 4, info: 2, entry: 24, bytes: bytesOf(relas) },
    { type: 2, link: 5, info: 1, entry: 24, bytes: bytesOf(symbols) },
    { type: 3, bytes: new Uint8Array(1) },
    { type: 3, bytes: names },
  ];
  const size = sections.reduce((sum, { bytes }) => sum + bytes.length, HEADER);
  const file = new Uint8Array(size + SECTION_HEADER * sections.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // ET_REL, EM_RISCV
  view.setUint16(16, 1, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(40, BigInt(size), true);
  view.setUint16(58, SECTION_HEADER, true);
  view.setUint16(60, sections.length, true);
  view.setUint16(62, sections.length - 1, true);
  let at = HEADER;
  let name = 0;
  for (const [i, { type, flags = 0, link = 0, info = 0, entry = 0, bytes }] of sections.entries()) {
    const header = size + SECTION_HEADER * i;
    file.set(bytes, at);
    view.setUint32(header, name, true);
    view.setUint32(header + 4, type, true);
    view.setBigUint64(header + 8, BigInt(flags), true);
    view.setBigUint64(header + 24, BigInt(at), true);
    view.setBigUint64(header + 32, BigInt(bytes.length), true);
    view.setUint32(header + 40, link, true);
    view.setUint32(header + 44, info, true);
    view.setBigUint64(header + 56, BigInt(entry), true);
    at += bytes.length;
    name += NAMES[i]!.length + 1;
  }
  return file;
}

/** The bytes of the section from `from` on, as they are read. */
async function relocated(
  content: readonly number[],
  relocations: readonly Relocation[],
  from = 0,
  length = content.length,
): Promise<readonly number[]> {
  const elf = await openElf(memoryRanges('m.ko', objectFile(content, relocations)));
  const section = sectionNamed(elf, '.debug_rnglists')!;
  const bytes = await SectionBytes.open(elf, section, await SymbolTable.read(elf));
  const read = [...(await bytes.read(from, length))];
  assert.deepEqual(elf.problems.kept, []);
  return read;
}

/** What an assembler writes for `.uleb128 to - from`. */
const difference = (place: number, to: number, from: number, addend = 0): readonly Relocation[] => [
  { place, type: SET_ULEB128, value: to, addend },
  { place, type: SUB_ULEB128, value: from },
];

test('a difference is put into the bytes that are there for it, and what is behind stays', async () => {
  assert.deepEqual(await relocated([0x00, 0xff], difference(0, 0x45, 0)), [0x45, 0xff]);
  assert.deepEqual(await relocated([0x80, 0x00, 0xff], difference(0, 1000, 0)), [0xe8, 0x07, 0xff]);
  assert.deepEqual(await relocated([0x80, 0x80, 0x00, 0xff], difference(0, 7, 2)), [0x85, 0x80, 0x00, 0xff]);
  const [nine, behind] = [Array.from({ length: 9 }, () => 0x80), 0x00];
  assert.deepEqual(await relocated([...nine, behind], difference(0, 7, 2)), [0x85, ...nine.slice(1), behind]);
});

test('neither of the two needs to fit, addends count, and what was there does not', async () => {
  assert.deepEqual(await relocated([0x33, 0x44], difference(0, 0x12345, 0x12300)), [0x45, 0x44]);
  assert.deepEqual(await relocated([0x80, 0x00], difference(0, 0x12345, 0x12300, 0x100)), [0xc5, 0x02]);
  assert.deepEqual(await relocated([0x80, 0x00], difference(0, 0x12345, 0x12300, -0x45)), [0x80, 0x00]);
});

test('one beside the other, each of a length of its own', async () => {
  const relocations = [
    ...difference(1, 0x1000, 0xff0),
    ...difference(2, 0x1200, 0x1000),
    ...difference(5, 9, 8),
  ];
  const content = [0x04, 0x00, 0x80, 0x80, 0x00, 0x00, 0x04];
  assert.deepEqual(await relocated(content, relocations), [0x04, 0x10, 0x80, 0x84, 0x00, 0x01, 0x04]);
});

test('a field that is not read from its begin stays as it is, and one that is cut has its lower bits', async () => {
  const content = [0x80, 0x80, 0x00, 0x00];
  const relocations = [...difference(0, 0x1ffff, 0), ...difference(3, 2, 1)];
  assert.deepEqual(await relocated(content, relocations), [0xff, 0xff, 0x07, 0x01]);
  assert.deepEqual(await relocated(content, relocations, 1), [0x80, 0x00, 0x01]);
  assert.deepEqual(await relocated(content, relocations, 0, 2), [0xff, 0xff]);
});

test('one that never ends has no more bytes than 64 bits need', async () => {
  const endless = Array.from({ length: 16 }, () => 0x81);
  const read = await relocated(endless, difference(0, 7, 2));
  assert.deepEqual(read, [0x85, ...Array.from({ length: 9 }, () => 0x80), ...endless.slice(10)]);
});
