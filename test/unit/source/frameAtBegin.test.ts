/** Frames that return to the begin of a function. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { DebugFile } from '../../../src/source/debugFile';
import { KernelDebugInfo, type DebugFrame, type DebugLocation } from '../../../src/source/kernelDebugInfo';
import { isOnPath, memoryRanges } from './debugSupport';

/** group_exit ends with a call that does not come back, and behind it begins next. */
const SOURCE = `__attribute__((noreturn, noinline)) void leave(long c) { for (;;) __asm__ volatile("" :: "r"(c)); }
__attribute__((noreturn, noinline)) void group_exit(long c)
{
	leave(c + 1);
}
volatile int x;
__attribute__((noinline)) void next(void)
{
	x = 1;
}
__attribute__((noinline)) void fretprobe_trampoline(void)
{
	x = 2;
}
void _start(void) { next(); fretprobe_trampoline(); group_exit(x); }
`;

const skip = isOnPath('gcc') && process.arch === 'x64' ? false : 'gcc for x86_64 is not on the PATH';

const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-begin-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function build(): Promise<DebugFile> {
  const source = path.join(folder, 'begin.c');
  const elf = path.join(folder, 'begin.elf');
  writeFileSync(source, SOURCE);
  const options = ['-Os', '-g', '-nostdlib', '-static', '-fno-toplevel-reorder', '-fno-pie', '-no-pie'];
  execFileSync('gcc', [...options, '-fno-asynchronous-unwind-tables', '-o', elf, source]);
  return DebugFile.open(memoryRanges('vmlinux', readFileSync(elf)));
}
const built = skip === false ? build() : null;

async function locate(
  inner: string | null,
  name: string,
  given: Partial<DebugFrame> = {},
): Promise<DebugLocation> {
  const info = new KernelDebugInfo((await built)!);
  info.setShift(0n);
  const within = inner === null ? [] : [{ function: inner, offset: 1, module: null }];
  return (await info.locate([...within, { function: name, offset: 0, module: null, ...given }])).at(-1)!;
}

const linesOf = ({ places }: DebugLocation): string =>
  places.map((place) => `${place.function}:${place.line}`).join(' < ');

test('one that calls the inner frame at the end of the function before is there', { skip }, async () => {
  const found = await locate('leave', 'next');
  assert.deepEqual([found.certainty, linesOf(found)], ['exact', 'group_exit:4']);
  const [next] = await (await built)!.symbolsNamed('next');
  const byAddress = await locate('leave', 'next', { offset: null, address: next!.address });
  assert.deepEqual(byAddress, found, 'as trace-cmd prints it');
  assert.match(found.note, /last call of group_exit would return to where next begins/);
});

test('where the inner frame is another one, or none, it is doubtful', { skip }, async () => {
  for (const inner of ['_start', null]) {
    const found = await locate(inner, 'next');
    assert.deepEqual([found.isDoubtful, linesOf(found)], [true, 'group_exit:4'], String(inner));
    assert.deepEqual(
      found.candidates.map(([place]) => place!.function),
      ['next'],
    );
  }
  const other = await locate('leave', 'group_exit');
  assert.deepEqual([other.isDoubtful, other.candidates], [true, []], 'no call returns there');
  assert.match(linesOf(other), /^group_exit:/);
});

test('what is in no other frame need not return, where no call returns there', { skip }, async () => {
  const found = await locate(null, 'group_exit');
  assert.deepEqual([found.certainty, found.note], ['exact', '']);
  assert.match(linesOf(found), /^group_exit:/);
});

test(
  'where the processor was, and what the kernel puts as a return address, is at the begin',
  { skip },
  async () => {
    const interrupted = await locate(null, 'next', { isInterrupted: true });
    assert.equal(interrupted.certainty, 'exact');
    assert.match(linesOf(interrupted), /^next:/);
    const trampoline = await locate('leave', 'fretprobe_trampoline');
    assert.equal(trampoline.certainty, 'exact');
    assert.match(linesOf(trampoline), /^fretprobe_trampoline:/);
  },
);
