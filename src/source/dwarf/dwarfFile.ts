/** Addresses to functions and lines by the DWARF of one file. */
import type { ElfFile } from '../elf/elfFile';
import { then, type Now } from '../elf/rangeSource';
import type { SymbolTable } from '../elf/symbolTable';
import { Abbreviations } from './abbreviations';
import { Slot } from './constants';
import { DwarfSections } from './dwarfSections';
import { NO_ENTRY, type EntryReader } from './entryReader';
import { callsOf, type FunctionNode } from './functionTree';
import type { LineRow } from './lineProgram';
import type { LineTable } from './lineTable';
import { LONGEST_HEADER, readUnitHeader, Unit, type FunctionEntry, type UnitHeader } from './unit';
import { UnitIndex } from './unitIndex';

/** A place in the source; a frame of the call stack that an address stands for. */
export interface CodePlace {
  /** As the source spells it; null where the debug info names none. */
  readonly function: string | null;
  /** Path on the machine that built it, absolute where the debug info tells; null when unknown. */
  readonly file: string | null;
  /** 1-based; null when unknown. */
  readonly line: number | null;
  /** 1-based; null when unknown. */
  readonly column: number | null;
}

/** What an address stands for. */
export interface AddressPlaces {
  /** The innermost inlined function first, the function itself last; empty where the debug info has nothing. */
  readonly places: readonly CodePlace[];
  /** The functions are in a .dwo file that was not read: only the line is known. */
  readonly isSplit: boolean;
}

export const NO_PLACES: AddressPlaces = { places: [], isSplit: false };

/** A call in the code of a function. */
export interface Call {
  /** Address behind the call instruction. */
  readonly returnAddress: number;
  /** What is called, as the source spells it; null for a call through a pointer. */
  readonly callee: string | null;
  /** The function is left for good: what it calls returns to its caller. */
  readonly isTailCall: boolean;
  /** Functions that the call was written in: the innermost inlined one first, the outermost last. */
  readonly through: readonly string[];
}

/** Bytes of units kept for the next look-up; those of a capture's stacks are some hundred of 100 kB. */
const KEPT_BYTES = 1 << 24;
/** Bytes of a unit read before its header was looked at. */
const LARGEST_FIRST_READ = 1 << 20;
const ABBREVIATIONS_READ = 1 << 12;
const LARGEST_ABBREVIATIONS = 1 << 24;
/** An origin of an origin of…: compilers make two. */
const MOST_ORIGINS = 16;

/** Stands for the row of an address that has none: no file has this number. */
const NO_ROW: LineRow = { file: -1, line: 0, column: 0 };

interface KeptUnit {
  readonly unit: Unit;
  size: number;
}

export class DwarfFile {
  private readonly kept = new Map<number, KeptUnit>();
  private readonly opening = new Map<number, Promise<KeptUnit | null>>();
  private keptBytes = 0;
  /** The unit that was used last: the last one in {@link kept}. */
  private newest: KeptUnit | null = null;

  private constructor(
    private readonly sections: DwarfSections,
    private readonly index: UnitIndex,
    private readonly keepBytes: number,
  ) {}

  /**
   * Null when the file has no debug info.
   *
   * @param symbols those of the file, asked for when there are relocations to apply
   * @param keepBytes how much of what was read is kept in memory for the next look-up
   */
  static async open(
    elf: ElfFile,
    symbols: () => Promise<SymbolTable>,
    keepBytes = KEPT_BYTES,
  ): Promise<DwarfFile | null> {
    const sections = await DwarfSections.open(elf, symbols);
    if (sections.get('info').size === 0) return null;
    return new DwarfFile(sections, await UnitIndex.open(sections), keepBytes);
  }

  /** The unit of an address among those of .debug_aranges; -1 when they do not have it. For sorting look-ups. */
  unitOffsetOf(address: number): number {
    return this.index.find(address);
  }

  /** The functions and lines of an address. */
  lookUp(address: number): Now<AddressPlaces> {
    const kept = this.unitOf(address);
    if (kept === null) return NO_PLACES;
    if (kept instanceof Promise) {
      return kept.then((opened) => (opened === null ? NO_PLACES : this.lookUpIn(opened, address)));
    }
    return this.lookUpIn(kept, address);
  }

  private lookUpIn(kept: KeptUnit, address: number): Now<AddressPlaces> {
    const { unit } = kept;
    return then(unit.lineTable(), (table) =>
      then(unit.functionAt(address), (entry) => {
        const row = table?.find(address) ?? NO_ROW;
        return then(this.placesAt(unit, table, entry, row, address), (places) => {
          this.account(kept);
          return { places, isSplit: unit.isSplit };
        });
      }),
    );
  }

  private placesAt(
    unit: Unit,
    table: LineTable | null,
    entry: FunctionEntry | null,
    row: LineRow,
    address: number,
  ): Now<readonly CodePlace[]> {
    if (entry !== null) {
      return then(unit.innermostAt(entry, address), (node) => this.addPlaces(unit, table, node, row, []));
    }
    if (row === NO_ROW) return NO_PLACES.places;
    const { file, line, column } = row;
    return then(table?.path(file, this.sections) ?? null, (path) => [place(null, path, line, column)]);
  }

  /**
   * Adds the place of a function and of those that it is inlined into.
   *
   * @param row where the address is in it
   */
  private addPlaces(
    unit: Unit,
    table: LineTable | null,
    innermost: FunctionNode,
    row: LineRow,
    places: CodePlace[],
  ): Now<readonly CodePlace[]> {
    let node = innermost;
    let { file, line, column } = row;
    for (;;) {
      const name = this.nameOf(unit, node.entry);
      const path = table?.path(file, this.sections) ?? null;
      if (name instanceof Promise || path instanceof Promise) {
        return this.addWaiting(unit, table, node, { file, line, column }, places);
      }
      places.push(place(name, path, line, column));
      if (node.parent === null) return places;
      file = node.callFile;
      line = node.callLine;
      column = node.callColumn;
      node = node.parent;
    }
  }

  /** Like {@link addPlaces}, where something has to be read first. */
  private async addWaiting(
    unit: Unit,
    table: LineTable | null,
    { parent, entry, callFile, callLine, callColumn }: FunctionNode,
    { file, line, column }: LineRow,
    places: CodePlace[],
  ): Promise<readonly CodePlace[]> {
    const name = await this.nameOf(unit, entry);
    const path = (await table?.path(file, this.sections)) ?? null;
    places.push(place(name, path, line, column));
    if (parent === null) return places;
    const call = { file: callFile, line: callLine, column: callColumn };
    return this.addPlaces(unit, table, parent, call, places);
  }

  /** The calls in the code of the function at an address, in the order of the debug info. */
  async callsIn(address: number): Promise<readonly Call[]> {
    const kept = await this.unitOf(address);
    if (kept === null) return [];
    const entry = await kept.unit.functionAt(address);
    if (entry === null) return [];
    const calls: Call[] = [];
    for (const { node, returnAddress, origin, isTailCall } of await callsOf(kept.unit, entry)) {
      const callee = origin === NO_ENTRY ? null : await this.nameOf(kept.unit, origin);
      const through: string[] = [];
      for (let at: FunctionNode | null = node; at !== null; at = at.parent) {
        through.push((await this.nameOf(kept.unit, at.entry)) ?? '');
      }
      calls.push({ returnAddress, callee, isTailCall, through });
    }
    this.account(kept);
    return calls;
  }

  /** Where a function is declared, by an address in it. */
  async declarationAt(address: number): Promise<CodePlace | null> {
    const kept = await this.unitOf(address);
    const entry = (await kept?.unit.functionAt(address)) ?? null;
    if (kept === null || entry === null) return null;
    const offset = kept.unit.header.offset + entry.start;
    return this.ofOrigins(kept.unit, offset, Slot.DeclLine, async (unit, reader) => {
      const { values, start } = reader;
      const [fileNumber, line] = [values[Slot.DeclFile]!, values[Slot.DeclLine]!];
      const name = unit.header.offset + start;
      const table = await unit.lineTable();
      const file = (await table?.path(fileNumber, this.sections)) ?? null;
      return place(await this.nameOf(unit, name), file, line, 0);
    });
  }

  private unitOf(address: number): Now<KeptUnit | null> {
    const offset = this.index.find(address);
    if (offset >= 0) return this.open(offset);
    if (this.index.isComplete) return null;
    return this.index
      .complete((header, add) => this.addUnitRanges(header, add))
      .then(() => {
        const found = this.index.find(address);
        return found >= 0 ? this.open(found) : null;
      });
  }

  private async addUnitRanges(header: UnitHeader, add: (low: number, high: number) => void): Promise<void> {
    const unit = await this.makeUnit(header);
    if (unit === null) return;
    if (unit.rootHasCode) await unit.addRootRanges(add);
    else if (header.length > header.headerLength) await unit.addFunctionRanges(add);
  }

  private open(offset: number): Now<KeptUnit | null> {
    const known = this.kept.get(offset);
    if (known !== undefined) return known;
    let opening = this.opening.get(offset);
    if (opening === undefined) {
      const loaded = this.load(offset);
      if (!(loaded instanceof Promise)) return loaded;
      opening = loaded.finally(() => this.opening.delete(offset));
      this.opening.set(offset, opening);
    }
    return opening;
  }

  private load(offset: number): Now<KeptUnit | null> {
    // Most often the whole unit: its functions are looked for next.
    const expected = Math.min(this.index.nextStart(offset) - offset, LARGEST_FIRST_READ);
    return then(this.sections.info.at(offset, Math.max(expected, LONGEST_HEADER)), (part) => {
      const header = readUnitHeader(part, offset);
      if (typeof header === 'string') {
        this.sections.problem('info', offset, header);
        return null;
      }
      if (offset + header.length > this.sections.get('info').size) {
        const message = `a unit of ${header.length} bytes, which the section does not have`;
        this.sections.problem('info', offset, message);
      }
      return then(this.makeUnit(header), (unit) => {
        if (unit === null) return null;
        const kept = { unit, size: 0 };
        this.kept.set(offset, kept);
        this.account(kept);
        return kept;
      });
    });
  }

  private makeUnit(header: UnitHeader): Now<Unit | null> {
    return then(this.readAbbreviations(header, ABBREVIATIONS_READ), (abbreviations) =>
      abbreviations === null ? null : Unit.open(this.sections, header, abbreviations),
    );
  }

  private readAbbreviations(header: UnitHeader, length: number): Now<Abbreviations | null> {
    const section = this.sections.get('abbrev');
    const offset = header.abbreviationsOffset;
    return then(section.cursorAt(offset, length), (cursor) => {
      const table = Abbreviations.read(cursor, header);
      if (!cursor.isOverrun) return table;
      if (length < LARGEST_ABBREVIATIONS && offset + length < section.size) {
        return this.readAbbreviations(header, length * 8);
      }
      this.sections.problem('abbrev', offset, 'a table without an end');
      return null;
    });
  }

  /** The name of an entry, or of what it is an instance of. `offset` is its place in .debug_info. */
  private nameOf(unit: Unit, offset: number): Now<string | null> {
    const known = unit.names.get(offset);
    return known === undefined ? this.readName(unit, offset) : known;
  }

  private readName(asked: Unit, offset: number): Now<string | null> {
    const name = this.ofOrigins(asked, offset, Slot.Name, (unit, { values, forms }) =>
      unit.stringOf(values[Slot.Name]!, forms[Slot.Name]!),
    );
    return then(name, (read) => {
      asked.names.set(offset, read);
      return read;
    });
  }

  /**
   * Gives the entry at an offset of .debug_info to `take`, or the first one with the attribute of those that it is an
   * instance of. There is but one reader: `take` must be done with it before it waits.
   *
   * @param steps how many entries are looked at, at most
   */
  private ofOrigins<T>(
    asked: Unit,
    offset: number,
    slot: Slot,
    take: (unit: Unit, reader: EntryReader) => Now<T | null>,
    steps = MOST_ORIGINS,
  ): Now<T | null> {
    if (steps === 0) return null;
    return then(this.unitWith(asked, offset), (unit) => {
      if (unit === null) return null;
      return then(unit.entryAt(offset - unit.header.offset), (reader) => {
        if (reader.has(slot)) return take(unit, reader);
        const origin = originOf(reader);
        return origin === NO_ENTRY ? null : this.ofOrigins(unit, origin, slot, take, steps - 1);
      });
    });
  }

  /** The unit with the entry at this place in .debug_info; most often the one that is at hand. */
  private unitWith(unit: Unit, offset: number): Now<Unit | null> {
    const { header } = unit;
    if (offset >= header.offset && offset < header.offset + header.length) return unit;
    return this.otherUnitWith(offset);
  }

  private async otherUnitWith(offset: number): Promise<Unit | null> {
    await this.index.complete((other, add) => this.addUnitRanges(other, add));
    const start = this.index.startBefore(offset);
    return start < 0 ? null : ((await this.open(start))?.unit ?? null);
  }

  /** Counts anew what a unit keeps, and lets those go that were not used for longest. */
  private account(kept: KeptUnit): void {
    const size = kept.unit.size + kept.unit.names.size * 40;
    this.keptBytes += size - kept.size;
    kept.size = size;
    if (this.newest === kept && this.keptBytes <= this.keepBytes) return;
    this.newest = kept;
    const { offset } = kept.unit.header;
    this.kept.delete(offset);
    this.kept.set(offset, kept);
    for (const [other, { size: freed }] of this.kept) {
      if (this.keptBytes <= this.keepBytes || other === offset) return;
      this.kept.delete(other);
      this.keptBytes -= freed;
    }
  }
}

function place(name: string | null, file: string | null, line: number, column: number): CodePlace {
  return { function: name, file, line: line > 0 ? line : null, column: column > 0 ? column : null };
}

function originOf(reader: EntryReader): number {
  const origin = reader.reference(Slot.AbstractOrigin);
  return origin === NO_ENTRY ? reader.reference(Slot.Specification) : origin;
}
