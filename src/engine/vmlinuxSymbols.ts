/** The functions of a vmlinux as its System.map lists them: names for captures that have addresses alone. */
import { openElf } from '../source/elf/elfFile';
import { DebugFileError } from '../source/elf/debugProblems';
import { readBuildId } from '../source/elf/notes';
import type { RangeSource } from '../source/elf/rangeSource';
import { SymbolTable } from '../source/elf/symbolTable';
import { systemMap } from '../source/elf/systemMap';

export interface VmlinuxSymbols {
  /** Lines `ffffffff81000000 T _text`, in the order of their addresses. */
  readonly systemMap: Uint8Array;
  /** In lower-case hexadecimal digits; null when it has none. */
  readonly buildId: string | null;
}

/** What an ELF file begins with. */
export const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

export function isElf(head: Uint8Array): boolean {
  return ELF_MAGIC.every((byte, i) => head[i] === byte);
}

/**
 * Null for a file that is no vmlinux: no ELF file, a module (which says nothing of where it was), or one without symbols.
 *
 * @throws what `source.read` throws
 */
export async function readVmlinuxSymbols(source: RangeSource): Promise<VmlinuxSymbols | null> {
  if (!isElf(await source.read(0, ELF_MAGIC.length))) return null;
  try {
    const elf = await openElf(source);
    if (elf.isRelocatable) return null;
    const map = systemMap(elf, await SymbolTable.read(elf));
    return map.length === 0 ? null : { systemMap: map, buildId: await readBuildId(elf) };
  } catch (error) {
    if (error instanceof DebugFileError) return null;
    throw error;
  }
}
