import { BLANK, startsWith } from './ascii';
import { HIGHEST_ORDER } from './allocationTable';
import type { AllocationTableBuilder } from './allocationTableBuilder';
import { isUnwindBacktrace, readFrameLine } from './dmesgFrameLine';
import type { DmesgPrefix } from './dmesgPrefix';
import { EventKind, Mapping, MIGRATE_CMA, NO_CPU, NONE } from './eventTable';
import type { EventTableBuilder } from './eventTableBuilder';
import { MixedDumps } from './mixedDumps';
import { NumberScanner } from './numberScanner';
import { PageFlagTexts } from './pageFlagTexts';
import { PageOwnerLine } from './pageOwnerLine';
import { PrintedFrames } from './printedFrames';
import type { SymbolTableBuilder } from './symbolTableBuilder';

/** Tasks and CPUs whose lines are kept apart: a dump takes a few hundred lines, and few callers print at a time. */
const MOST_CALLERS = 1024;
/** Lines between a dump and its call trace: a warning has about 25 (registers, modules, code). */
const FARTHEST_TRACE = 60;

/**
 * Reasons of dump_page() which say that a page did not move (mm/memory_hotplug.c, mm/page_alloc.c) or stands in the way
 * of isolating its block (mm/page_isolation.c), and the migrate reason: null where several callers say so.
 */
const FAILURES: ReadonlyMap<string, string | null> = new Map([
  ['migration failure', null],
  ['isolation failed', 'memory_hotplug'],
  // Printed for REPORT_FAILURE alone, which only offline_pages() asks for.
  ['unmovable page', 'memory_hotplug'],
]);
/** Functions that dump what they could not migrate: alloc_contig_dump_pages() prints its stack first. */
const CONTIG_FUNCTION = /^(__)?alloc_contig_/;

const DUMPED = 'page dumped because: ';
const ALLOCATED = ['page last allocated via order ', 'page allocated via order '];
const FREED = 'page last free ';
const TRACKED = 'page_owner tracks the page as ';
const MIGRATED = 'page has been migrated, last migrate reason: ';
const OWNER_LINES = [...ALLOCATED, FREED, TRACKED, MIGRATED];
const MIXED = 'page dumps mixed line by line, expected one after the other or the caller of each line';
const ONE_OF_SEVERAL = `a line of one of several ${MIXED} (CONFIG_PRINTK_CALLER); it was left out`;
const STACK_CUT = `a stack cut in two by ${MIXED} (CONFIG_PRINTK_CALLER); it was left out`;
/** Lines of a dump that say nothing that is kept. */
const DUMP_LINES = [
  ...['raw: ', 'head: ', 'memcg:', 'page_type:', 'page->mem_cgroup:', 'bad because of flags:'],
  ...[
    'page_owner info is not',
    'page_owner allocation stack trace missing',
    'page_owner free stack trace missing',
  ],
  'There is not page extension available',
];
/** linux_banner of init/version.c, the first line of a boot. */
const BOOTED = 'Linux version ';
const RELEASE = /^\S+/;
/** What begins a call trace; after the hardware's name kernels for arm print theirs without a heading. */
const TRACE_HEADS = ['Call Trace:', 'Call trace:', 'Backtrace:', 'Hardware name:'];

/** First bytes of the lines around a dump: `Call Trace:`, `CPU:`, `Backtrace:`, `BUG:`, `Hardware name:`, `Linux version`, … */
const CONTEXT_BEGINNINGS = new TextEncoder().encode('CBHmfL');

const BAD_PAGE = /^BUG: Bad page (?:state|cache) in process (.*?) +pfn:([0-9a-f]+)/;
const NOT_MIGRATED = /^migrating pfn ([0-9a-f]+) failed ret:(-?\d+)/;
const NOT_ISOLATED = /^failed to isolate pfn ([0-9a-f]+)/;
/** dump_stack_print_info() of lib/dump_stack.c. */
const TASK =
  /^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (.*?) (?:Kdump: loaded )?(?:Tainted: |Not tainted)(?:.*?(\d+\.\d+\S*) #\d)?/;

/** Which stack the frame lines that come now are of. */
const enum Target {
  None,
  Allocated,
  Freed,
  Trace,
}

/** What is under way in the messages of one task or CPU: printk() keeps the lines of each in order. */
class Caller {
  /** Event of the newest dump, or NONE. */
  row = NONE;
  /** Its allocation, or NONE. */
  allocation = NONE;
  /** That of the newest stack, which the lines of another dump may have cut in two. */
  cutAllocation = NONE;
  isFreed = false;
  isCma = false;
  /** Lines for which the call trace behind the dump is still awaited. */
  patience = 0;
  target = Target.None;
  readonly frames: number[] = [];
  /** Stack that dump_stack() printed just before, or NONE. */
  trace = NONE;
  /** Task and CPU of the newest line that names them. */
  task = NONE;
  cpu = NO_CPU;
  /** What the line before a dump says of its page. */
  next = NOTHING_SAID;

  constructor(
    /** One task or CPU; else the lines of several that no line names. */
    readonly isNamed: boolean,
    readonly dumps: MixedDumps,
  ) {}

  /** The call trace of the newest dump may come; of mixed ones nothing says whose it is. */
  get awaitsTrace(): boolean {
    return this.row !== NONE && this.patience > 0 && !this.dumps.areMixed;
  }
}

interface SaidBefore {
  readonly pfn: number;
  readonly comm: string | null;
  readonly reason: string | null;
  readonly error: number | null;
}

const NOTHING_SAID: SaidBefore = { pfn: NONE, comm: null, reason: null, error: null };

/**
 * Reads what dump_page() prints into the kernel's log (mm/debug.c, mm/page_owner.c), line by line: an event for
 * each dump, and an allocation where page_owner has something to say. Versions differ in words and order, so
 * each line stands for itself. The stack of an event is the call trace that the caller of dump_page() prints
 * behind it, or, where a contiguous allocation failed, before it.
 */
export class DmesgPageDumps {
  /** Rows of the table that are dumps, in order; their times are ns of the kernel's clock. */
  readonly rows: number[] = [];
  /** Call traces that belong to a dump. */
  stackRecords = 0;
  /** How many dumps give which reason. */
  readonly reasons = new Map<string, number>();
  /** Release of the kernel as the first line with a task has it; null before that. */
  private releaseOfTask: string | null = null;
  /** Release of the last boot before the first dump, or null. */
  private bootedRelease: string | null = null;
  /** The machine was started again behind the first dump. */
  private isLaterBoot = false;

  private readonly callers = new Map<number, Caller>();
  private readonly decoder = new TextDecoder();
  private readonly scanner = new NumberScanner();
  private readonly flagTexts = new PageFlagTexts();
  private readonly printed: PrintedFrames;
  private readonly allocationLine = new PageOwnerLine();
  private readonly name: number;
  private readonly noComm: number;

  /** `problem` is told what of the line that is being read could not be read. */
  constructor(
    private readonly table: EventTableBuilder,
    private readonly symbols: SymbolTableBuilder,
    private readonly allocations: AllocationTableBuilder,
    private readonly problem: (message: string) => void,
  ) {
    this.printed = new PrintedFrames(symbols);
    this.name = symbols.internText('dump_page');
    this.noComm = symbols.internText('');
  }

  /**
   * Reads the message `bytes[start, end)` behind its prefix; `end` is a line end. `offset` is that of the line in
   * the file.
   */
  read(bytes: Uint8Array, start: number, end: number, prefix: DmesgPrefix, offset: number): void {
    const caller = this.callerOf(prefix);
    if (caller.target !== Target.None) {
      const isCallTrace = caller.target === Target.Trace;
      if (readFrameLine(this.printed, caller.frames, bytes, start, end, isCallTrace)) return;
      this.endStack(caller);
    }
    if (start >= end) return;
    if (caller.awaitsTrace && isUnwindBacktrace(bytes, start, end)) {
      this.beginStack(caller, Target.Trace);
      readFrameLine(this.printed, caller.frames, bytes, start, end, true);
      return;
    }
    if (bytes[start]! <= BLANK) {
      this.strayLine(caller, bytes, start, end);
      return;
    }
    if (startsWith(bytes, start, 'page:') && isPageLine(bytes, start, end)) {
      this.beginDump(caller, bytes, start, end, prefix, offset);
      return;
    }
    if (caller.row !== NONE && this.dumpLine(caller, bytes, start, end)) return;
    if (this.contextLine(caller, bytes, start, end)) return;
    caller.trace = NONE;
    caller.next = NOTHING_SAID;
    if (caller.patience > 0 && --caller.patience === 0) caller.row = NONE;
  }

  /** Release of the kernel that printed the first dump, or null where nothing says it. */
  get release(): string | null {
    return this.releaseOfTask ?? this.bootedRelease;
  }

  /** The log ends here. */
  finish(): void {
    for (const caller of this.callers.values()) {
      this.endStack(caller);
      caller.dumps.forget();
    }
  }

  private callerOf({ callerPid, callerCpu }: DmesgPrefix): Caller {
    let key = -1;
    if (callerPid >= 0) key = callerPid * 2;
    else if (callerCpu >= 0) key = callerCpu * 2 + 1;
    let caller = this.callers.get(key);
    if (!caller) {
      if (this.callers.size === MOST_CALLERS) this.forgetOldest();
      caller = new Caller(key >= 0, new MixedDumps(this.problem));
      this.callers.set(key, caller);
    }
    return caller;
  }

  private forgetOldest(): void {
    for (const [key, caller] of this.callers) {
      this.endStack(caller);
      caller.dumps.forget();
      this.callers.delete(key);
      return;
    }
  }

  /** `page:… refcount:3 mapcount:1 mapping:… index:0x… pfn:0x…`, in older kernels `count:` and no pfn. */
  private beginDump(
    caller: Caller,
    bytes: Uint8Array,
    start: number,
    end: number,
    prefix: DmesgPrefix,
    offset: number,
  ): void {
    const { table, symbols, scanner } = this;
    const { next } = caller;
    const comm = next.comm ?? (prefix.callerPid >= 0 ? '<...>' : '');
    const task = symbols.internTask(symbols.internText(comm), prefix.callerPid);
    const cpu = prefix.callerCpu >= 0 && prefix.callerCpu < NO_CPU ? prefix.callerCpu : NO_CPU;
    const row = table.append(prefix.time, cpu, task, EventKind.Other, this.name, offset);
    this.rows.push(row);
    caller.dumps.begin(row, !caller.isNamed && caller.row !== NONE);
    caller.row = row;
    caller.allocation = NONE;
    caller.isFreed = caller.isCma = false;
    caller.patience = FARTHEST_TRACE;
    caller.next = NOTHING_SAID;
    if (caller.dumps.areMixed) caller.trace = NONE;

    table.pfn[row] = next.pfn;
    if (next.reason !== null) {
      const detail = table.detailOf(row);
      table.details.reason[detail] = symbols.internText(next.reason);
      if (next.error !== null) table.details.error[detail] = next.error;
    }
    const pfn = keyValue(bytes, start, end, ' pfn:');
    if (pfn >= 0) scanner.pfn(bytes, pfn, true);
    if (pfn >= 0 && scanner.found) table.pfn[row] = scanner.value;

    const count =
      this.keyNumber(bytes, start, end, ' refcount:') ?? this.keyNumber(bytes, start, end, ' count:');
    if (count !== null) table.count[row] = count;
    else if (!isPoisoned(bytes, start, end))
      this.problem('a page dump without a readable "refcount:", expected one');
    const mapcount = this.keyNumber(bytes, start, end, ' mapcount:');
    if (mapcount !== null) table.mapcount[row] = mapcount;
    if (keyValue(bytes, start, end, ' compound_mapcount:') >= 0) this.partOfFolio(row, bytes, start, end);
    const mapping = keyValue(bytes, start, end, ' mapping:');
    if (mapping >= 0) table.mapping[row] = this.mappingAt(bytes, mapping);
  }

  /** Lines behind the first of a dump; false for all others. */
  private dumpLine(caller: Caller, bytes: Uint8Array, start: number, end: number): boolean {
    if (startsWith(bytes, start, DUMPED)) {
      const reason = this.text(bytes, start + DUMPED.length, end);
      for (const { row } of caller.dumps.take('hasReason', reason)) this.reasonLine(caller, row, reason);
      return true;
    }
    // `head:ffff… order:9 …`, without a pointer from 6.9 on; the page's words of memory are `head: 0017… …`.
    const isOfHead = startsWith(bytes, start, 'head:');
    if (isOfHead && (bytes[start + 5] !== BLANK || startsWith(bytes, start, 'head: order:'))) {
      const dump = this.dumpBeforeFlags(caller);
      if (dump !== NONE) this.headLine(dump, bytes, start, end);
      return true;
    }
    if (DUMP_LINES.some((text) => startsWith(bytes, start, text))) return true;
    // dump_mapping() of fs/inode.c: only of pages that are a file's.
    if (startsWith(bytes, start, 'aops:')) {
      const dump = this.dumpBeforeFlags(caller);
      if (dump !== NONE) this.table.mapping[dump] = Mapping.File;
      return true;
    }
    return this.ownerLine(caller, bytes, start, end) || this.lineWithFlags(caller, bytes, start, end);
  }

  private lineWithFlags(caller: Caller, bytes: Uint8Array, start: number, end: number): boolean {
    const isBare = startsWith(bytes, start, 'flags: ');
    const flags = isBare ? start + 7 : keyValue(bytes, start, end, ' flags:');
    if (flags < 0 || !caller.dumps.waitForFlags) return false;
    for (const { row } of caller.dumps.take('hasFlags', this.text(bytes, start, end))) {
      this.flagsLine(caller, row, bytes, start, flags, end);
      // In 5.1 the operations and the name of the file stand before them.
      if (!isBare && this.table.mapping[row] === Mapping.Hashed) this.table.mapping[row] = Mapping.File;
    }
    return true;
  }

  /** Row of the dump that a line of its page is of, or NONE. */
  private dumpBeforeFlags({ dumps, row }: Caller): number {
    if (!dumps.areMixed) return row;
    const only = dumps.onlyBeforeFlags;
    if (only === null) this.problem(ONE_OF_SEVERAL);
    return only?.row ?? NONE;
  }

  /** An indented line that no stack waits for: of one that another dump has cut in two. */
  private strayLine(caller: Caller, bytes: Uint8Array, start: number, end: number): void {
    if (caller.cutAllocation === NONE || !caller.dumps.isOfOther) return;
    const frames: number[] = [];
    if (!readFrameLine(this.printed, frames, bytes, start, end, false)) return;
    this.allocations.stack[caller.cutAllocation] = NONE;
    this.allocations.freeStack[caller.cutAllocation] = NONE;
    caller.cutAllocation = NONE;
    this.problem(STACK_CUT);
  }

  private reasonLine(caller: Caller, row: number, reason: string): void {
    const { table, symbols } = this;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    const detail = table.detailOf(row);
    table.details.label[detail] = symbols.internText(reason);
    const migrateReason = FAILURES.get(reason);
    if (migrateReason === undefined) return;
    // Nobody prints a stack behind these; what comes is another message's.
    if (!caller.dumps.areMixed) caller.patience = 0;
    table.kind[row] = EventKind.PinFailure;
    if (migrateReason !== null) table.details.reason[detail] = symbols.internText(migrateReason);
    if (caller.trace === NONE) return;
    this.attach(row, caller.trace);
    this.ranIn(caller, row);
    const isContig = [...symbols.stackFrames(caller.trace)].some((frame) =>
      CONTIG_FUNCTION.test(symbols.frameFunction(frame)),
    );
    if (isContig && table.details.reason[detail] === NONE) {
      table.details.reason[detail] = symbols.internText('contig_range');
    }
  }

  /** `flags: 0x…(uptodate|lru|zone=1) CMA`, perhaps with `anon ` or `ksm ` before it. */
  private flagsLine(
    caller: Caller,
    row: number,
    bytes: Uint8Array,
    start: number,
    flags: number,
    end: number,
  ): void {
    const { table } = this;
    table.flags[row] = this.flagTexts.namedBitsOf(bytes, flags, end);
    if (startsWith(bytes, start, 'anon ') || startsWith(bytes, start, 'ksm ')) {
      table.mapping[row] = Mapping.Anonymous;
    }
    caller.isCma = keyValue(bytes, flags, end, ') CMA') >= 0;
    if (caller.isCma) table.migratetype[row] = MIGRATE_CMA;
  }

  /** What page_owner says of the dumped page. */
  private ownerLine(caller: Caller, bytes: Uint8Array, start: number, end: number): boolean {
    const { allocations, symbols } = this;
    const { allocation, dumps } = caller;
    if (dumps.areMixed || dumps.isOfOther) {
      if (!OWNER_LINES.some((text) => startsWith(bytes, start, text))) return false;
      this.problem(ONE_OF_SEVERAL);
      return true;
    }
    for (const text of ALLOCATED) {
      if (!startsWith(bytes, start, text)) continue;
      this.allocated(caller, bytes, start + text.length, end);
      return true;
    }
    if (startsWith(bytes, start, TRACKED)) {
      caller.isFreed = startsWith(bytes, start + TRACKED.length, 'freed');
      return true;
    }
    if (startsWith(bytes, start, FREED)) {
      // Since 7.x the time of the free stands here.
      const time = this.keyNumber(bytes, start, end, ' ts ');
      if (allocation !== NONE && time !== null) allocations.freeTime[allocation] = time;
      this.beginStack(caller, Target.Freed);
      return true;
    }
    if (!startsWith(bytes, start, MIGRATED)) return false;
    if (allocation !== NONE) {
      const reason = symbols.internText(this.text(bytes, start + MIGRATED.length, end));
      allocations.migrateReason[allocation] = reason;
    }
    return true;
  }

  private allocated(caller: Caller, bytes: Uint8Array, start: number, end: number): void {
    const { allocations, allocationLine: line, symbols, table } = this;
    const { row } = caller;
    if (!line.read(bytes, start, end) || line.order > HIGHEST_ORDER) {
      this.problem(
        `no order up to ${HIGHEST_ORDER} after "allocated via order", expected one; it was left out`,
      );
      return;
    }
    const intern = (from: number, to: number): number =>
      to > from ? symbols.internBytes(bytes, from, to) : NONE;
    const comm = line.commEnd > line.commStart ? intern(line.commStart, line.commEnd) : this.noComm;
    const pfn = table.pfn[row]!;
    // page_owner keeps a record with every page of an allocation; the table has the first page.
    const first = pfn >= 0 ? pfn - (pfn % 2 ** line.order) : NONE;
    const allocation = allocations.append(
      first,
      line.order,
      symbols.internTask(comm, line.pid),
      table.offset(row),
    );
    caller.allocation = allocation;
    allocations.gfpMask[allocation] = intern(line.gfpStart, line.gfpEnd);
    allocations.migratetype[allocation] = intern(line.migratetypeStart, line.migratetypeEnd);
    allocations.tgid[allocation] = line.tgid;
    allocations.time[allocation] = line.time;
    allocations.freeTime[allocation] = line.freeTime;
    allocations.flags[allocation] = table.flags[row]!;
    allocations.isFreed[allocation] = caller.isFreed ? 1 : 0;
    if (caller.isCma) allocations.blockType[allocation] = symbols.internText('CMA');
    this.beginStack(caller, Target.Allocated);
  }

  /** Lines outside of a dump that say something of the page, the task, or the stack that comes. */
  private contextLine(caller: Caller, bytes: Uint8Array, start: number, end: number): boolean {
    // Nearly all lines of a log are others.
    if (!CONTEXT_BEGINNINGS.includes(bytes[start]!)) return false;
    if (TRACE_HEADS.some((text) => startsWith(bytes, start, text))) {
      this.beginStack(caller, Target.Trace);
      return true;
    }
    if (startsWith(bytes, start, 'CPU: ')) {
      const [, cpu, pid, comm, release] = TASK.exec(this.text(bytes, start, end)) ?? [];
      if (cpu === undefined || pid === undefined || comm === undefined) return false;
      if (!this.isLaterBoot) this.releaseOfTask ??= release ?? null;
      caller.cpu = Number(cpu) < NO_CPU ? Number(cpu) : NO_CPU;
      caller.task = this.symbols.internTask(this.symbols.internText(comm), Number(pid) | 0);
      if (caller.awaitsTrace) this.ranIn(caller, caller.row);
      return true;
    }
    if (startsWith(bytes, start, BOOTED)) {
      if (this.rows.length > 0) {
        this.isLaterBoot = true;
        return false;
      }
      this.bootedRelease = RELEASE.exec(this.text(bytes, start + BOOTED.length, end))?.[0] ?? null;
      this.releaseOfTask = null;
      return false;
    }
    if (startsWith(bytes, start, 'BUG: Bad page ')) {
      const [, comm, pfn] = BAD_PAGE.exec(this.text(bytes, start, end)) ?? [];
      if (comm === undefined || pfn === undefined) return false;
      caller.next = { ...NOTHING_SAID, comm, pfn: pfnOf(pfn) };
      return true;
    }
    if (startsWith(bytes, start, 'migrating pfn ')) {
      const [, pfn, error] = NOT_MIGRATED.exec(this.text(bytes, start, end)) ?? [];
      if (pfn === undefined || error === undefined) return false;
      // A positive number counts pages, a negative one is an errno.
      const errno = Number(error) < 0 ? Number(error) | 0 : null;
      caller.next = { pfn: pfnOf(pfn), comm: null, reason: 'memory_hotplug', error: errno };
      return true;
    }
    if (startsWith(bytes, start, 'failed to isolate pfn ')) {
      const [, pfn] = NOT_ISOLATED.exec(this.text(bytes, start, end)) ?? [];
      if (pfn === undefined) return false;
      caller.next = { pfn: pfnOf(pfn), comm: null, reason: 'memory_hotplug', error: null };
      return true;
    }
    return false;
  }

  /** The newest line with a CPU and a task speaks of this dump. */
  private ranIn({ task, cpu }: Caller, row: number): void {
    if (task === NONE) return;
    this.table.task[row] = task;
    this.table.cpu[row] = cpu;
  }

  private beginStack(caller: Caller, target: Target): void {
    caller.target = target;
    caller.frames.length = 0;
  }

  private endStack(caller: Caller): void {
    const { allocations } = this;
    const { allocation, frames, row, target } = caller;
    caller.target = Target.None;
    if (target === Target.None || frames.length === 0) return;
    const stack = this.symbols.internStack(Int32Array.from(frames), frames.length);
    frames.length = 0;
    caller.cutAllocation = target === Target.Trace ? NONE : allocation;
    if (target === Target.Allocated) {
      if (allocation !== NONE) allocations.stack[allocation] = stack;
    } else if (target === Target.Freed) {
      if (allocation !== NONE) allocations.freeStack[allocation] = stack;
    } else if (caller.awaitsTrace) {
      this.attach(row, stack);
      caller.row = NONE;
      caller.patience = 0;
    } else {
      caller.trace = stack;
    }
  }

  private attach(row: number, stack: number): void {
    if (this.table.stack[row] !== NONE) return;
    this.table.stack[row] = stack;
    this.stackRecords++;
  }

  /**
   * `head:… order:9 …` of a large folio (mm/debug.c). Migration expects a reference for each mapping of each of its pages
   * (mm/migrate.c), and the first line has one page's. From 6.10 on this line has the sum:
   * `order:9 mapcount:512 entire_mapcount:0 nr_pages_mapped:512 pincount:1`.
   */
  private headLine(row: number, bytes: Uint8Array, start: number, end: number): void {
    const sum = this.keyNumber(bytes, start, end, ' mapcount:');
    this.partOfFolio(row, bytes, start, end);
    if (sum === null) return;
    this.table.mapcount[row] = sum;
    this.table.details.isMapcountPart[this.table.detailOf(row)] = 0;
  }

  /**
   * Up to 6.1 no more than the mappings of the whole folio is printed, `compound_mapcount:1`, from 5.7 on with
   * `compound_pincount:0`; up to 5.9 on the first line. From 6.2 to 6.9 also how many pages are mapped by page tables of
   * their own, `entire_mapcount:1 nr_pages_mapped:0 pincount:0` (in 6.2 as `subpages_mapcount`), but not how often each.
   */
  private partOfFolio(row: number, bytes: Uint8Array, start: number, end: number): void {
    const { table } = this;
    const order = this.keyNumber(bytes, start, end, ' order:');
    if (order !== null && order >= 0 && order <= HIGHEST_ORDER) table.order[row] = order;
    const detail = table.detailOf(row);
    const pins =
      this.keyNumber(bytes, start, end, ' pincount:') ??
      this.keyNumber(bytes, start, end, ' compound_pincount:');
    if (pins !== null) table.details.pins[detail] = pins;
    const whole =
      this.keyNumber(bytes, start, end, ' entire_mapcount:') ??
      this.keyNumber(bytes, start, end, ' compound_mapcount:');
    const mappedPages =
      this.keyNumber(bytes, start, end, ' nr_pages_mapped:') ??
      this.keyNumber(bytes, start, end, ' subpages_mapcount:');
    table.details.isMapcountPart[detail] = mappedPages === 0 ? 0 : 1;
    if (whole === null || mappedPages === null) return;
    const ofOnePage = Math.max(0, table.mapcount[row]!) - whole;
    table.mapcount[row] = whole + mappedPages + (mappedPages > 0 ? Math.max(0, ofOnePage - 1) : 0);
  }

  private keyNumber(bytes: Uint8Array, start: number, end: number, key: string): number | null {
    const at = keyValue(bytes, start, end, key);
    if (at < 0) return null;
    this.scanner.number(bytes, at);
    return this.scanner.found ? this.scanner.value : null;
  }

  /** A real pointer (%px) tells whose the page is; a hashed one (%p since 4.15) only that it is someone's. */
  private mappingAt(bytes: Uint8Array, at: number): Mapping {
    const { scanner } = this;
    if (startsWith(bytes, at, '(null)') || startsWith(bytes, at, '(nil)')) return Mapping.Null;
    scanner.hexadecimal(bytes, at);
    if (!scanner.found) return Mapping.Hashed;
    if (scanner.high === 0 && scanner.low === 0) return Mapping.Null;
    if (scanner.high >>> 24 !== 0xff) return Mapping.Hashed;
    if (scanner.low & 1) return Mapping.Anonymous;
    return scanner.low & 2 ? Mapping.Movable : Mapping.File;
  }

  private text(bytes: Uint8Array, start: number, end: number): string {
    return this.decoder.decode(bytes.subarray(start, Math.min(end, start + 512))).trimEnd();
  }
}

/** Whether the message at `start`, which begins with `page:`, is the first line of a dump. */
export function isPageLine(bytes: Uint8Array, start: number, end: number): boolean {
  if (keyValue(bytes, start, end, ' refcount:') >= 0 || keyValue(bytes, start, end, ' count:') >= 0)
    return true;
  return isPoisoned(bytes, start, end);
}

function isPoisoned(bytes: Uint8Array, start: number, end: number): boolean {
  return keyValue(bytes, start, end, ' is uninitialized and poisoned') >= 0;
}

/** Where the value of a key begins in `bytes[start, end)`, blanks before it passed over, or -1. */
function keyValue(bytes: Uint8Array, start: number, end: number, key: string): number {
  const first = key.charCodeAt(0);
  for (let i = Math.max(0, start); i < end; i++) {
    if (bytes[i] !== first || !startsWith(bytes, i, key)) continue;
    let value = i + key.length;
    while (value < end && bytes[value] === BLANK) value++;
    return value;
  }
  return -1;
}

function pfnOf(digits: string): number {
  const pfn = Number.parseInt(digits, 16);
  return pfn < 2 ** 53 ? pfn : NONE;
}
