/** The functions of a vmlinux as its System.map lists them. */
import { absoluteAddress, type ElfFile } from './elfFile';
import type { SymbolTable } from './symbolTable';

/** As much as of a kallsyms is read: a kernel with everything in it has 20 MB. */
const LARGEST = 1 << 27;

/** Lines `ffffffff81000000 T _text`, in the order of their addresses; empty where it has no symbols of code. */
export function systemMap(elf: ElfFile, symbols: SymbolTable): Uint8Array {
  const lines: string[] = [];
  let length = 0;
  for (const symbol of symbols.codeByAddress()) {
    if (!symbols.hasKernelName(symbol) || length > LARGEST) continue;
    const address = absoluteAddress(elf, symbols.valueAt(symbol)).toString(16).padStart(16, '0');
    length += lines[lines.push(`${address} T ${symbols.nameAt(symbol)}\n`) - 1]!.length;
  }
  return new TextEncoder().encode(lines.join(''));
}
