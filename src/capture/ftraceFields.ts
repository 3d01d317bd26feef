import {
  BLANK,
  COLON,
  COMMA,
  EQUALS,
  HEX_VALUE,
  LOWER_X,
  NEWLINE,
  OPEN_PARENTHESIS,
  RETURN,
  TAB,
  ZERO,
  isDigit,
  startsWith,
} from './ascii';
import { ByteInterner } from './byteInterner';
import { ABSENT, EventKind, Mapping, NONE } from './eventTable';
import type { EventTableBuilder } from './eventTableBuilder';
import { NUMBERED_REASONS } from './migrateReasons';
import { NumberScanner } from './numberScanner';
import { needsOrder, PageFlagNumbers } from './pageFlagNumbers';
import { PageFlagTexts } from './pageFlagTexts';
import type { SymbolTableBuilder } from './symbolTableBuilder';

const enum Field {
  Pfn,
  Flags,
  Count,
  Mapcount,
  Mapping,
  Migratetype,
  Val,
  Ret,
  Page,
  Order,
  Reason,
  Error,
  Name,
  RequestCount,
  StartPfn,
  EndPfn,
  FinPfn,
  Succeeded,
  Failed,
  IsolateFailed,
  TestFailed,
  Mode,
  Status,
  ZoneStart,
  ZoneEnd,
  Type,
  Result,
}

/** Keys as they stand before `=`; versions and vendors add others and change the order, so only keys count. */
const KEYS: readonly (readonly [string, Field])[] = [
  ['pfn', Field.Pfn],
  ['flags', Field.Flags],
  ['count', Field.Count],
  ['mapcount', Field.Mapcount],
  ['mapping', Field.Mapping],
  ['mt', Field.Migratetype],
  ['migratetype', Field.Migratetype],
  ['val', Field.Val],
  ['ret', Field.Ret],
  ['page', Field.Page],
  ['order', Field.Order],
  ['reason', Field.Reason],
  ['err', Field.Error],
  ['errorno', Field.Error],
  ['name', Field.Name],
  ['request_count', Field.RequestCount],
  ['start_pfn', Field.StartPfn],
  ['end_pfn', Field.EndPfn],
  ['fin_pfn', Field.FinPfn],
  ['nr_succeeded', Field.Succeeded],
  ['nr_migrated', Field.Succeeded],
  ['nr_failed', Field.Failed],
  ['err_mig', Field.Failed],
  ['err_iso', Field.IsolateFailed],
  ['err_test', Field.TestFailed],
  // trace-cmd report -R prints the names of the record's members.
  ['succeeded', Field.Succeeded],
  ['failed', Field.Failed],
  ['mode', Field.Mode],
  ['status', Field.Status],
  ['zone_start', Field.ZoneStart],
  ['zone_end', Field.ZoneEnd],
  ['type', Field.Type],
  ['result', Field.Result],
];

/** enum migrate_mode as printed by MIGRATE_MODE of include/trace/events/migrate.h. */
const MIGRATE_MODES = ['MIGRATE_ASYNC', 'MIGRATE_SYNC_LIGHT', 'MIGRATE_SYNC'];

/** A kind of event says nothing useful without these fields. */
const REQUIRED: Partial<Record<EventKind, readonly (readonly [string, Field])[]>> = {};
const PFN = ['pfn', Field.Pfn] as const;
const COUNT = ['count', Field.Count] as const;
const VAL = ['val', Field.Val] as const;
const RET = ['ret', Field.Ret] as const;
for (const kind of [EventKind.PageRefSet, EventKind.PageRefMod, EventKind.PageRefUnfreeze]) {
  REQUIRED[kind] = [PFN, COUNT, VAL];
}
for (const kind of [
  EventKind.PageRefModAndTest,
  EventKind.PageRefModAndReturn,
  EventKind.PageRefModUnless,
  EventKind.PageRefFreeze,
]) {
  REQUIRED[kind] = [PFN, COUNT, VAL, RET];
}
for (const kind of [EventKind.PinFailure, EventKind.PinPut]) REQUIRED[kind] = [PFN, COUNT];
for (const kind of [
  EventKind.PageAlloc,
  EventKind.PageFree,
  EventKind.PageFreeBatched,
  EventKind.CmaAllocBusyRetry,
  EventKind.CmaAllocFinish,
  EventKind.CmaRelease,
  EventKind.MemoryFailure,
]) {
  REQUIRED[kind] = [PFN];
}
REQUIRED[EventKind.TestPagesIsolated] = [
  ['start_pfn', Field.StartPfn],
  ['end_pfn', Field.EndPfn],
  ['fin_pfn', Field.FinPfn],
];

/** Per kind, the required fields as bits. */
const REQUIRED_BITS = new Int32Array(32);
for (const [kind, fields] of Object.entries(REQUIRED)) {
  for (const [, field] of fields) REQUIRED_BITS[Number(kind)]! |= 1 << field;
}

/** Seen are flags only where they are a number that tells nothing without the version of the kernel. */
const NUMBERED_FLAGS = 1 << Field.Flags;

/** Reads the ` key=value` part of the events that the analysis uses into the cells of a row. */
export class FtraceFields {
  /** How page flags are read that are numbers. */
  readonly flagNumbers: PageFlagNumbers;

  /** Bits of the fields that the newest line had. */
  private seen = 0;
  private newestKind = EventKind.Other;
  private readonly keys = new ByteInterner();
  private readonly fieldOfKey: Field[] = [];
  private readonly flagTexts: PageFlagTexts;
  private readonly scanner = new NumberScanner();
  private readonly success: number;
  private readonly failure: number;

  /** @param facts what the text says of itself, for {@link PageFlagNumbers} */
  constructor(
    private readonly table: EventTableBuilder,
    private readonly symbols: SymbolTableBuilder,
    facts: ReadonlyMap<string, string>,
  ) {
    this.flagNumbers = new PageFlagNumbers(facts);
    this.flagTexts = new PageFlagTexts(this.flagNumbers);
    const encoder = new TextEncoder();
    for (const [key, field] of KEYS) {
      this.fieldOfKey[this.keys.intern(encoder.encode(key), 0, key.length)] = field;
    }
    this.success = symbols.internText('success');
    this.failure = symbols.internText('fail');
  }

  /**
   * Reads from `at`, behind the event's name and colon, to the end of the line, and returns the index of its
   * line end.
   */
  read(bytes: Uint8Array, at: number, row: number, kind: EventKind): number {
    let i = at;
    this.seen = 0;
    this.newestKind = kind;
    while (bytes[i] === BLANK) i++;
    if (kind === EventKind.MemoryFailure) i = this.memoryFailure(bytes, i, row);
    let pageIsNull: boolean | null = null;
    for (;;) {
      let byte = bytes[i]!;
      while (byte === BLANK || byte === COMMA || byte === TAB || byte === RETURN) byte = bytes[++i]!;
      if (byte === NEWLINE) break;
      const keyStart = i;
      while (byte !== EQUALS && byte !== BLANK && byte !== NEWLINE) byte = bytes[++i]!;
      if (byte !== EQUALS) continue;
      const key = this.keys.find(bytes, keyStart, i);
      const start = ++i;
      if (key >= 0) {
        const field = this.fieldOfKey[key]!;
        if (field === Field.Page) pageIsNull = isNullPointer(bytes, start);
        else i = this.value(bytes, start, row, kind, field);
      }
      byte = bytes[i]!;
      while (byte !== BLANK && byte !== NEWLINE) byte = bytes[++i]!;
    }
    if ((this.seen & NUMBERED_FLAGS) !== 0) this.holdAgainst(row);
    this.finish(row, kind, pageIsNull);
    return i;
  }

  /** The first key that the newest event should have had, or an empty text. */
  get missing(): string {
    const kind = this.newestKind;
    if ((REQUIRED_BITS[kind]! & ~this.seen) === 0) return '';
    return REQUIRED[kind]?.find(([, field]) => (this.seen & (1 << field)) === 0)?.[0] ?? '';
  }

  /** What is wrong with the newest event, of row `row`, that lacks a key. */
  problemOf(row: number): string {
    const name = this.symbols.string(this.table.name[row]!);
    return `${name} without a readable "${this.missing}="; expected it among its fields`;
  }

  /** Stores one value and returns an index inside or behind it. */
  private value(bytes: Uint8Array, start: number, row: number, kind: EventKind, field: Field): number {
    const table = this.table;
    const scanner = this.scanner;
    switch (field) {
      case Field.Pfn:
        scanner.pfn(bytes, start, isCma(kind));
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.Pfn;
        table.pfn[row] = scanner.value;
        return scanner.next;
      case Field.Flags:
        return this.flags(bytes, start, row);
      case Field.Count:
        scanner.number(bytes, start);
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.Count;
        if (!isCma(kind)) {
          table.count[row] = scanner.low;
          return scanner.next;
        }
        return this.detail(bytes, start, row, kind, Field.RequestCount);
      case Field.Mapcount:
        scanner.number(bytes, start);
        if (scanner.found) table.mapcount[row] = scanner.low;
        return scanner.next;
      case Field.Mapping:
        return this.mapping(bytes, start, row);
      case Field.Migratetype:
        scanner.number(bytes, start);
        if (scanner.found) table.migratetype[row] = scanner.low;
        return scanner.next;
      case Field.Val:
        scanner.number(bytes, start);
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.Val;
        table.val[row] = scanner.low;
        return scanner.next;
      case Field.Ret:
        if (kind === EventKind.TestPagesIsolated) return this.detail(bytes, start, row, kind, Field.Result);
        scanner.number(bytes, start);
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.Ret;
        table.ret[row] = scanner.low;
        return scanner.next;
      case Field.Order:
        scanner.number(bytes, start);
        if (scanner.found) table.order[row] = scanner.low;
        return scanner.next;
      default:
        return this.detail(bytes, start, row, kind, field);
    }
  }

  /** The fields of the rare events, which have a row of details. */
  private detail(bytes: Uint8Array, start: number, row: number, kind: EventKind, field: Field): number {
    const table = this.table;
    const details = table.details;
    // Before any column is looked at: a new row may replace the columns.
    const detail = table.detailOf(row);
    const scanner = this.scanner;
    switch (field) {
      case Field.Error:
        return this.numberInto(details.error, detail, bytes, start);
      case Field.RequestCount:
      case Field.Succeeded:
        // It has both, and a page moved by one of its tries is not asked for.
        if (field === Field.Succeeded && kind === EventKind.CmaAllocInfo) return start;
        return this.numberInto(details.pages, detail, bytes, start);
      case Field.Failed:
        return this.numberInto(details.failed, detail, bytes, start);
      case Field.IsolateFailed:
        return this.numberInto(details.isolateFailed, detail, bytes, start);
      case Field.TestFailed:
        return this.numberInto(details.testFailed, detail, bytes, start);
      case Field.StartPfn:
      case Field.ZoneStart:
        scanner.pfn(bytes, start, false);
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.StartPfn;
        table.pfn[row] = scanner.value;
        return scanner.next;
      case Field.EndPfn:
      case Field.ZoneEnd:
        scanner.pfn(bytes, start, false);
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.EndPfn;
        details.endPfn[detail] = scanner.value;
        return scanner.next;
      case Field.FinPfn:
        scanner.pfn(bytes, start, false);
        if (!scanner.found) return scanner.next;
        this.seen |= 1 << Field.FinPfn;
        details.finPfn[detail] = scanner.value;
        return scanner.next;
      case Field.Reason: {
        const end = wordEnd(bytes, start);
        const reason = this.symbolic(bytes, start, end, NUMBERED_REASONS);
        if (reason !== NONE) details.reason[detail] = reason;
        return end;
      }
      case Field.Mode: {
        const end = wordEnd(bytes, start);
        const modes =
          kind === EventKind.CompactionBegin || kind === EventKind.CompactionEnd ? [] : MIGRATE_MODES;
        details.label[detail] = this.symbolic(bytes, start, end, modes);
        return end;
      }
      case Field.Name:
      case Field.Type: {
        const end = wordEnd(bytes, start);
        details.label[detail] = this.symbols.internBytes(bytes, start, end);
        return end;
      }
      case Field.Status:
      case Field.Result: {
        const end = wordEnd(bytes, start);
        details.result[detail] = this.symbols.internBytes(bytes, start, end);
        return end;
      }
      default:
        return start;
    }
  }

  private numberInto(column: Int32Array, detail: number, bytes: Uint8Array, start: number): number {
    const { scanner } = this;
    scanner.number(bytes, start);
    if (scanner.found) column[detail] = scanner.low;
    return scanner.next;
  }

  private flags(bytes: Uint8Array, start: number, row: number): number {
    let end = start;
    let byte = bytes[end]!;
    while (byte !== BLANK && byte !== NEWLINE && byte !== RETURN) byte = bytes[++end]!;
    this.table.flags[row] = this.flagTexts.bitsOf(bytes, start, end);
    if (this.flagTexts.isNumber) this.seen |= NUMBERED_FLAGS;
    return end;
  }

  /** Holds the order of the bits against the page of a row; where it cannot be right, no number so far is believed. */
  private holdAgainst(row: number): void {
    const { flags, mapcount, mapping } = this.table;
    // Some kernels print the raw count, which is 0 for a page that is mapped once.
    const isMapped = mapcount[row]! >= 1;
    if (mapping[row] !== Mapping.Anonymous || !isMapped || this.flagNumbers.fits(flags[row]!)) return;
    this.flagTexts.forgetNumbers();
    for (let read = 0; read <= row; read++) if (needsOrder(flags[read]!)) flags[read] = ABSENT;
  }

  /**
   * A real kernel pointer has its highest byte set, also with five-level page tables. A hash (%p) has 32 bits
   * (ptr_to_hashval() of lib/vsprintf.c); it and `(____ptrval____)` tell no more than "not null". The low bits of a real one are PAGE_MAPPING_ANON and PAGE_MAPPING_MOVABLE, both together
   * PAGE_MAPPING_KSM, which is anonymous (include/linux/page-flags.h).
   */
  private mapping(bytes: Uint8Array, start: number, row: number): number {
    const scanner = this.scanner;
    const prefixed = bytes[start] === ZERO && bytes[start + 1] === LOWER_X;
    scanner.hexadecimal(bytes, prefixed ? start + 2 : start);
    let mapping = Mapping.Hashed;
    if (isNullPointer(bytes, start)) {
      mapping = Mapping.Null;
    } else if (scanner.found && scanner.high >>> 24 === 0xff) {
      if (scanner.low & 1) mapping = Mapping.Anonymous;
      else if (scanner.low & 2) mapping = Mapping.Movable;
      else mapping = Mapping.File;
    }
    this.table.mapping[row] = mapping;
    return start;
  }

  /** String id of a name; a bare number is an index into `names`, a pointer says nothing. */
  private symbolic(bytes: Uint8Array, start: number, end: number, names: readonly string[]): number {
    if (end === start) return NONE;
    const prefixed = bytes[start] === ZERO && bytes[start + 1] === LOWER_X;
    if (prefixed || isDigit(bytes[start]!)) {
      this.scanner.number(bytes, start);
      const name = this.scanner.next === end ? names[this.scanner.value] : undefined;
      if (name !== undefined) return this.symbols.internText(name);
    }
    if (prefixed || isPointer(bytes, start, end)) return NONE;
    return this.symbols.internBytes(bytes, start, end);
  }

  /** `pfn 0x12fe8: recovery action for clean LRU page: Failed` (include/ras/ras_event.h). */
  private memoryFailure(bytes: Uint8Array, at: number, row: number): number {
    if (!startsWith(bytes, at, 'pfn ')) return at;
    const table = this.table;
    this.scanner.pfn(bytes, at + 4, false);
    if (!this.scanner.found) return at;
    table.pfn[row] = this.scanner.value;
    this.seen |= 1 << Field.Pfn;
    let end = this.scanner.next;
    while (bytes[end] !== NEWLINE) end++;
    const lineEnd = end;
    while (bytes[end - 1] === RETURN || bytes[end - 1] === BLANK) end--;
    const action = ': recovery action for ';
    const start = this.scanner.next + action.length;
    if (!startsWith(bytes, this.scanner.next, action)) return lineEnd;
    let colon = end - 1;
    while (colon > start && bytes[colon] !== COLON) colon--;
    if (colon <= start) return lineEnd;
    let result = colon + 1;
    while (bytes[result] === BLANK) result++;
    const detail = table.detailOf(row);
    table.details.label[detail] = this.symbols.internBytes(bytes, start, colon);
    table.details.result[detail] = this.symbols.internBytes(bytes, result, end);
    return lineEnd;
  }

  /** @param pageIsNull whether the struct page is a null pointer, null where the line has none */
  private finish(row: number, kind: EventKind, pageIsNull: boolean | null): void {
    const table = this.table;
    if (kind < EventKind.PageAlloc) return;
    const details = table.details;
    if (kind === EventKind.PageAlloc) {
      // A failed allocation prints a null page and PFN 0 (include/trace/events/kmem.h).
      if (pageIsNull === true && table.pfn[row] === 0) table.pfn[row] = NONE;
    } else if (isCma(kind)) {
      const detail = table.detailOf(row);
      const pfn = table.pfn[row]!;
      if (pfn >= 0 && details.pages[detail]! >= 0) details.endPfn[detail] = pfn + details.pages[detail]!;
      if (kind === EventKind.CmaAllocFinish && pageIsNull !== null) {
        details.result[detail] = pageIsNull ? this.failure : this.success;
      }
    } else if (kind === EventKind.TestPagesIsolated) {
      const detail = table.detailOf(row);
      const finPfn = details.finPfn[detail]!;
      // trace-cmd report -R leaves `ret=` out: it is computed when printed (trace/events/page_isolation.h).
      if (details.result[detail] === NONE && finPfn >= 0) {
        details.result[detail] = details.endPfn[detail]! <= finPfn ? this.success : this.failure;
      }
    }
  }
}

function isCma(kind: EventKind): boolean {
  return kind >= EventKind.CmaAllocStart && kind <= EventKind.CmaAllocInfo;
}

/** `(nil)`, `(null)`, `NULL`, and any number of zeros. */
function isNullPointer(bytes: Uint8Array, start: number): boolean {
  if (bytes[start] === OPEN_PARENTHESIS) {
    return startsWith(bytes, start + 1, 'nil)') || startsWith(bytes, start + 1, 'null)');
  }
  if (bytes[start] !== ZERO) return startsWith(bytes, start, 'NULL');
  let i = start;
  if (bytes[i + 1] === LOWER_X) i += 2;
  while (bytes[i] === ZERO) i++;
  return HEX_VALUE[bytes[i]!]! > 15;
}

/** Eight hexadecimal digits or more: libtraceevent prints a `const char *` that it cannot follow so. */
function isPointer(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 8) return false;
  for (let i = start; i < end; i++) if (HEX_VALUE[bytes[i]!]! > 15) return false;
  return true;
}

/** End of the word at `start`, without a comma that separates it from the next field. */
function wordEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  let byte = bytes[end]!;
  while (byte !== BLANK && byte !== NEWLINE && byte !== RETURN) byte = bytes[++end]!;
  return end > start && bytes[end - 1] === COMMA ? end - 1 : end;
}
