/** A vmlinux or a module: its symbols and its debug info, opened once and asked many times. */
import { absoluteAddress, openElf, relativeAddress, type ElfFile } from './elf/elfFile';
import type { DebugProblem } from './elf/debugProblems';
import { readAlternate, readBuildId, readDebugLink, readKernelRelease, type DebugLink } from './elf/notes';
import { then, type Now, type RangeSource } from './elf/rangeSource';
import { SymbolTable, type SymbolId } from './elf/symbolTable';
import { systemMap } from './elf/systemMap';
import { DwarfFile, NO_PLACES, type AddressPlaces, type Call, type CodePlace } from './dwarf/dwarfFile';

/** Code by its symbol. Addresses are as the file has them: those of the kernel without KASLR. */
export interface CodeSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 when the file does not say. */
  readonly size: number;
}

/** What an address stands for by its symbol and by its debug info. */
export interface AddressLocation extends AddressPlaces {
  /** The symbol that it is in, as the linker named it (`.isra.0` and the like included). */
  readonly symbol: CodeSymbol | null;
}

/** Addresses that are kept with what was found: more than the frames of any capture, and 5 MB at most. */
const KEPT_RESULTS = 1 << 14;

export class DebugFile {
  private table: SymbolTable | null = null;
  private dwarf: DwarfFile | null = null;
  /** The file that this debug info was split off from, where it is another one. */
  stripped: DebugFile | null = null;
  private release: Promise<string | null> | null = null;
  /** By address, what was found for it. */
  private readonly found = new Map<number, AddressLocation>();
  private readonly symbolsOf = new Map<SymbolId, CodeSymbol>();

  private constructor(
    private readonly elf: ElfFile,
    /** In lower-case hexadecimal digits; null when it has none. */
    readonly buildId: string | null,
    /** The file that its debug info was split off to; null when it says none. */
    readonly debugLink: DebugLink | null,
    /** Name of the file that dwz moved parts of its debug info to, which is not read; null when there is none. */
    readonly alternate: string | null,
  ) {}

  /**
   * @param keepBytes how much of what was read is kept in memory for the next look-up, in bytes
   * @throws DebugFileError when it is no ELF file; the message names it and says what was expected
   * @throws what `source.read` throws
   */
  static async open(source: RangeSource, keepBytes?: number): Promise<DebugFile> {
    const elf = await openElf(source);
    const file = new DebugFile(
      elf,
      await readBuildId(elf),
      await readDebugLink(elf),
      await readAlternate(elf),
    );
    file.dwarf = await DwarfFile.open(elf, () => file.symbols(), keepBytes);
    return file;
  }

  get name(): string {
    return this.elf.source.name;
  }

  /** False for a file that was stripped, or built without CONFIG_DEBUG_INFO: symbols are all it has. */
  get hasDebugInfo(): boolean {
    return this.dwarf !== null;
  }

  /** Whether it is still to be linked, as a module is. */
  get isRelocatable(): boolean {
    return this.elf.isRelocatable;
  }

  /** What could not be read. Grows as more is read. */
  get problems(): { readonly count: number; readonly kept: readonly DebugProblem[] } {
    return this.elf.problems;
  }

  /** Release of the kernel that it is, or for which the module was built; null when it does not say. */
  kernelRelease(): Promise<string | null> {
    this.release ??= this.readRelease();
    return this.release;
  }

  /** The symbols of this name. */
  async symbolsNamed(name: string): Promise<readonly CodeSymbol[]> {
    const symbols = await this.symbols();
    return symbols.named(name).map((id) => this.symbol(symbols, id));
  }

  /** Its functions as a System.map lists them; empty where it has no symbols. */
  async systemMap(): Promise<Uint8Array> {
    return systemMap(this.elf, await this.symbols());
  }

  /** How many bytes behind a symbol the next ones begin, ascending; at most `limit` of them. */
  async distancesBehind({ address }: CodeSymbol, limit: number): Promise<readonly number[]> {
    return (await this.symbols()).distancesBehind(relativeAddress(this.elf, address), limit);
  }

  /**
   * The functions and lines of an address as the file has it. A return address is of the call before it: ask for the
   * address before.
   */
  async lookUp(address: bigint): Promise<AddressLocation> {
    return this.lookUpRelative(relativeAddress(this.elf, address));
  }

  /** Like {@link lookUp} for many addresses, in the order in which they cost least. */
  async lookUpAll(addresses: readonly bigint[]): Promise<AddressLocation[]> {
    const relative = Float64Array.from(addresses, (address) => relativeAddress(this.elf, address));
    const units = relative.map((address) => this.dwarf?.unitOffsetOf(address) ?? 0);
    const order = Uint32Array.from(addresses.keys()).sort(
      (a, b) => units[a]! - units[b]! || relative[a]! - relative[b]!,
    );
    const found = new Array<AddressLocation>(addresses.length);
    for (const i of order) {
      const location = this.lookUpRelative(relative[i]!);
      found[i] = location instanceof Promise ? await location : location;
    }
    return found;
  }

  /** The calls in the function at an address, and the addresses behind them. */
  async callsIn(address: bigint): Promise<readonly (Call & { readonly address: bigint })[]> {
    const calls = (await this.dwarf?.callsIn(relativeAddress(this.elf, address))) ?? [];
    return calls.map((call) => ({ ...call, address: absoluteAddress(this.elf, call.returnAddress) }));
  }

  /** Where the function at an address is defined. */
  async definitionAt(address: bigint): Promise<CodePlace | null> {
    return (await this.dwarf?.declarationAt(relativeAddress(this.elf, address))) ?? null;
  }

  private lookUpRelative(address: number): Now<AddressLocation> {
    const known = this.found.get(address);
    if (known !== undefined) return known;
    return then(this.table ?? this.symbols(), (symbols) =>
      then(this.dwarf?.lookUp(address) ?? NO_PLACES, (found) => {
        const location = this.locationOf(symbols, address, found);
        if (this.found.size >= KEPT_RESULTS) this.found.delete(this.found.keys().next().value!);
        this.found.set(address, location);
        return location;
      }),
    );
  }

  private locationOf(
    symbols: SymbolTable,
    address: number,
    { places, isSplit }: AddressPlaces,
  ): AddressLocation {
    const id = symbols.codeAt(address);
    const symbol = id === null ? null : this.symbol(symbols, id);
    const last = places[places.length - 1];
    if (symbol === null || last?.function !== null) return { symbol, places, isSplit };
    // Assembly, and units whose functions are elsewhere: the symbol names what the debug info does not.
    return { symbol, places: [...places.slice(0, -1), { ...last, function: symbol.name }], isSplit };
  }

  private async readRelease(): Promise<string | null> {
    const own = await readKernelRelease(this.elf, await this.symbols());
    return own ?? this.stripped?.kernelRelease() ?? null;
  }

  private symbol(symbols: SymbolTable, id: SymbolId): CodeSymbol {
    let symbol = this.symbolsOf.get(id);
    if (symbol === undefined) {
      const address = absoluteAddress(this.elf, symbols.valueAt(id));
      symbol = { name: symbols.nameAt(id), address, size: symbols.sizeAt(id) };
      this.symbolsOf.set(id, symbol);
    }
    return symbol;
  }

  private async symbols(): Promise<SymbolTable> {
    this.table ??= await SymbolTable.read(this.elf);
    return this.table;
  }
}
