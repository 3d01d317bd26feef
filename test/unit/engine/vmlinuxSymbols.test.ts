import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readVmlinuxSymbols } from '../../../src/engine/vmlinuxSymbols';

const sourceOf = (bytes: Uint8Array) => ({
  name: 'vmlinux',
  size: bytes.length,
  read: (offset: number, length: number) => Promise.resolve(bytes.subarray(offset, offset + length)),
});
const elf = readFileSync('test/fixtures/debugInfo/dwarf4.elf');

test('functions in the order of their addresses, as a System.map has them', async () => {
  const { systemMap, buildId } = (await readVmlinuxSymbols(sourceOf(elf)))!;
  assert.equal(buildId, '894b65e4b0b4eb75c6c70f4ae9897fb9430fdce6');
  const lines = new TextDecoder().decode(systemMap).trimEnd().split('\n');
  for (const name of ['caller', 'outer', 'other']) {
    assert.equal(lines.filter((line) => new RegExp(`^[0-9a-f]{16} T ${name}$`).test(line)).length, 1, name);
  }
  assert.deepEqual(
    lines,
    [...lines].sort((a, b) =>
      a.slice(0, 16) < b.slice(0, 16) ? -1 : a.slice(0, 16) > b.slice(0, 16) ? 1 : 0,
    ),
  );
});

test('what is no vmlinux, and what is damaged, is none or has fewer', async () => {
  assert.equal(await readVmlinuxSymbols(sourceOf(new TextEncoder().encode('trace'))), null);
  assert.equal(await readVmlinuxSymbols(sourceOf(readFileSync('test/fixtures/debugInfo/dwarf5.ko'))), null);
  const whole = (await readVmlinuxSymbols(sourceOf(elf)))!.systemMap.length;
  for (let length = 0; length < elf.length; length += 61) {
    const found = await readVmlinuxSymbols(sourceOf(elf.subarray(0, length)));
    assert.ok((found?.systemMap.length ?? 0) <= whole);
  }
});
