/** The functions of a vmlinux as its System.map lists them: names for captures that have addresses alone. */
import { absoluteAddress, openElf } from '../source/elf/elfFile';
import { DebugFileError } from '../source/elf/debugProblems';
import { readBuildId } from '../source/elf/notes';
import type { RangeSource } from '../source/elf/rangeSource';
import { SymbolTable } from '../source/elf/symbolTable';

export interface VmlinuxSymbols {
  /** Lines `ffffffff81000000 T _text`, in the order of their addresses. */
  readonly systemMap: Uint8Array;
  /** In lower-case hexadecimal digits; null when it has none. */
  readonly buildId: string | null;
}

/** As much as of a kallsyms is read: a kernel with everything in it has 20 MB. */
const LARGEST = 1 << 27;
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
    const symbols = await SymbolTable.read(elf);
    const lines: string[] = [];
    let length = 0;
    for (const symbol of symbols.codeByAddress()) {
      if (!symbols.hasKernelName(symbol) || length > LARGEST) continue;
      const address = absoluteAddress(elf, symbols.valueAt(symbol)).toString(16).padStart(16, '0');
      length += lines[lines.push(`${address} T ${symbols.nameAt(symbol)}\n`) - 1]!.length;
    }
    if (lines.length === 0) return null;
    return { systemMap: new TextEncoder().encode(lines.join('')), buildId: await readBuildId(elf) };
  } catch (error) {
    if (error instanceof DebugFileError) return null;
    throw error;
  }
}
