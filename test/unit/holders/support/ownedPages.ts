/** Traces and page_owner dumps made by hand, with the same pages in both. */
import type { Capture } from '../../../../src/capture/eventTable';
import { openCapture } from '../../../../src/capture/openCapture';
import { atOnce } from '../../../../src/capture/turns';
import { analysisSteps } from '../../../../src/holders/analyseHolders';
import { dumpsFor, PageAllocations, type PageAllocation } from '../../../../src/holders/pageAllocations';
import { memorySource } from '../../support/traceText';

const FAULT = ['__handle_mm_fault', 'handle_mm_fault', 'do_user_addr_fault', 'asm_exc_page_fault'];

interface TracedEvent {
  /** ns in the trace's clock, a multiple of 1000. */
  readonly at: number;
  /** `comm-pid` */
  readonly task: string;
  readonly text: string;
  readonly stack?: readonly string[];
}

export interface OwnerRecord {
  readonly pfn: number;
  /** ns in page_owner's clock. */
  readonly at: number;
  readonly comm: string;
  readonly pid: number;
  readonly order?: number;
  readonly freedAt?: number;
  readonly migrated?: string;
  readonly stack?: readonly string[];
}

export const alloc = (at: number, task: string, pfn: number, order = 0, stack = FAULT): TracedEvent => ({
  at,
  task,
  text: `mm_page_alloc: page=00000000f00df00d pfn=0x${pfn.toString(16)} order=${order} migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE`,
  stack: ['__alloc_pages', '__folio_alloc', ...stack],
});

export const free = (at: number, task: string, pfn: number, order = 0): TracedEvent => ({
  at,
  task,
  text: `mm_page_free: page=00000000f00df00d pfn=0x${pfn.toString(16)} order=${order}`,
  stack: ['free_unref_page', 'do_exit'],
});

/** The page is named as the one that a CMA allocation could not move: a mark. */
export const failed = (at: number, pfn: number, task = 'cma-alloc-90'): TracedEvent => ({
  at,
  task,
  text: `test_pages_isolated: start_pfn=0x${pfn.toString(16)} end_pfn=0x${(pfn + 4).toString(16)} fin_pfn=0x${pfn.toString(16)} ret=fail`,
  stack: ['alloc_contig_range', 'cma_alloc'],
});

export async function traceOf(events: readonly TracedEvent[]): Promise<Capture> {
  const stamp = ({ at, task }: TracedEvent): string =>
    `${task.padStart(20)}      [000] ...2.  ${(at / 1e9).toFixed(6).padStart(11)}: `;
  const lines = events.flatMap((event) => [
    stamp(event) + event.text,
    ...(event.stack === undefined
      ? []
      : [`${stamp(event)}<stack trace>`, ...event.stack.map((frame) => ` => ${frame}`)]),
  ]);
  return read('trace.txt', ['# tracer: nop', '#', ...lines, ''].join('\n'));
}

export async function dumpOf(records: readonly OwnerRecord[]): Promise<Capture> {
  const text = records.map(ownerText).join('\n');
  return read('page_owner.txt', text);
}

function ownerText({
  pfn,
  at,
  comm,
  pid,
  order = 0,
  freedAt = 0,
  migrated,
  stack = FAULT,
}: OwnerRecord): string {
  return [
    `Page allocated via order ${order}, mask 0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), pid ${pid}, tgid ${pid} (${comm}), ts ${at} ns, free_ts ${freedAt} ns`,
    `PFN ${pfn} type Movable Block ${pfn >> 9} type CMA Flags 0x40000000000a0014(uptodate|lru|mappedtodisk|swapbacked|zone=1)`,
    ...['get_page_from_freelist', '__alloc_pages', '__folio_alloc', ...stack].map(
      (name) => ` ${name}+0x12/0x34`,
    ),
    ...(migrated === undefined ? [] : [`Page has been migrated, last migrate reason: ${migrated}`]),
    '',
  ].join('\n');
}

/** The allocations of the first page that failed to move. */
export function allocationsOf(trace: Capture, dumps: readonly Capture[]): readonly PageAllocation[] {
  const { analysis, analyser } = atOnce(analysisSteps(trace));
  const all = [trace, ...dumps].map((capture, index) => ({ id: `c${index}`, capture }));
  const [page] = analysis.pages;
  if (page === undefined) throw new Error('no page failed to move');
  return new PageAllocations(trace, analyser, dumpsFor(trace, all)).of(page);
}

function read(name: string, text: string): Promise<Capture> {
  return openCapture(memorySource(name, new TextEncoder().encode(text)));
}
