/**
 * Finds the moments at which the capture says that a page failed to move, one pass over those that tell of it.
 *
 * What each event is worth is measured on real recordings: test_pages_isolated names only the first page in
 * use; anonymous pages with a count beyond their mapcount are refused by the isolation scanner with a get and
 * a put and never reach migrate_pages; a page that migrate_pages gave up is put back after nr_failed > 0.
 */
import { EventKind, ABSENT, NONE, NO_DETAILS, type Capture, type EventTable } from '../capture/eventTable';
import { AttemptRecord, rangeOf } from './attempts';
import { CmaOfTask, isWithinCma, type SettledRows } from './cmaOfTask';
import { countChange, isPageRef } from './countChange';
import { dumpedBecause } from './dumpedBecause';
import { MIGRATE_FUNCTIONS } from './kindRules';
import { LifeChanges } from './lifeChanges';
import { MissingEvents } from './missingEvents';
import type { EarlyStop, Moment } from './moment';
import type { OfflinedMemory } from './offlinedMemory';
import { PageHistory } from './pageHistory';
import type { PageRows } from './pageRows';
import type { StackSite, StackSites } from './stackSites';

/** Most moments say no more. */
type FoundMoment = Pick<Moment, 'pfn' | 'row' | 'source' | 'attempt' | 'what'> & Partial<Moment>;

/**
 * Pages that memory_failure() and identify_page_state() (mm/memory-failure.c) tell the end of with the reference that
 * get_hwpoison_page() took. It has none on pages that are free, of the kernel's own, of DAX, or poisoned already, and on
 * those that are unknown it may have none.
 */
const REFERENCED_IN_MEMORY_FAILURE: ReadonlySet<string> = new Set([
  'kernel slab page',
  'different compound page',
  'huge page',
  'unmapping failed page',
  'dirty swapcache page',
  'clean swapcache page',
  'dirty mlocked LRU page',
  'clean mlocked LRU page',
  'dirty unevictable LRU page',
  'clean unevictable LRU page',
  'dirty LRU page',
  'clean LRU page',
  'already truncated LRU page',
  'unsplit thp',
]);

/**
 * Types of action_page_types (mm/memory-failure.c) of which the action is take_page_off_buddy(): it does not succeed for
 * a page that is in use.
 */
const FREE_PAGES: ReadonlySet<string> = new Set(['free buddy page', 'free huge page']);

/** Move the list of reclaim back to the LRU lists (mm/vmscan.c); the first two may be inlined into the third. */
const PUTS_BACK_IN_RECLAIM: ReadonlySet<string> = new Set([
  'move_folios_to_lru',
  'move_pages_to_lru',
  'shrink_inactive_list',
]);

/** One call of migrate_pages, from mm_migrate_pages_start to mm_migrate_pages. */
interface MigrateCall {
  readonly attempt: AttemptRecord;
  readonly mode: string | null;
  endRow: number;
  failed: number;
  /** Pages that were on its list still when it ended, as compaction counts them; 0 where nothing says. */
  left: number;
  readonly putBack: PutBackPage[];
}

interface IsolatedPage {
  references: number;
  /** Row of the get that isolated it. */
  readonly since: number;
}

interface PutBackPage {
  readonly pfn: number;
  readonly since: number;
  readonly row: number;
}

interface TaskState {
  readonly cma: CmaOfTask;
  compaction: AttemptRecord | null;
  hotplug: AttemptRecord | null;
  /** An attempt that began with isolation and has not reached migrate_pages yet. */
  pending: AttemptRecord | null;
  call: MigrateCall | null;
  /** Pages isolated and not yet put back or migrated; offlining takes two references and drops one. */
  readonly isolated: Map<number, IsolatedPage>;
}

/** Takes the events that tell of attempts to move pages, in the order of the capture. */
export class EvidenceFinder {
  private readonly moments: Moment[] = [];
  private readonly events: EventTable;
  private readonly missing: MissingEvents;
  private readonly lives: LifeChanges;
  private readonly history: PageHistory;
  /** By pid: one process has one pid under several names (exec), so the pid is what tells tasks apart. */
  private readonly states = new Map<number, TaskState>();
  /** The same by task id, which every row has. */
  private readonly stateOfTask: (TaskState | undefined)[] = [];
  readonly attempts: AttemptRecord[] = [];
  readonly offlined: OfflinedMemory[] = [];
  /** Attempts of reports that name no task, by their time. */
  private readonly tasklessAttempts = new Map<string, AttemptRecord>();

  constructor(
    private readonly capture: Capture,
    private readonly sites: StackSites,
    /** Those up to the event that is taken. */
    private readonly rows: PageRows,
  ) {
    this.events = capture.events;
    this.missing = new MissingEvents(capture.gaps);
    this.lives = new LifeChanges(capture.events, rows);
    this.history = new PageHistory(capture.events, sites, rows);
  }

  /** All moments, in the order of the rows that show them within each kind of evidence. */
  finished(): readonly Moment[] {
    for (const state of this.states.values()) {
      this.closeCall(state);
      this.endCma(state);
    }
    // What was in doubt became an attempt later than those behind it.
    this.attempts.sort((a, b) => a.firstRow - b.firstRow);
    return this.moments;
  }

  /** A page_ref event whose stack takes or drops the reference of isolation, any freeze, or an event that is no page_ref. */
  take(row: number): void {
    const kind = this.events.kind[row]!;
    if (isPageRef(kind)) this.pageRef(row, kind);
    else this.otherEvent(row, kind);
  }

  private pageRef(row: number, kind: number): void {
    const { events } = this;
    const site = this.sites.of(events.stack[row]!);
    const pfn = events.pfn[row]!;
    if (kind === EventKind.PageRefFreeze) {
      if (events.ret[row] === 0) this.failedFreeze(row, site);
    }
    const change = countChange(events, row);
    if (change > 0) {
      if (site.acquire?.rule.kind === 'isolation') this.isolationTaken(row, pfn);
      return;
    }
    if (change < 0 && site.release?.rule.kind === 'isolation') this.isolationDropped(row, pfn, site);
  }

  private isolationTaken(row: number, pfn: number): void {
    const state = this.stateOf(row);
    const page = this.isolatedBefore(state, row, pfn);
    // The put may be one of those that are missing: who has isolated a page does not find it on an LRU list again.
    if (page === undefined || this.missing.gapsBetween(page.since, row) > 0) {
      state.isolated.set(pfn, { references: 1, since: row });
    } else page.references++;
  }

  /** What the task has isolated of the page, which is over where no put shows it, too: reclaim frees pages by a freeze. */
  private isolatedBefore({ isolated }: TaskState, row: number, pfn: number): IsolatedPage | undefined {
    const page = isolated.get(pfn);
    if (page === undefined || this.rows.before(row) === page.since) return page;
    if (this.lives.newestBefore(row) <= page.since) return page;
    isolated.delete(pfn);
    return undefined;
  }

  private isolationDropped(row: number, pfn: number, site: StackSite): void {
    const state = this.stateOf(row);
    const isolated = this.isolatedBefore(state, row, pfn);
    if (isolated === undefined) return;
    isolated.references--;
    if (isolated.references === 0) state.isolated.delete(pfn);
    if (site.scansForIsolation) {
      const attempt = this.attemptOf(state, row, site.reason);
      this.add({ pfn, row, source: 'derived', attempt, what: 'refused at isolation', isRefusal: true });
      return;
    }
    const { call } = state;
    // What was isolated behind the end of a call is put back when the next one is not made: compaction gave up.
    const isOfCall = call !== null && (call.endRow === NONE || isolated.since < call.endRow);
    if (!isOfCall) return;
    const page = { pfn, since: isolated.since, row };
    if (site.putsBack || this.isNotDemoted(call, page, site)) call.putBack.push(page);
  }

  /**
   * Pages that were not demoted go on the list of reclaim again, with which others are put back that were not to be
   * demoted (mm/vmscan.c shrink_folio_list): only those that migrate_pages touched are known to have been.
   */
  private isNotDemoted({ attempt }: MigrateCall, page: PutBackPage, { release }: StackSite): boolean {
    if (attempt.reason !== 'demotion' || release === null) return false;
    return PUTS_BACK_IN_RECLAIM.has(release.matchedFunction) && this.isTouched(page, demotes);
  }

  private failedFreeze(row: number, site: StackSite): void {
    const state = this.stateOf(row);
    // Reclaim freezes too; only what happens inside an attempt to move pages says that a page did not move.
    if (site.underMigration || site.reason !== null) {
      const where = site.underMigration ? 'in migration' : 'in reclaim inside the attempt';
      this.addFreeze(row, this.attemptOf(state, row, site.reason), where);
    } else if (site.functions.length === 0) {
      this.freezeWithoutStack(state, row);
    }
  }

  /** Reclaim after an allocation whose end is not in the capture freezes too. */
  private freezeWithoutStack({ call, cma }: TaskState, row: number): void {
    const { attempt } = cma;
    if (attempt === null) return;
    // It is of the call for memory within the allocation.
    if (call?.endRow === NONE && call.attempt !== attempt) return;
    // A request that is larger than its area does nothing behind its start.
    const isOn = attempt.lastRow > attempt.firstRow || call?.attempt === attempt;
    const isUnderWay = isOn && this.missing.between(attempt.lastRow, row) === null;
    if (isUnderWay) this.addFreeze(row, attempt, 'inside the attempt');
    else cma.doubt(row);
  }

  private addFreeze(row: number, attempt: AttemptRecord, where: string): void {
    const { pfn, count, val } = this.events;
    const what = `freeze failed ${where}: refcount ${count[row]!}, expected ${val[row]!}`;
    // Migration and reclaim freeze what they have isolated (mm/migrate.c folio_migrate_mapping, mm/vmscan.c __remove_mapping).
    this.add({ pfn: pfn[row]!, row, source: 'freeze', attempt, what, ownReference: 'isolation' });
  }

  private otherEvent(row: number, kind: number): void {
    const { events } = this;
    switch (kind as EventKind) {
      case EventKind.CmaAllocStart:
        this.cmaStart(row);
        return;
      case EventKind.CmaAllocBusyRetry:
        this.cmaBusyRetry(row);
        return;
      case EventKind.CmaAllocFinish:
        this.cmaFinish(row);
        return;
      case EventKind.CmaAllocInfo:
        this.cmaInfo(row);
        return;
      case EventKind.CompactionBegin:
        this.compactionBegin(row);
        return;
      case EventKind.CompactionEnd:
        this.compactionEnd(row);
        return;
      case EventKind.MigratePagesStart:
        this.migrateStart(row);
        return;
      case EventKind.MigratePages:
        this.migrateEnd(row);
        return;
      case EventKind.CompactionMigratePages:
        this.compactionMigrated(row);
        return;
      case EventKind.TestPagesIsolated:
        this.testPagesIsolated(row);
        return;
      case EventKind.MemoryFailure:
        this.memoryFailure(row);
        return;
      case EventKind.PinFailure: {
        // A trace.dat has only the address of the reason's text; who started the migration is in the stack.
        const reason =
          this.detailString(events.details.reason, row) ?? this.sites.of(events.stack[row]!).reason;
        const attempt = this.reportingAttempt(row, reason);
        const [pfn, error] = [events.pfn[row]!, this.detailError(row)];
        const dumped = dumpedBecause(this.capture, row);
        const what = dumped === null ? 'reported by the kernel' : `dumped by the kernel because: ${dumped}`;
        const { call } = this.stateOf(row);
        const mode = call?.attempt === attempt ? call.mode : null;
        this.add({ pfn, row, source: 'report', attempt, what, error, mode, dumpedBecause: dumped });
        return;
      }
      default:
        return;
    }
  }

  private cmaStart(row: number): void {
    const state = this.stateOf(row);
    if (state.cma.isSecondCopy(row)) return;
    this.endCma(state);
    this.closeCall(state);
    const attempt = this.newAttempt(row, 'contig_range');
    attempt.noteCma(row);
    state.cma.begin(attempt);
  }

  private cmaBusyRetry(row: number): void {
    const state = this.stateOf(row);
    if (state.cma.isSecondCopy(row)) return;
    this.settle(state.cma.goOn(row));
    this.attemptOf(state, row, 'contig_range').noteBusyRetry(row);
  }

  private cmaFinish(row: number): void {
    const state = this.stateOf(row);
    const { cma, pending } = state;
    if (cma.isSecondCopy(row)) return;
    this.settle(cma.goOn(row));
    // Up to 5.12 there is no event at the beginning: what the task tried last was for this allocation.
    const isPending = (pending?.reason ?? 'contig_range') === 'contig_range';
    const attempt = cma.attempt ?? (isPending ? pending : null) ?? this.newAttempt(row, 'contig_range');
    // Its calls tell nothing of what the task tests later.
    this.closeCall(state);
    attempt.noteCmaFinish(row);
    cma.finish(attempt);
    state.pending = null;
  }

  private endCma({ cma }: TaskState): void {
    this.settle(cma.end());
  }

  /** A task that migrates for something else than a range has left its allocation, unless it does so for memory. */
  private leaveCma(state: TaskState, row: number, reason: string | null): void {
    const { attempt } = state.cma;
    if (attempt === null || reason === null || reason === attempt.reason) return;
    const { functions } = this.sites.of(this.events.stack[row]!);
    if (!isWithinCma(reason, functions)) this.endCma(state);
  }

  private settle({ rows, cma }: SettledRows): void {
    let attempt = cma;
    for (const row of rows) {
      if (isPageRef(this.events.kind[row]!)) {
        if (cma !== null) this.addFreeze(row, cma, 'inside the attempt');
      } else if (this.isEmptyRange(row)) {
        cma?.noteTested(row);
      } else {
        // A page of it is in use, whatever the range was tested for.
        attempt ??= this.newAttempt(row, null);
        this.addTested(row, attempt);
      }
    }
  }

  /** Stands behind the end of what it tells of. */
  private cmaInfo(row: number): void {
    const { cma } = this.stateOf(row);
    if (!cma.isSecondCopy(row)) cma.noteInfo(row);
  }

  private compactionBegin(row: number): void {
    const state = this.stateOf(row);
    this.leaveCma(state, row, 'compaction');
    const attempt = this.newAttempt(row, 'compaction');
    attempt.noteCompaction(row);
    state.compaction = attempt;
  }

  private compactionEnd(row: number): void {
    const state = this.stateOf(row);
    this.closeCall(state);
    state.compaction?.noteCompaction(row);
    state.compaction = null;
  }

  private migrateStart(row: number): void {
    const state = this.stateOf(row);
    state.cma.doOther();
    this.closeCall(state);
    const reason = this.detailString(this.events.details.reason, row);
    const attempt = this.attemptOf(state, row, reason);
    state.pending = null;
    const mode = this.detailString(this.events.details.label, row);
    state.call = { attempt, mode, endRow: NONE, failed: 0, left: 0, putBack: [] };
  }

  private migrateEnd(row: number): void {
    const { events } = this;
    const state = this.stateOf(row);
    const reason = this.detailString(events.details.reason, row);
    const started = state.call?.attempt.reason ?? reason;
    // What began in between was a call for memory, within this one.
    if (reason !== null && started !== reason) this.closeCall(state);
    if (state.call === null) {
      const attempt = this.attemptOf(state, row, reason);
      const mode = this.detailString(events.details.label, row);
      state.call = { attempt, mode, endRow: row, failed: 0, left: 0, putBack: [] };
      state.pending = null;
    }
    state.call.attempt.noteMigrateCall(row);
    const detail = events.detail[row]!;
    const failed = events.details.failed[detail]!;
    state.call.endRow = row;
    state.call.failed = failed === ABSENT ? 0 : failed;
  }

  /** Stands behind the end of the call, before the pages are put back. */
  private compactionMigrated(row: number): void {
    const { call } = this.stateOf(row);
    if (call === null || call.endRow === NONE) return;
    call.left = Math.max(0, this.events.details.failed[this.events.detail[row]!]!);
  }

  /**
   * Pages put back after a failed call did not move. When more were put back than failed, migrate_pages had
   * stopped before it tried the rest: those that it touched come first, then those first on its list.
   */
  private closeCall(state: TaskState): void {
    const { call } = state;
    state.call = null;
    if (call === null || call.failed === 0 || call.endRow === NONE) return;
    const { attempt, mode, endRow: row } = call;
    const pages = this.givenUp(call);
    const stop = earlyStop(call, pages.length);
    for (const page of pages) {
      const stoppedEarly = stop === null || this.isTried(page) ? null : stop;
      const what =
        stoppedEarly === null
          ? 'given up by migrate_pages, then put back'
          : 'left when migrate_pages stopped early, then put back';
      this.add({ pfn: page.pfn, row, source: 'derived', attempt, what, mode, stoppedEarly });
    }
  }

  private givenUp({ putBack, failed }: MigrateCall): readonly PutBackPage[] {
    if (putBack.length <= failed) return putBack;
    const touched: PutBackPage[] = [];
    const others: PutBackPage[] = [];
    for (const page of putBack) (this.isTried(page) ? touched : others).push(page);
    // The list is put back in its own order (putback_movable_pages), so that the first were tried first.
    return [...touched, ...others.slice(0, Math.max(0, failed - touched.length))];
  }

  /** Whether migrate_pages touched a page that its task had isolated. */
  private isTried(page: PutBackPage): boolean {
    return this.isTouched(page, ({ underMigration }) => underMigration);
  }

  /** Whether a task has an event of a page that it had isolated in such a stack. */
  private isTouched({ since, row }: PutBackPage, isIn: (site: StackSite) => boolean): boolean {
    const { kind, stack } = this.events;
    const state = this.stateOf(row);
    for (let each = this.rows.before(row); each > since; each = this.rows.before(each)) {
      if (!isPageRef(kind[each]!) || this.stateOf(each) !== state) continue;
      if (isIn(this.sites.of(stack[each]!))) return true;
    }
    return false;
  }

  private testPagesIsolated(row: number): void {
    const { events } = this;
    const detail = events.detail[row]!;
    if (detail === NO_DETAILS) return;
    const state = this.stateOf(row);
    state.cma.doOther();
    if (state.cma.isLongerThanTested(row)) this.endCma(state);
    const traced = this.sites.of(events.stack[row]!).reason;
    const reason = traced ?? this.testedFor(state, row);
    if (this.isEmptyRange(row)) {
      if (traced === 'memory_hotplug') this.noteOfflined(row);
      this.foundEmpty(state, row, reason);
      return;
    }
    if (events.details.finPfn[detail]! < 0) return;
    this.closeCall(state);
    if (reason === null && state.cma.attempt !== null) {
      state.cma.doubt(row);
      return;
    }
    // What the task tried before for a reason that is known need not be what this is for.
    if (reason === null && state.pending?.reason !== null) state.pending = null;
    this.addTested(row, this.attemptOf(state, row, reason));
  }

  /** A range that is empty ends an offlining; of other attempts it is one step. */
  private foundEmpty(state: TaskState, row: number, reason: string | null): void {
    if (reason === null && state.cma.attempt !== null) state.cma.doubt(row);
    else if (reason !== null) this.knownAttempt(state, reason)?.noteTested(row);
    else if (state.pending?.reason === null) state.pending.noteTested(row);
    if (reason === 'memory_hotplug') state.hotplug = null;
  }

  /**
   * What a range is tested for where no stack says it: alloc_contig_range (mm/page_alloc.c) and offline_pages
   * (mm/memory_hotplug.c) do so behind their calls of migrate_pages.
   *
   * @returns null where the last that the task tried does not tell
   */
  private testedFor({ cma, call, hotplug, pending }: TaskState, row: number): string | null {
    let last = cma.attempt;
    for (const each of [call?.attempt ?? null, hotplug, pending]) {
      if (each?.reason !== 'contig_range' && each?.reason !== 'memory_hotplug') continue;
      if (last === null || each.lastRow > last.lastRow) last = each;
    }
    return last !== null && this.missing.between(last.lastRow, row) === null ? last.reason : null;
  }

  private isEmptyRange(row: number): boolean {
    return this.detailString(this.events.details.result, row) !== 'fail';
  }

  private addTested(row: number, attempt: AttemptRecord): void {
    attempt.noteTested(row);
    const pfn = this.events.details.finPfn[this.events.detail[row]!]!;
    const what = 'named by test_pages_isolated as the first page still in use';
    this.add({ pfn, row, source: 'isolation', attempt, what });
  }

  private noteOfflined(row: number): void {
    const range = rangeOf(this.events, row);
    if (range !== null) this.offlined.push({ row, ...range });
  }

  private memoryFailure(row: number): void {
    const { events } = this;
    const result = this.detailString(events.details.result, row) ?? 'unknown result';
    this.leaveCma(this.stateOf(row), row, 'memory_failure');
    const attempt = this.newAttempt(row, 'memory_failure');
    attempt.noteMemoryFailure(row, result);
    const what = `memory_failure: ${result}`;
    const type = this.detailString(events.details.label, row) ?? '';
    const ownReference = REFERENCED_IN_MEMORY_FAILURE.has(type) ? 'memory-failure' : null;
    const wasFree = result === 'Recovered' && FREE_PAGES.has(type);
    this.add({ pfn: events.pfn[row]!, row, source: 'memory-failure', attempt, what, ownReference, wasFree });
  }

  /**
   * Android's page_pinner and dump_page() name no task: only what they report of one time is known to be one
   * attempt, and without a time each page is on its own.
   */
  private reportingAttempt(row: number, reason: string | null): AttemptRecord {
    const { events } = this;
    if (this.capture.symbols.taskPid(events.task[row]!) >= 0) {
      return this.attemptOf(this.stateOf(row), row, reason);
    }
    const time = events.time[row]!;
    const key = Number.isNaN(time) ? `page ${events.pfn[row]!}` : `time ${time}`;
    let attempt = this.tasklessAttempts.get(key);
    if (attempt === undefined) {
      attempt = this.newAttempt(row, reason);
      this.tasklessAttempts.set(key, attempt);
    }
    return attempt;
  }

  /** The attempt of a task that is under way, if one is for that reason. */
  private knownAttempt(state: TaskState, reason: string | null): AttemptRecord | null {
    const { attempt } = state.cma;
    if (attempt !== null && (reason === null || reason === attempt.reason)) return attempt;
    if (reason === 'compaction' && state.compaction !== null) return state.compaction;
    if (reason === 'memory_hotplug' && state.hotplug !== null) return state.hotplug;
    const { call } = state;
    if (call !== null && call.endRow === NONE && (reason === null || call.attempt.reason === reason)) {
      return call.attempt;
    }
    const isPending = state.pending !== null && (reason === null || state.pending.reason === reason);
    return isPending ? state.pending : null;
  }

  private attemptOf(state: TaskState, row: number, reason: string | null): AttemptRecord {
    this.leaveCma(state, row, reason);
    const known = this.knownAttempt(state, reason);
    if (known !== null) return known;
    const attempt = this.newAttempt(row, reason);
    // offline_pages calls migrate_pages over and over until the range is empty: one attempt.
    if (reason === 'memory_hotplug') state.hotplug = attempt;
    else state.pending = attempt;
    return attempt;
  }

  private newAttempt(row: number, reason: string | null): AttemptRecord {
    const attempt = new AttemptRecord(this.capture, this.attempts.length, row, reason);
    this.attempts.push(attempt);
    return attempt;
  }

  private add(found: FoundMoment): void {
    // Not by spreading: that takes a microsecond a moment, and a capture may have hundreds of thousands.
    const { pfn, row, source, attempt, what } = found;
    const {
      error = null,
      isRefusal = false,
      dumpedBecause: dumped = null,
      ownReference = null,
      stoppedEarly = null,
      mode = null,
      wasFree = false,
    } = found;
    if (pfn < 0) return;
    attempt.noteError(row, error);
    this.moments.push({
      pfn,
      namedPfn: pfn,
      row,
      source,
      attempt,
      what,
      error,
      isRefusal,
      dumpedBecause: dumped,
      ownReference,
      stoppedEarly,
      mode,
      history: this.history,
      wasFree,
    });
  }

  private stateOf(row: number): TaskState {
    const task = this.events.task[row]!;
    const known = this.stateOfTask[task];
    if (known !== undefined) return known;
    const pid = this.capture.symbols.taskPid(task);
    let state = this.states.get(pid);
    if (state === undefined) {
      state = {
        cma: new CmaOfTask(this.events),
        compaction: null,
        hotplug: null,
        pending: null,
        call: null,
        isolated: new Map(),
      };
      this.states.set(pid, state);
    }
    this.stateOfTask[task] = state;
    return state;
  }

  private detailString(column: Int32Array, row: number): string | null {
    const id = column[this.events.detail[row]!]!;
    return id < 0 ? null : this.capture.symbols.string(id);
  }

  private detailError(row: number): number | null {
    const error = this.events.details.error[this.events.detail[row]!]!;
    return error === ABSENT ? null : error;
  }
}

/**
 * Whether reclaim migrates pages, by demote_folio_list() or with that inlined. Migration may call reclaim, too, for the
 * pages that it moves others to: then it stands further out.
 */
function demotes({ functions }: StackSite): boolean {
  const reclaims = functions.findIndex((name) => name === 'shrink_folio_list' || name === 'shrink_page_list');
  return functions.slice(0, Math.max(0, reclaims)).some((name) => MIGRATE_FUNCTIONS.has(name));
}

/** @param givenUp pages that it tried and gave up, as far as the capture shows them */
function earlyStop({ failed, left, putBack }: MigrateCall, givenUp: number): EarlyStop | null {
  const untried = (left > 0 ? left : putBack.length) - Math.max(failed, givenUp);
  return untried <= 0 ? null : { untried, isPart: putBack.length < left };
}
