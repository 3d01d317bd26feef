import { EventKind, Mapping, NONE } from '../eventTable';
import type { EventTableBuilder } from '../eventTableBuilder';
import type { SymbolTableBuilder } from '../symbolTableBuilder';
import { ByteOrder, byteOrderOf } from './byteOrder';
import type { EventField, EventFormat } from './eventFormat';
import { pageFlagBits, type PageFlagBits } from './pageFlagBits';
import { parsePrintFormat, type PrintedValue } from './printFormat';

/** What the events' fields need to know of the file. */
interface FieldContext {
  readonly littleEndian: boolean;
  /** Kernel release as of uname, or null. */
  readonly release: string | null;
  /** True where the kernel's addresses are not in the upper half (s390). */
  readonly hasLowAddresses?: boolean;
  /** Strings of the kernel by address. */
  readonly strings: ReadonlyMap<bigint, string>;
  readonly table: EventTableBuilder;
  readonly symbols: SymbolTableBuilder;
}

/** Columns that hold one 32-bit number, beside those that are special: pfn, flags and mapping. */
type IntegerColumn = 'count' | 'mapcount' | 'val' | 'ret' | 'migratetype' | 'order';

/** Columns of {@link EventDetails} that hold a PFN, a number, or the id of a string. */
type DetailColumn =
  | 'endPfn'
  | 'finPfn'
  | 'pages'
  | 'failed'
  | 'isolateFailed'
  | 'testFailed'
  | 'error'
  | 'reason'
  | 'label'
  | 'result';

type Column = 'pfn' | 'flags' | 'mapping' | IntegerColumn | DetailColumn;

/** A map and no object: the names come from the file, and every object has a `constructor`. */
function columnMap(columns: Readonly<Record<string, Column>>): ReadonlyMap<string, Column> {
  return new Map(Object.entries(columns));
}

/** Columns by the key that is printed or, where that says nothing, by the name of the record's member. */
const COLUMNS = columnMap({
  pfn: 'pfn',
  flags: 'flags',
  count: 'count',
  mapcount: 'mapcount',
  mapping: 'mapping',
  mt: 'migratetype',
  migratetype: 'migratetype',
  val: 'val',
  ret: 'ret',
  order: 'order',
});

const CMA_COLUMNS = columnMap({
  name: 'label',
  pfn: 'pfn',
  count: 'pages',
  request_count: 'pages',
  errorno: 'error',
});

const COMPACTION_COLUMNS = columnMap({
  zone_start: 'pfn',
  zone_end: 'endPfn',
  mode: 'label',
  status: 'result',
});

const MIGRATION_COLUMNS = columnMap({
  nr_succeeded: 'pages',
  succeeded: 'pages',
  nr_migrated: 'pages',
  nr_failed: 'failed',
  failed: 'failed',
  mode: 'label',
  reason: 'reason',
});

const FAILURE_COLUMNS = new Map([...COLUMNS, ...columnMap({ reason: 'reason', err: 'error' })]);

const COLUMNS_OF_KIND: Partial<Record<EventKind, ReadonlyMap<string, Column>>> = {
  [EventKind.PinFailure]: FAILURE_COLUMNS,
  [EventKind.PinPut]: FAILURE_COLUMNS,
  [EventKind.CmaAllocStart]: CMA_COLUMNS,
  [EventKind.CmaAllocBusyRetry]: CMA_COLUMNS,
  [EventKind.CmaAllocFinish]: CMA_COLUMNS,
  [EventKind.CmaRelease]: CMA_COLUMNS,
  [EventKind.CmaAllocInfo]: new Map([
    ...CMA_COLUMNS,
    ...columnMap({ err_iso: 'isolateFailed', err_mig: 'failed', err_test: 'testFailed' }),
  ]),
  [EventKind.TestPagesIsolated]: columnMap({ start_pfn: 'pfn', end_pfn: 'endPfn', fin_pfn: 'finPfn' }),
  [EventKind.MigratePagesStart]: MIGRATION_COLUMNS,
  [EventKind.MigratePages]: MIGRATION_COLUMNS,
  [EventKind.CompactionBegin]: COMPACTION_COLUMNS,
  [EventKind.CompactionEnd]: COMPACTION_COLUMNS,
  [EventKind.CompactionMigratePages]: MIGRATION_COLUMNS,
  [EventKind.MemoryFailure]: columnMap({ pfn: 'pfn', type: 'label', result: 'result' }),
};

/** Columns without which an event of a kind says nothing useful. */
const REQUIRED: Partial<Record<EventKind, readonly Column[]>> = {
  [EventKind.PageRefSet]: ['pfn', 'count', 'val'],
  [EventKind.PageRefMod]: ['pfn', 'count', 'val'],
  [EventKind.PageRefModAndTest]: ['pfn', 'count', 'val', 'ret'],
  [EventKind.PageRefModAndReturn]: ['pfn', 'count', 'val', 'ret'],
  [EventKind.PageRefModUnless]: ['pfn', 'count', 'val', 'ret'],
  [EventKind.PageRefFreeze]: ['pfn', 'count', 'val', 'ret'],
  [EventKind.PageRefUnfreeze]: ['pfn', 'count', 'val'],
  [EventKind.PinFailure]: ['pfn', 'count'],
  [EventKind.PinPut]: ['pfn', 'count'],
  [EventKind.PageAlloc]: ['pfn'],
  [EventKind.PageFree]: ['pfn'],
  [EventKind.PageFreeBatched]: ['pfn'],
  [EventKind.CmaAllocBusyRetry]: ['pfn'],
  [EventKind.CmaAllocFinish]: ['pfn'],
  [EventKind.CmaRelease]: ['pfn'],
  [EventKind.TestPagesIsolated]: ['pfn', 'endPfn', 'finPfn'],
  [EventKind.MemoryFailure]: ['pfn'],
};

/** A PFN has 52 bits at most: what is more is no PFN, like the -1 of an allocation that failed. */
const HIGHEST_PFN = 2 ** 52 - 1;
const HIGHEST_PFN_HIGH = 2 ** 20 - 1;

/** A field of no event: column absent. */
const ABSENT_FIELD = -1;

/** A field that goes into a column in a way that is not one 32-bit word. */
interface SlowField {
  readonly column: Column;
  readonly field: EventField;
  readonly printed: PrintedValue | null;
}

/** Where the fields of an event are that are all words: offsets in bytes from the record's data, or -1. */
export interface PlainFields extends Readonly<Record<IntegerColumn, number>> {
  readonly pfnLow: number;
  readonly pfnHigh: number;
  readonly flagsLow: number;
  /** As {@link PageFlagBits.tables}, null where there are no flags. */
  readonly flagTables: Int32Array | null;
  readonly mappingLow: number;
  readonly mappingHigh: number;
  /** What stands for the order where there is no field for it. */
  readonly absentOrder: number;
  readonly hasLowAddresses: boolean;
}

/**
 * Fills the cells of a row from the bytes of a record, as the event's own format lays them out.
 *
 * The fields of the page_ref events, which are almost all events of a capture, are 32-bit words or the lower
 * half of 64-bit ones at offsets found once; everything else takes the general way.
 */
export class EventFields {
  /** Bytes that a record must have for its fields to be read. */
  readonly smallestRecord: number;
  /** Columns that the event should have and has not, for people; empty when all are there. */
  readonly missing: readonly string[];
  /** Where the page flags are, or null when the event has none. */
  readonly flagBits: PageFlagBits | null = null;

  private pfnLow = ABSENT_FIELD;
  private pfnHigh = ABSENT_FIELD;
  private flagsLow = ABSENT_FIELD;
  private flagTables: Int32Array = new Int32Array(0);
  private mappingLow = ABSENT_FIELD;
  private mappingHigh = ABSENT_FIELD;
  private count = ABSENT_FIELD;
  private mapcount = ABSENT_FIELD;
  private val = ABSENT_FIELD;
  private ret = ABSENT_FIELD;
  private migratetype = ABSENT_FIELD;
  private order = ABSENT_FIELD;
  private readonly slow: SlowField[] = [];
  /** The struct page that an allocation found, 0 where it found none. */
  private readonly pageField: EventField | null;
  private readonly littleEndian: boolean;
  private readonly byteOrder: ByteOrder;
  private readonly table: EventTableBuilder;
  /** 1 for events with a row in {@link EventDetails}, else 0: a number, like the byte order. */
  private readonly detailRows: number;

  constructor(
    format: EventFormat,
    private readonly kind: EventKind,
    private readonly context: FieldContext,
  ) {
    this.littleEndian = context.littleEndian;
    this.byteOrder = byteOrderOf(context.littleEndian);
    this.table = context.table;
    const columns = COLUMNS_OF_KIND[kind] ?? COLUMNS;
    const printed = parsePrintFormat(format.printFormat);
    const found = new Set<Column>();
    let smallest = 0;
    for (const field of format.fields) {
      if (field.name.startsWith('common_')) continue;
      const print = printed.find((value) => value.member === field.name) ?? null;
      const column = columns.get(field.name) ?? columns.get(print?.key ?? '');
      if (column === undefined || found.has(column)) continue;
      found.add(column);
      smallest = Math.max(smallest, field.offset + field.size);
      if (column === 'flags') {
        this.flagBits = pageFlagBits(print?.expression ?? '', context.release);
        this.flagTables = this.flagBits.tables;
      }
      if (!this.place(column, field)) this.slow.push({ column, field, printed: print });
    }
    this.pageField =
      kind === EventKind.CmaAllocFinish ? (format.fields.find(({ name }) => name === 'page') ?? null) : null;
    if (this.pageField) smallest = Math.max(smallest, this.pageField.offset + this.pageField.size);
    this.smallestRecord = smallest;
    this.missing = (REQUIRED[kind] ?? []).filter((column) => !found.has(column));
    const isRange = kind >= EventKind.CmaAllocStart && kind <= EventKind.TestPagesIsolated;
    this.detailRows = this.slow.length > 0 || isRange ? 1 : 0;
  }

  /** The places of all fields that are used; null when one of them is no word, or goes into the details. */
  get plainFields(): PlainFields | null {
    if (this.detailRows > 0) return null;
    const { pfnLow, pfnHigh, mappingLow, mappingHigh, flagsLow } = this;
    const { count, mapcount, val, ret, migratetype, order } = this;
    return {
      ...{
        pfnLow,
        pfnHigh,
        mappingLow,
        mappingHigh,
        flagsLow,
        count,
        mapcount,
        val,
        ret,
        migratetype,
        order,
      },
      flagTables: flagsLow >= 0 ? this.flagTables : null,
      absentOrder: this.kind === EventKind.PageFreeBatched ? 0 : -1,
      hasLowAddresses: this.context.hasLowAddresses === true,
    };
  }

  /** Reads the record whose data begins at `at` and is at least {@link smallestRecord} bytes long. */
  read(view: DataView, bytes: Uint8Array, at: number, length: number, row: number): void {
    const { table } = this;
    const little = this.byteOrder === ByteOrder.Little;
    if (this.pfnLow >= 0) {
      const low = view.getUint32(at + this.pfnLow, little);
      if (this.pfnHigh >= 0) {
        const high = view.getUint32(at + this.pfnHigh, little);
        if (high <= HIGHEST_PFN_HIGH) table.pfn[row] = high * 0x100000000 + low;
      } else if (low !== 0xffffffff) {
        table.pfn[row] = low;
      }
    }
    if (this.flagsLow >= 0) {
      const flags = view.getUint32(at + this.flagsLow, little);
      const tables = this.flagTables;
      table.flags[row] =
        tables[flags & 0xff]! |
        tables[256 + ((flags >>> 8) & 0xff)]! |
        tables[512 + ((flags >>> 16) & 0xff)]! |
        tables[768 + (flags >>> 24)]!;
    }
    if (this.mappingLow >= 0) {
      const low = view.getUint32(at + this.mappingLow, little);
      const high = this.mappingHigh >= 0 ? view.getUint32(at + this.mappingHigh, little) : 0;
      table.mapping[row] = this.mappingOf(high, low);
    }
    if (this.count >= 0) table.count[row] = view.getInt32(at + this.count, little);
    if (this.mapcount >= 0) table.mapcount[row] = view.getInt32(at + this.mapcount, little);
    if (this.val >= 0) table.val[row] = view.getInt32(at + this.val, little);
    if (this.ret >= 0) table.ret[row] = view.getInt32(at + this.ret, little);
    if (this.migratetype >= 0) table.migratetype[row] = view.getInt32(at + this.migratetype, little);
    if (this.order >= 0) table.order[row] = view.getInt32(at + this.order, little);
    else if (this.kind === EventKind.PageFreeBatched) table.order[row] = 0;
    if (this.detailRows > 0) this.readDetails(view, bytes, at, length, row);
  }

  /**
   * What a `struct address_space *` says: its low bits are PAGE_MAPPING_ANON and PAGE_MAPPING_MOVABLE, both
   * together PAGE_MAPPING_KSM, which is anonymous (include/linux/page-flags.h). A binary record holds the
   * pointer itself, never a hash; but the tails of a compound page keep other things in its place.
   */
  private mappingOf(high: number, low: number): Mapping {
    if (high === 0 && low === 0) return Mapping.Null;
    const isPointer =
      high >>> 31 === 1 || this.mappingHigh === ABSENT_FIELD || this.context.hasLowAddresses === true;
    if (!isPointer || isTailMapping(high, low)) return Mapping.Hashed;
    if ((low & 1) !== 0) return Mapping.Anonymous;
    return (low & 2) !== 0 ? Mapping.Movable : Mapping.File;
  }

  /** Notes where the word of a column is; false when the column needs the general way. */
  private place(column: Column, field: EventField): boolean {
    if (field.storage !== 'plain' || (field.size !== 4 && field.size !== 8)) return false;
    const low = field.offset + (this.littleEndian ? 0 : field.size - 4);
    const high = field.size === 8 ? field.offset + (this.littleEndian ? 4 : 0) : ABSENT_FIELD;
    switch (column) {
      case 'pfn':
        this.pfnLow = low;
        this.pfnHigh = high;
        return true;
      case 'flags':
        this.flagsLow = low;
        return true;
      case 'mapping':
        this.mappingLow = low;
        this.mappingHigh = high;
        return true;
      case 'count':
      case 'mapcount':
      case 'val':
      case 'ret':
      case 'migratetype':
      case 'order':
        this[column] = low;
        return true;
      default:
        return false;
    }
  }

  private readDetails(view: DataView, bytes: Uint8Array, at: number, length: number, row: number): void {
    const { table, symbols } = this.context;
    const details = table.details;
    const detail = table.detailOf(row);
    for (const { column, field, printed } of this.slow) {
      switch (column) {
        case 'pfn':
          table.pfn[row] = this.pfn(view, at, field);
          break;
        case 'endPfn':
        case 'finPfn':
          details[column][detail] = this.pfn(view, at, field);
          break;
        case 'pages':
        case 'failed':
        case 'isolateFailed':
        case 'testFailed':
        case 'error':
          details[column][detail] = this.number(view, at, field);
          break;
        case 'reason':
        case 'label':
        case 'result':
          details[column][detail] = this.text(view, bytes, at, length, field, printed);
          break;
        case 'flags':
        case 'mapping':
          break;
        default:
          table[column][row] = this.number(view, at, field);
      }
    }
    const { kind } = this;
    if (kind >= EventKind.CmaAllocStart && kind <= EventKind.CmaAllocInfo) {
      const pfn = table.pfn[row]!;
      const pages = details.pages[detail]!;
      if (pfn >= 0 && pages >= 0) details.endPfn[detail] = pfn + pages;
      if (this.pageField) {
        const isFound = this.number(view, at, this.pageField) !== 0;
        details.result[detail] = symbols.internText(isFound ? 'success' : 'fail');
      }
    } else if (kind === EventKind.TestPagesIsolated) {
      // Computed when printed (include/trace/events/page_isolation.h), so no member holds it.
      const endPfn = details.endPfn[detail]!;
      const finPfn = details.finPfn[detail]!;
      if (endPfn >= 0 && finPfn >= 0)
        details.result[detail] = symbols.internText(endPfn <= finPfn ? 'success' : 'fail');
    }
  }

  private pfn(view: DataView, at: number, field: EventField): number {
    const value = this.number(view, at, field);
    return value >= 0 && value <= HIGHEST_PFN ? value : NONE;
  }

  /** A number of any size; beyond 2^53 it is not exact. */
  private number(view: DataView, at: number, field: EventField): number {
    const little = this.littleEndian;
    const place = at + field.offset;
    switch (field.size) {
      case 1:
        return field.signed ? view.getInt8(place) : view.getUint8(place);
      case 2:
        return field.signed ? view.getInt16(place, little) : view.getUint16(place, little);
      case 4:
        return field.signed ? view.getInt32(place, little) : view.getUint32(place, little);
      case 8: {
        const highPlace = place + (little ? 4 : 0);
        const high = field.signed ? view.getInt32(highPlace, little) : view.getUint32(highPlace, little);
        return high * 0x100000000 + view.getUint32(place + (little ? 0 : 4), little);
      }
      default:
        return 0;
    }
  }

  /** String id of what a field says in words, or NONE where it is a pointer that the capture does not name. */
  private text(
    view: DataView,
    bytes: Uint8Array,
    at: number,
    length: number,
    field: EventField,
    printed: PrintedValue | null,
  ): number {
    const { symbols, strings } = this.context;
    if (field.storage === 'array') return this.string(bytes, at + field.offset, field.size);
    if (field.storage !== 'plain') {
      // Offset in the lower half, length in the upper one; __rel_loc counts from behind the field itself.
      const word = view.getUint32(at + field.offset, this.littleEndian);
      const offset = (word & 0xffff) + (field.storage === 'rel-loc' ? field.offset + 4 : 0);
      const size = word >>> 16;
      return offset + size <= length ? this.string(bytes, at + offset, size) : NONE;
    }
    if (field.type.includes('*')) {
      const address = BigInt.asUintN(field.size * 8, BigInt(this.pointer(view, at, field)));
      const string = strings.get(address);
      return string === undefined ? NONE : symbols.internText(string);
    }
    const value = this.number(view, at, field);
    if (printed?.choice && !printed.symbols) {
      const { zero, nonZero } = printed.choice;
      return symbols.internText(value === 0 ? zero : nonZero);
    }
    return symbols.internText(printed?.symbols?.get(value) ?? `0x${value.toString(16)}`);
  }

  private pointer(view: DataView, at: number, field: EventField): bigint | number {
    const place = at + field.offset;
    return field.size === 8 ? view.getBigUint64(place, this.littleEndian) : this.number(view, at, field);
  }

  /** String id of the text at `start`, up to its NUL and at most `size` bytes long. */
  private string(bytes: Uint8Array, start: number, size: number): number {
    const nul = bytes.indexOf(0, start);
    const end = nul < 0 ? start + size : Math.min(nul, start + size);
    return this.context.symbols.internBytes(bytes, start, end);
  }
}

/**
 * TAIL_MAPPING of include/linux/poison.h stands in every tail of a compound page: 0x400 behind the architecture's
 * CONFIG_ILLEGAL_POINTER_VALUE (0 on 32 bits, 0xdead000000000000, on powerpc 0x5deadbeef0000000).
 */
function isTailMapping(high: number, low: number): boolean {
  return low === 0x400 && (high === 0 || high === 0xdead0000);
}
