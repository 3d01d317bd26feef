/** vmlinux and the modules of a kernel, as files of this machine. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { DebugFile } from '../source/debugFile';
import { DebugFileError } from '../source/elf/debugProblems';
import type { RangeSource } from '../source/elf/rangeSource';
import { KernelDebugInfo } from '../source/kernelDebugInfo';

/** Files looked at below the folder of the modules: a distribution's have some 7000. */
const MOST_FILES = 200_000;
/** Names of a module's file, the more telling first; `.debug` is what distributions split off. */
const ENDINGS = ['.ko.debug', '.ko.unstripped', '.ko'];

/**
 * Opens a vmlinux for look-ups. Modules are found by their names below a folder when a frame names one; what cannot be
 * opened there is as if it were not there.
 *
 * @param modules folder of the modules, searched with its subfolders; null for none
 * @throws DebugFileError when the vmlinux cannot be used; the message names it and says what was expected
 */
export async function openKernelDebugInfo(vmlinux: string, modules: string | null): Promise<KernelDebugInfo> {
  const kernel = await DebugFile.open(openRanges(vmlinux));
  if (!kernel.hasDebugInfo) {
    throw new DebugFileError(
      `${vmlinux} has no debug info, expected a section .debug_info: take the vmlinux of a build with ` +
        'CONFIG_DEBUG_INFO, or the one of the debug package of the distribution',
    );
  }
  const found = new Map<string, Promise<DebugFile | null>>();
  let files: ReadonlyMap<string, string> | null = null;
  return new KernelDebugInfo(kernel, (name) => {
    const key = moduleKey(name);
    let module = found.get(key);
    if (module === undefined) {
      files ??= moduleFiles(modules);
      module = openModule(files.get(key));
      found.set(key, module);
    }
    return module;
  });
}

async function openModule(file: string | undefined): Promise<DebugFile | null> {
  if (file === undefined) return null;
  try {
    return await DebugFile.open(openRanges(file));
  } catch {
    return null;
  }
}

/** By name of the module, its file. Symbolic links are not followed: they may lead out of the folder. */
function moduleFiles(folder: string | null): ReadonlyMap<string, string> {
  const files = new Map<string, { file: string; rank: number }>();
  const folders = folder === null ? [] : [folder];
  for (let seen = 0; folders.length > 0 && seen < MOST_FILES;) {
    const next = folders.pop()!;
    for (const entry of entriesOf(next)) {
      seen++;
      const place = path.join(next, entry.name);
      if (entry.isDirectory()) folders.push(place);
      const rank = ENDINGS.findIndex((ending) => entry.name.endsWith(ending));
      if (!entry.isFile() || rank < 0) continue;
      const key = moduleKey(entry.name.slice(0, -ENDINGS[rank]!.length));
      if (rank < (files.get(key)?.rank ?? ENDINGS.length)) files.set(key, { file: place, rank });
    }
  }
  return new Map([...files].map(([key, { file }]) => [key, file]));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Module names have `_` where file names may have `-` (kernel/module/main.c). */
function moduleKey(name: string): string {
  return name.replaceAll('-', '_');
}

/**
 * A file of this machine, read without waiting; it stays open as long as the process.
 *
 * @throws DebugFileError when it cannot be opened or is no regular file
 */
export function openRanges(file: string): RangeSource {
  let handle: number;
  let size: number;
  try {
    handle = openSync(file, 'r');
    const status = fstatSync(handle);
    if (!status.isFile()) {
      closeSync(handle);
      throw new Error('it is no regular file');
    }
    size = status.size;
  } catch (error) {
    throw new DebugFileError(
      `${file} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const readNow = (offset: number, target: Uint8Array): number => {
    const wanted = Math.max(0, Math.min(target.length, size - offset));
    let filled = 0;
    while (filled < wanted) {
      const bytes = readSync(handle, target, filled, wanted - filled, offset + filled);
      if (bytes === 0) break;
      filled += bytes;
    }
    return filled;
  };
  return {
    name: file,
    size,
    readNow,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      return Promise.resolve(bytes.subarray(0, readNow(offset, bytes)));
    },
  };
}
