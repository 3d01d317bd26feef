/**
 * Finds the moments at which the capture says that a page failed to move, one pass over all events.
 *
 * What each event is worth is measured on real recordings: test_pages_isolated names only the first page in
 * use; anonymous pages with a count beyond their mapcount are refused by the isolation scanner with a get and
 * a put and never reach migrate_pages; a page that migrate_pages gave up is put back after nr_failed > 0.
 */
import { EventKind, ABSENT, NONE, type Capture, type EventTable } from '../capture/eventTable';
import { countChange } from './countChange';
import type { MarkSource } from './model';
import type { StackSite, StackSites } from './stackSites';

/** One try to move pages: a CMA allocation, a compaction run, an offlining, one call of migrate_pages. */
export interface Attempt {
  readonly id: number;
  /** Task id in the capture's symbols. */
  readonly task: number;
  readonly pid: number;
  readonly firstRow: number;
  /** enum migrate_reason's name, or null. */
  readonly reason: string | null;
}

export interface Moment {
  readonly pfn: number;
  /** The event after which the page's references are judged. */
  readonly row: number;
  readonly source: MarkSource;
  readonly attempt: Attempt;
  readonly error: number | null;
  readonly what: string;
}

/** One call of migrate_pages, from mm_migrate_pages_start to mm_migrate_pages. */
interface MigrateCall {
  readonly attempt: Attempt;
  endRow: number;
  failed: number;
  readonly putBack: { pfn: number; tried: boolean; row: number }[];
}

interface IsolatedPage {
  references: number;
  /** Whether migrate_pages touched it. */
  tried: boolean;
}

interface TaskState {
  cma: Attempt | null;
  compaction: Attempt | null;
  hotplug: Attempt | null;
  /** An attempt that began with isolation and has not reached migrate_pages yet. */
  pending: Attempt | null;
  call: MigrateCall | null;
  /** Pages isolated and not yet put back or migrated; offlining takes two references and drops one. */
  readonly isolated: Map<number, IsolatedPage>;
}

class EvidenceFinder {
  readonly moments: Moment[] = [];
  private readonly events: EventTable;
  private readonly tasks = new Map<number, TaskState>();
  private attempts = 0;

  constructor(
    private readonly capture: Capture,
    private readonly sites: StackSites,
  ) {
    this.events = capture.events;
  }

  find(): Moment[] {
    const { events } = this;
    for (let row = 0; row < events.length; row++) {
      const kind = events.kind[row]!;
      if (kind === EventKind.Other) continue;
      if (kind <= EventKind.PageRefUnfreeze) this.pageRef(row, kind);
      else this.otherEvent(row, kind);
    }
    for (const state of this.tasks.values()) this.closeCall(state);
    return this.moments;
  }

  private pageRef(row: number, kind: number): void {
    const { events } = this;
    const pfn = events.pfn[row]!;
    const site = this.sites.of(events.stack[row]!);
    if (kind === EventKind.PageRefFreeze) {
      if (events.ret[row] === 0) this.failedFreeze(row, pfn, site);
    }
    if (site.underMigration) {
      const isolated = this.stateOf(row).isolated.get(pfn);
      if (isolated !== undefined) isolated.tried = true;
    }
    const change = countChange(events, row);
    if (change > 0) {
      if (site.acquire?.rule.kind === 'isolation') this.isolationTaken(row, pfn);
      return;
    }
    if (change < 0 && site.release?.rule.kind === 'isolation') this.isolationDropped(row, pfn, site);
  }

  private isolationTaken(row: number, pfn: number): void {
    const { isolated } = this.stateOf(row);
    const page = isolated.get(pfn);
    if (page === undefined) isolated.set(pfn, { references: 1, tried: false });
    else page.references++;
  }

  private isolationDropped(row: number, pfn: number, site: StackSite): void {
    const state = this.stateOf(row);
    const isolated = state.isolated.get(pfn);
    if (isolated === undefined) return;
    isolated.references--;
    if (isolated.references === 0) state.isolated.delete(pfn);
    if (site.scansForIsolation) {
      const attempt = this.attemptOf(state, row, site.reason);
      this.add(pfn, row, 'derived', attempt, 'refused at isolation');
      return;
    }
    if (site.putsBack) state.call?.putBack.push({ pfn, tried: isolated.tried, row });
  }

  private failedFreeze(row: number, pfn: number, site: StackSite): void {
    const { events } = this;
    const state = this.stateOf(row);
    // Reclaim freezes too; only what happens inside an attempt to move pages says that a page did not move.
    if (!site.underMigration && state.cma === null && site.reason === null) return;
    const attempt = this.attemptOf(state, row, site.reason);
    const where = site.underMigration ? 'migration' : 'reclaim inside the attempt';
    this.add(
      pfn,
      row,
      'freeze',
      attempt,
      `freeze failed in ${where}: refcount ${events.count[row]!}, expected ${events.val[row]!}`,
    );
  }

  private otherEvent(row: number, kind: number): void {
    const { events } = this;
    switch (kind as EventKind) {
      case EventKind.CmaAllocStart:
        this.stateOf(row).cma = this.newAttempt(row, 'contig_range');
        return;
      case EventKind.CmaAllocFinish:
        this.stateOf(row).cma = null;
        return;
      case EventKind.CompactionBegin:
        this.stateOf(row).compaction = this.newAttempt(row, 'compaction');
        return;
      case EventKind.CompactionEnd:
        this.closeCall(this.stateOf(row));
        this.stateOf(row).compaction = null;
        return;
      case EventKind.MigratePagesStart:
        this.migrateStart(row);
        return;
      case EventKind.MigratePages:
        this.migrateEnd(row);
        return;
      case EventKind.TestPagesIsolated:
        this.testPagesIsolated(row);
        return;
      case EventKind.MemoryFailure:
        this.memoryFailure(row);
        return;
      case EventKind.PinFailure: {
        const reason = this.detailString(events.details.reason, row);
        const attempt = this.attemptOf(this.stateOf(row), row, reason);
        this.add(events.pfn[row]!, row, 'report', attempt, 'reported by the kernel', this.detailError(row));
        return;
      }
      default:
        return;
    }
  }

  private migrateStart(row: number): void {
    const state = this.stateOf(row);
    this.closeCall(state);
    const reason = this.detailString(this.events.details.reason, row);
    const attempt = this.attemptOf(state, row, reason);
    state.pending = null;
    state.call = { attempt, endRow: NONE, failed: 0, putBack: [] };
  }

  private migrateEnd(row: number): void {
    const { events } = this;
    const state = this.stateOf(row);
    if (state.call === null) {
      const reason = this.detailString(events.details.reason, row);
      state.call = { attempt: this.attemptOf(state, row, reason), endRow: row, failed: 0, putBack: [] };
      state.pending = null;
    }
    const detail = events.detail[row]!;
    const failed = detail < 0 ? ABSENT : events.details.failed[detail]!;
    state.call.endRow = row;
    state.call.failed = failed === ABSENT ? 0 : failed;
  }

  /**
   * Pages put back after a failed call did not move. When more were put back than failed, migrate_pages had
   * stopped before it tried the rest: those that it touched come first, then those first on its list.
   */
  private closeCall(state: TaskState): void {
    const { call } = state;
    state.call = null;
    if (call === null || call.failed === 0 || call.endRow === NONE) return;
    const touched = call.putBack.filter((page) => page.tried);
    const others = call.putBack.filter((page) => !page.tried);
    const room = Math.max(0, call.failed - touched.length);
    // The list is put back in its own order (putback_movable_pages), so that the first were tried first.
    for (const page of [...touched, ...others.slice(0, room)]) {
      this.add(page.pfn, call.endRow, 'derived', call.attempt, 'put back after migrate_pages gave it up');
    }
  }

  private testPagesIsolated(row: number): void {
    const { events } = this;
    const detail = events.detail[row]!;
    if (detail < 0 || this.detailString(events.details.result, row) !== 'fail') return;
    const pfn = events.details.finPfn[detail]!;
    if (pfn < 0) return;
    const state = this.stateOf(row);
    this.closeCall(state);
    const attempt = this.attemptOf(state, row, this.sites.of(events.stack[row]!).reason ?? 'contig_range');
    this.add(pfn, row, 'isolation', attempt, 'named by test_pages_isolated as the first page still in use');
  }

  private memoryFailure(row: number): void {
    const { events } = this;
    const result = this.detailString(events.details.result, row) ?? 'unknown result';
    const attempt = this.newAttempt(row, 'memory_failure');
    this.add(events.pfn[row]!, row, 'memory-failure', attempt, `memory_failure: ${result}`);
  }

  private attemptOf(state: TaskState, row: number, reason: string | null): Attempt {
    if (state.cma !== null) return state.cma;
    if (reason === 'compaction' && state.compaction !== null) return state.compaction;
    // offline_pages calls migrate_pages over and over until the range is empty: one attempt.
    if (reason === 'memory_hotplug') return (state.hotplug ??= this.newAttempt(row, reason));
    const { call } = state;
    if (call !== null && call.endRow === NONE && (reason === null || call.attempt.reason === reason)) {
      return call.attempt;
    }
    if (state.pending !== null && (reason === null || state.pending.reason === reason)) return state.pending;
    state.pending = this.newAttempt(row, reason);
    return state.pending;
  }

  private newAttempt(row: number, reason: string | null): Attempt {
    const task = this.events.task[row]!;
    return { id: this.attempts++, task, pid: this.capture.symbols.taskPid(task), firstRow: row, reason };
  }

  private add(
    pfn: number,
    row: number,
    source: MarkSource,
    attempt: Attempt,
    what: string,
    error: number | null = null,
  ): void {
    if (pfn < 0) return;
    this.moments.push({ pfn, row, source, attempt, error, what });
  }

  private stateOf(row: number): TaskState {
    // One process has one pid under several names (exec), so the pid is what tells tasks apart.
    const pid = this.capture.symbols.taskPid(this.events.task[row]!);
    let state = this.tasks.get(pid);
    if (state === undefined) {
      state = { cma: null, compaction: null, hotplug: null, pending: null, call: null, isolated: new Map() };
      this.tasks.set(pid, state);
    }
    return state;
  }

  private detailString(column: Int32Array, row: number): string | null {
    const detail = this.events.detail[row]!;
    if (detail < 0) return null;
    const id = column[detail]!;
    return id < 0 ? null : this.capture.symbols.string(id);
  }

  private detailError(row: number): number | null {
    const detail = this.events.detail[row]!;
    if (detail < 0) return null;
    const error = this.events.details.error[detail]!;
    return error === ABSENT ? null : error;
  }
}

/** All moments, in the order of the rows that show them within each kind of evidence. */
export function findMoments(capture: Capture, sites: StackSites): Moment[] {
  return new EvidenceFinder(capture, sites).find();
}
