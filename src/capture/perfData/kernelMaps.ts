import { NONE } from '../eventTable';
import type { SymbolTableBuilder } from '../symbolTableBuilder';

/** A module, or code that was generated. */
interface KernelRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly name: string;
  readonly isBpf: boolean;
}

/** A capture is untrusted: more modules and programs than these no kernel has. */
const MOST_RANGES = 1 << 16;

/**
 * What records of a perf.data say of the kernel's address space: PERF_RECORD_MMAP of the kernel and its modules,
 * PERF_RECORD_KSYMBOL of BPF programs and trampolines.
 */
export class KernelMaps {
  /** Address of the kernel's first symbol, by its name (`_text` or `_stext`); null where the file does not say. */
  reference: { readonly symbol: string; readonly address: bigint } | null = null;
  /** In lower-case hexadecimal digits; null where no record of the kernel's map says it. */
  kernelBuildId: string | null = null;
  /** By module, in lower-case hexadecimal digits; of those whose records say it. */
  readonly moduleBuildIds = new Map<string, string>();
  private readonly functions = new RangeList();
  private readonly modules = new RangeList();

  /** `name` is the record's file name: `[kernel.kallsyms]_text`, `/lib/modules/…/ext4.ko`, `[ext4]`. */
  addMap(name: string, start: bigint, length: bigint, pageOffset: bigint, buildId: string | null): void {
    const kernel = /^\[kernel\.kallsyms\](.+)$/.exec(name);
    if (kernel) {
      this.reference ??= { symbol: kernel[1]!, address: pageOffset };
      if (buildId !== null && buildId !== '') this.kernelBuildId ??= buildId;
      return;
    }
    const module = moduleName(name);
    if (module === null) return;
    this.modules.add({ start, end: start + length, name: module, isBpf: false });
    if (buildId !== null && buildId !== '' && this.moduleBuildIds.size < MOST_RANGES) {
      this.moduleBuildIds.set(module, buildId);
    }
  }

  /** `isBpf`: a BPF program, else a trampoline. */
  addSymbol(name: string, start: bigint, length: number, isBpf: boolean): void {
    if (name === '') return;
    this.functions.add({ start, end: start + BigInt(length), name, isBpf });
  }

  /** Frame id of an address in a program or trampoline, or NONE. */
  functionFrame(high: number, low: number, symbols: SymbolTableBuilder): number {
    const address = addressOf(high, low);
    const found = this.functions.find(address);
    if (!found) return NONE;
    return symbols.internFrame({
      function: symbols.internText(found.name),
      offset: Number(address - found.start),
      size: Number(found.end - found.start),
      module: found.isBpf ? symbols.internText('bpf') : -1,
      addressHigh: high | 0,
      addressLow: low | 0,
    });
  }

  /** Frame id of an address in a module, whose function is not known, or NONE. */
  moduleFrame(high: number, low: number, symbols: SymbolTableBuilder): number {
    const address = addressOf(high, low);
    const found = this.modules.find(address);
    if (!found) return NONE;
    return symbols.internFrame({
      function: symbols.internText(`0x${address.toString(16)}`),
      offset: -1,
      size: -1,
      module: symbols.internText(found.name),
      addressHigh: high | 0,
      addressLow: low | 0,
    });
  }
}

/** Ranges that hardly overlap, looked up by address. */
class RangeList {
  private ranges: KernelRange[] = [];
  private isSorted = true;

  add(range: KernelRange): void {
    if (this.ranges.length === MOST_RANGES) return;
    this.ranges.push(range);
    this.isSorted = false;
  }

  /** The range that begins last before an address, when the address lies in it; of equal ones the newest. */
  find(address: bigint): KernelRange | null {
    if (!this.isSorted) {
      this.ranges.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
      this.isSorted = true;
    }
    let first = 0;
    let behind = this.ranges.length;
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if (this.ranges[middle]!.start > address) behind = middle;
      else first = middle + 1;
    }
    const found = this.ranges[first - 1];
    return found && address < found.end ? found : null;
  }
}

function addressOf(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The module that a file name stands for: `[ext4]`, or `ext4.ko` with any compression behind; null for none. */
export function moduleName(name: string): string | null {
  const bracketed = /^\[([A-Za-z0-9_]+)\]$/.exec(name);
  if (bracketed) return bracketed[1]!;
  const file = /([^/]+)\.ko(?:\.\w+)?$/.exec(name);
  // The file of module dm_mod is dm-mod.ko.
  return file ? file[1]!.replaceAll('-', '_') : null;
}
