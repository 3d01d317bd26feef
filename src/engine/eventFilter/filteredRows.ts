/** The rows that filters leave of one capture, found in turns and kept for as many filters as one switches between. */
import { inTurns, ROWS_A_STEP } from '../../capture/turns';
import { CancelledError } from '../errors';
import { pauseFor } from '../turns';
import { compileFilter, unanswerable, type FilteredCapture } from './compileFilter';
import { parseFilter, type FilterExpression, type FilterProblem } from './filterSyntax';

/** Rows in the order of the capture: all of them, or those of a list. */
export interface RowList {
  readonly length: number;
  /** The row at a place of the list. */
  at(index: number): number;
  /** The place of the first row of the list that is not before `row`; the length where there is none. */
  indexOf(row: number): number;
  /** The rows themselves; null for all rows. */
  readonly rows: Int32Array | null;
}

type Filtering =
  | { readonly rows: RowList; readonly problem: null }
  /** What cannot be understood leaves nothing out. */
  | { readonly rows: RowList; readonly problem: FilterProblem };

interface Work {
  readonly answer: Promise<RowList>;
  readonly controller: AbortController;
  waiting: number;
}

const KEPT_FILTERS = 8;

export class FilteredRows {
  private readonly known = new Map<string, RowList>();
  private readonly underWay = new Map<string, Work>();
  /** What no filter leaves out. */
  readonly all: RowList;

  constructor(private readonly given: FilteredCapture) {
    this.all = allRows(given.capture.events.length);
  }

  /**
   * The rows that a filter leaves. Who asks for a filter that is already at work waits for the same work, which ends
   * early when nobody waits any more.
   *
   * @throws CancelledError when the signal is aborted
   */
  async of(filter: string, signal?: AbortSignal): Promise<Filtering> {
    if (signal?.aborted === true) throw new CancelledError();
    const { expression, problem } = parseFilter(filter);
    if (problem !== null) return { rows: this.all, problem };
    const unanswered = unanswerable(expression, this.given.capture);
    if (unanswered !== null) return { rows: this.all, problem: unanswered };
    const known = this.known.get(filter);
    if (known !== undefined) return { rows: known, problem: null };
    return { rows: await this.shared(filter, expression, signal), problem: null };
  }

  private async shared(
    filter: string,
    expression: FilterExpression,
    signal: AbortSignal | undefined,
  ): Promise<RowList> {
    const work = this.underWay.get(filter) ?? this.begin(filter, expression);
    work.waiting++;
    const leave = (): void => {
      work.waiting--;
      if (work.waiting > 0) return;
      this.underWay.delete(filter);
      work.controller.abort();
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      const rows = await work.answer;
      if (signal?.aborted === true) throw new CancelledError();
      return rows;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  private begin(filter: string, expression: FilterExpression): Work {
    const controller = new AbortController();
    const answer = this.find(filter, expression, controller.signal).finally(() => {
      if (this.underWay.get(filter) === work) this.underWay.delete(filter);
    });
    const work: Work = { answer, controller, waiting: 0 };
    this.underWay.set(filter, work);
    return work;
  }

  private async find(filter: string, expression: FilterExpression, signal: AbortSignal): Promise<RowList> {
    const test = compileFilter(expression, this.given);
    const rows =
      test === null
        ? this.all
        : listOf(await inTurns(matchingRows(this.given.capture.events.length, test), pauseFor(signal)));
    if (this.known.size >= KEPT_FILTERS) this.known.delete(this.known.keys().next().value!);
    this.known.set(filter, rows);
    return rows;
  }
}

function* matchingRows(length: number, test: (row: number) => boolean): Generator<void, Int32Array> {
  let rows = new Int32Array(1 << 10);
  let count = 0;
  for (let row = 0; row < length; row++) {
    if (row % ROWS_A_STEP === 0) yield;
    if (!test(row)) continue;
    if (count === rows.length) {
      const grown = new Int32Array(Math.min(length, count * 2));
      grown.set(rows);
      rows = grown;
    }
    rows[count++] = row;
  }
  return rows.slice(0, count);
}

function allRows(length: number): RowList {
  return { length, rows: null, at: (index) => index, indexOf: (row) => Math.min(row, length) };
}

function listOf(rows: Int32Array): RowList {
  return { length: rows.length, rows, at: (index) => rows[index]!, indexOf: (row) => lowerBound(rows, row) };
}

/** Index of the first element that is not below `value`, in ascending `sorted`. */
function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
