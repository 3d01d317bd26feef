import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AddressLocation } from '../../../src/source/debugFile';
import type { RangeSource } from '../../../src/source/elf/rangeSource';

/** The kernel of the shared captures. */
export const SHARED_KERNEL = '../shared/kernel';
/** What is made once stays here for the next run. */
const WORK = path.join(os.tmpdir(), 'page-holders-debug-info');

export function workFolder(): string {
  mkdirSync(WORK, { recursive: true });
  return WORK;
}

/** `NAME.xz` of the shared kernel, unpacked; null when it is not there. */
export function sharedFile(name: string): string | null {
  const packed = path.join(SHARED_KERNEL, `${name}.xz`);
  if (!existsSync(packed)) return null;
  const unpacked = path.join(workFolder(), name);
  if (!existsSync(unpacked) || statSync(unpacked).mtimeMs < statSync(packed).mtimeMs) {
    // Test files run in processes of their own, and two of them may unpack the same file at once.
    const part = `${unpacked}.${process.pid}`;
    execFileSync('/bin/sh', ['-c', 'xz -dc "$1" > "$3" && mv "$3" "$2"', 'sh', packed, unpacked, part]);
  }
  return unpacked;
}

export function isOnPath(program: string): boolean {
  return spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0;
}

interface OpenFile extends RangeSource {
  close(): void;
}

/** @param isNow whether it can be read without waiting, as files can in Node */
export function fileSource(file: string, isNow: boolean): OpenFile {
  const handle = openSync(file, 'r');
  const { size } = fstatSync(handle);
  const readNow = (offset: number, target: Uint8Array): number =>
    readSync(handle, target, 0, target.length, offset);
  return {
    name: file,
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      return Promise.resolve(bytes.subarray(0, readNow(offset, bytes)));
    },
    ...(isNow ? { readNow } : {}),
    close: () => {
      closeSync(handle);
    },
  };
}

/** Counts what is read. */
export function memoryRanges(name: string, bytes: Uint8Array): RangeSource & { bytesRead: number } {
  const source = {
    name,
    size: bytes.length,
    bytesRead: 0,
    readNow: (offset: number, target: Uint8Array): number => {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      source.bytesRead += part.length;
      return part.length;
    },
    read: (offset: number, length: number): Promise<Uint8Array> => {
      const part = bytes.slice(Math.max(0, offset), Math.max(0, offset + length));
      source.bytesRead += part.length;
      return Promise.resolve(part);
    },
  };
  return source;
}

export interface TextSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
}

/** The functions of a file that have a size, as nm lists them. */
export function textSymbols(file: string): TextSymbol[] {
  const found: TextSymbol[] = [];
  for (const line of execFileSync('nm', ['-S', file], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n')) {
    const [, address, size, name] = /^([0-9a-f]+) ([0-9a-f]+) [tTwW] (\S+)$/.exec(line) ?? [];
    if (name !== undefined) found.push({ name, address: BigInt(`0x${address}`), size: parseInt(size!, 16) });
  }
  return found.filter(({ size }) => size > 0);
}

/** A frame as text, `function file:line:column`, with the path made plain: `/a/./b/../c` is `/a/c`. */
export type FrameText = string;

export function framesOf({ symbol, places }: AddressLocation): FrameText[] {
  if (places.length === 0) return symbol === null ? [] : [`${symbol.name} ??:0:0`];
  return places.map(
    (place) => `${place.function ?? '??'} ${place.file ?? '??'}:${place.line ?? 0}:${place.column ?? 0}`,
  );
}

/** What llvm-symbolizer says of each address, without what it takes from the symbol table. */
export function llvmFrames(
  file: string,
  addresses: readonly bigint[],
  extra: readonly string[] = [],
): FrameText[][] {
  const output = execFileSync(
    'llvm-symbolizer',
    ['-e', file, '--functions=short', '--no-demangle', ...extra],
    {
      input: addresses.map((address) => `0x${address.toString(16)}`).join('\n') + '\n',
      maxBuffer: 1 << 30,
      encoding: 'utf8',
    },
  );
  return output
    .split('\n\n')
    .slice(0, addresses.length)
    .map((block) => {
      const lines = block.split('\n').filter((line) => line !== '');
      const frames: string[] = [];
      for (let i = 0; i + 1 < lines.length; i += 2) frames.push(`${lines[i]} ${plainPath(lines[i + 1]!)}`);
      return frames;
    });
}

function plainPath(place: string): string {
  const [, file, numbers] = /^(.*?)((?::\d+)*)$/.exec(place)!;
  return `${file!.startsWith('/') ? path.normalize(file!) : file}${numbers}`;
}
