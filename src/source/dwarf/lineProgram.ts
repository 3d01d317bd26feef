/** The line number program of a unit, run as far as look-ups need it (DWARF 5, section 6.2.5). */
import { readAddress, type AddressBase } from '../elf/addressBase';
import type { ByteCursor } from '../elf/byteCursor';
import { ExtendedLineOpcode, LineOpcode } from './constants';

export interface LineRow {
  /** Index into the files of the table. */
  readonly file: number;
  /** 1-based; 0 where the code belongs to no line. */
  readonly line: number;
  /** 1-based; 0 where it is not known. */
  readonly column: number;
}

/** What the header of a line table says of its program. */
interface LineProgramHeader {
  /** Where the program begins in the table, in bytes. */
  readonly program: number;
  readonly addressSize: number;
  readonly minimumInstruction: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** By standard opcode, how many operands it has. */
  readonly opcodeLengths: Uint8Array;
}

/** What special opcodes add to address and line, by opcode. */
interface SpecialOpcodes {
  readonly of: LineProgramHeader;
  /** 0 for other opcodes. */
  readonly distances: Uint16Array;
  readonly lines: Int16Array;
}

/** Stands for what does not come: a row that is not there, a place that is not reached. */
const NEVER = 0x7fffffff;

/**
 * The registers between two opcodes, and the row that was made last. Addresses count from the first one of the sequence:
 * so they are integers to V8, with which the loop takes half the time.
 */
class Machine {
  /** Address that distances count from. */
  start = 0;
  distance = 0;
  file = 1;
  line = 1;
  column = 0;
  /** NEVER where the sequence has no row yet. */
  rowDistance = NEVER;
  rowFile = 0;
  rowLine = 0;
  rowColumn = 0;

  constructor(public position: number) {}

  /** Goes to where a row was just made by what the registers hold. */
  goToRow(position: number, address: number, file: number, line: number, column: number): void {
    this.position = position;
    this.start = address;
    this.distance = this.rowDistance = 0;
    this.file = this.rowFile = file;
    this.line = this.rowLine = line;
    this.column = this.rowColumn = column;
  }

  /** Goes to an address as if no row were before it. */
  beginAt(address: number): void {
    this.start = address;
    this.distance = 0;
    this.rowDistance = NEVER;
  }
}

/** Runs on from a mark; nothing is waited for meanwhile. */
const SCRATCH = new Machine(0);

/**
 * Bytes of the program from one mark to the next. From a mark an address is some 2 µs away; rows of all of a program
 * would take four times the memory of the program itself, and writing them a third of the time of running it.
 */
const MARK_DISTANCE = 1 << 10;
const COLUMN_MASK = 0xffff;

/** The numbers that a mark has. */
const enum MarkColumn {
  Position,
  File,
  Line,
  Column,
  Count,
}

/** A program keeps no rows but marks: rows from which it can be run on. */
export class LineProgram {
  private readonly special: SpecialOpcodes;
  /** As far as the program was run: look-ups in the order of addresses run it once. */
  private readonly frontier: Machine;
  /** By mark: the address of its row, and the address that ends what follows it. */
  private readonly lows: number[] = [];
  private readonly highs: number[] = [];
  /** Mark after mark, its columns: a machine for each would take three times the memory. */
  private readonly marks: number[] = [];
  private nextMark = 0;

  constructor(
    private readonly cursor: ByteCursor,
    private readonly header: LineProgramHeader,
    private readonly base: AddressBase,
  ) {
    this.special = specialOpcodes(header);
    this.frontier = new Machine(header.program);
  }

  /** Bytes it keeps beside the table itself, about. */
  get size(): number {
    return 200 + this.lows.length * 16 + this.marks.length * 8;
  }

  /** The row of an address, or null when the program has none for it. */
  find(address: number): LineRow | null {
    for (let i = 0; i < this.lows.length; i++) {
      if (address >= this.lows[i]! && address < this.highs[i]!) {
        this.goToMark(SCRATCH, i);
        return this.findFrom(SCRATCH, address);
      }
    }
    const { frontier } = this;
    const row = this.findFrom(frontier, address);
    // What was run of a sequence that is not at its end yet can be looked up too.
    if (frontier.rowDistance !== NEVER) this.closeMark(frontier.start + frontier.rowDistance);
    return row;
  }

  /** From a mark, to the end of its sequence at most. */
  private findFrom(machine: Machine, address: number): LineRow | null {
    const isFrontier = machine === this.frontier;
    do {
      const wanted = distanceTo(machine.start, address);
      if (this.run(machine, wanted, isFrontier) || this.runExtended(machine, wanted, isFrontier)) {
        return rowOf(machine);
      }
    } while (machine.position < this.cursor.end && (isFrontier || machine.rowDistance !== NEVER));
    return null;
  }

  /**
   * Runs on to an opcode that sets the address or ends the sequence, or to the one that ends the row of the wanted
   * distance; whether it is the latter. Of rows with one address the last counts.
   */
  private run(machine: Machine, wanted: number, isFrontier: boolean): boolean {
    const { cursor, header } = this;
    const { bytes } = cursor;
    const { opcodeBase } = header;
    const { distances, lines } = this.special;
    let { position, distance, file, line, column, rowDistance, rowFile, rowLine, rowColumn } = machine;
    let nextMark = isFrontier ? this.nextMark : NEVER;
    let isFound = false;
    for (let { end } = cursor; position < end;) {
      const opcode = bytes[position++]!;
      if (opcode >= opcodeBase) {
        distance = (distance + distances[opcode]!) | 0;
        line = (line + lines[opcode]!) | 0;
      } else if (opcode !== LineOpcode.Copy) {
        if (opcode === LineOpcode.NegateStatement) continue;
        if (opcode === LineOpcode.SetColumn && bytes[position]! < 0x80) {
          column = bytes[position++]!;
          continue;
        }
        cursor.position = position;
        switch (opcode) {
          case LineOpcode.SetColumn:
            column = cursor.uleb() | 0;
            break;
          case LineOpcode.AdvanceLine:
            line = (line + cursor.sleb()) | 0;
            break;
          case LineOpcode.SetFile:
            file = cursor.uleb() | 0;
            break;
          case LineOpcode.AdvancePc:
            distance = (distance + cursor.uleb() * header.minimumInstruction) | 0;
            break;
          case LineOpcode.ConstAddPc:
            distance = (distance + distances[255]!) | 0;
            break;
          case LineOpcode.FixedAdvancePc:
            distance = (distance + cursor.u16()) | 0;
            break;
          case LineOpcode.Extended: {
            const length = cursor.uleb();
            const code = length > 0 ? bytes[cursor.position] : 0;
            if (code === ExtendedLineOpcode.SetAddress || code === ExtendedLineOpcode.EndSequence) {
              end = cursor.position = position - 1;
            } else {
              cursor.skip(length);
            }
            break;
          }
          default:
            for (let i = header.opcodeLengths[opcode]!; i > 0; i--) cursor.skipLeb();
        }
        position = cursor.position;
        continue;
      }
      // A row was made.
      if (wanted < distance && wanted >= rowDistance) {
        // It stays before it, so that the row is there once more for who asks next.
        isFound = true;
        distance = (distance - distances[opcode]!) | 0;
        line = (line - lines[opcode]!) | 0;
        end = --position;
        continue;
      }
      if (position >= nextMark) {
        if (rowDistance !== NEVER) this.closeMark(machine.start + distance);
        this.addMark(machine.start + distance, position, file, line, column);
        nextMark = position + MARK_DISTANCE;
      }
      rowDistance = distance;
      rowFile = file;
      rowLine = line;
      rowColumn = column;
    }
    machine.position = position;
    machine.distance = distance;
    machine.file = file;
    machine.line = line;
    machine.column = column;
    machine.rowDistance = rowDistance;
    machine.rowFile = rowFile;
    machine.rowLine = rowLine;
    machine.rowColumn = rowColumn;
    if (isFrontier) this.nextMark = nextMark;
    return isFound;
  }

  /**
   * Runs the opcode that {@link run} stopped at, if there is one; unless it ends the row of the wanted distance:
   * whether it does.
   */
  private runExtended(machine: Machine, wanted: number, isFrontier: boolean): boolean {
    const { cursor, header } = this;
    cursor.position = machine.position;
    if (cursor.isAtEnd || cursor.u8() !== LineOpcode.Extended) return false;
    const length = cursor.uleb();
    const next = cursor.position + length;
    const isEnd = cursor.u8() === ExtendedLineOpcode.EndSequence;
    if (isEnd && wanted < machine.distance && wanted >= machine.rowDistance) return true;
    if (isEnd) {
      if (isFrontier && machine.rowDistance !== NEVER) this.closeMark(machine.start + machine.distance);
      machine.beginAt(0);
      machine.file = machine.line = 1;
      machine.column = 0;
    } else {
      const size = length === 9 ? 8 : length === 5 ? 4 : header.addressSize;
      const address = readAddress(cursor, size, this.base);
      const distance = distanceTo(machine.start, address);
      if (machine.rowDistance !== NEVER && distance >= machine.rowDistance) {
        machine.distance = distance;
      } else {
        // The rows of a sequence begin here; those of one whose addresses go back end here, which is damage.
        machine.beginAt(address);
      }
    }
    machine.position = Math.min(next, cursor.end);
    if (isFrontier && machine.rowDistance === NEVER) this.nextMark = 0;
    return false;
  }

  private addMark(address: number, position: number, file: number, line: number, column: number): void {
    this.lows.push(address);
    this.highs.push(address);
    this.marks.push(position, file, line, column);
  }

  private goToMark(machine: Machine, mark: number): void {
    const { marks } = this;
    const at = mark * MarkColumn.Count;
    machine.goToRow(
      marks[at + MarkColumn.Position]!,
      this.lows[mark]!,
      marks[at + MarkColumn.File]!,
      marks[at + MarkColumn.Line]!,
      marks[at + MarkColumn.Column]!,
    );
  }

  /** What follows the last mark ends at this address, as far as the program was run. */
  private closeMark(end: number): void {
    this.highs[this.highs.length - 1] = end;
  }
}

/** -1 for what is before the start or too far behind it: no sequence is that long. */
function distanceTo(start: number, address: number): number {
  const distance = address - start;
  return distance >= 0 && distance < NEVER ? distance | 0 : -1;
}

function rowOf({ rowFile, rowLine, rowColumn }: Machine): LineRow {
  return { file: rowFile, line: Math.max(0, rowLine), column: rowColumn & COLUMN_MASK };
}

let lastSpecial: SpecialOpcodes | null = null;

/** One table for all programs with the same header, as those of one file are: making it takes as long as 1000 opcodes. */
function specialOpcodes(header: LineProgramHeader): SpecialOpcodes {
  const last = lastSpecial?.of;
  if (
    lastSpecial !== null &&
    last?.opcodeBase === header.opcodeBase &&
    last.lineBase === header.lineBase &&
    last.lineRange === header.lineRange &&
    last.minimumInstruction === header.minimumInstruction
  ) {
    return lastSpecial;
  }
  const { opcodeBase, lineBase, minimumInstruction } = header;
  // A range of 0 would divide by it: then no special opcode means anything.
  const range = Math.max(1, header.lineRange);
  const distances = new Uint16Array(256);
  const lines = new Int16Array(256);
  for (let opcode = opcodeBase; opcode < 256; opcode++) {
    distances[opcode] = Math.floor((opcode - opcodeBase) / range) * minimumInstruction;
    lines[opcode] = lineBase + ((opcode - opcodeBase) % range);
  }
  lastSpecial = { of: header, distances, lines };
  return lastSpecial;
}
