/** Results of an analysis, made by hand: what a test does not name has a plain value. */
import type { Capture } from '../../../../src/capture/eventTable';
import { factsOf } from '../../../../src/engine/captureFacts';
import { PlacedStacks } from '../../../../src/engine/frames';
import type { HolderSource } from '../../../../src/engine/holderSource';
import { atOnce } from '../../../../src/capture/turns';
import { HolderAnalyser } from '../../../../src/holders/analyseHolders';
import type {
  Attempt,
  HolderAnalysis,
  Mark,
  Page,
  Reference,
  ReferenceEnd,
} from '../../../../src/holders/model';

export function page(marks: readonly Mark[], references: readonly Reference[]): Page {
  return { pfn: 0x12f98, order: 0, marks, references };
}

export function mark(given: Partial<Mark>): Mark {
  const row = given.row ?? 10;
  const lastRow = given.evidence?.at(-1)?.row ?? row;
  return {
    row,
    time: row * 1e6,
    lastRow,
    lastTime: lastRow * 1e6,
    reason: 'contig_range',
    dumpedBecause: null,
    source: 'isolation',
    error: null,
    task: 1,
    attempt: 0,
    tailPfns: [],
    cause: 'references',
    causeDetail: null,
    evidence: [{ row, source: 'isolation', what: 'named by test_pages_isolated' }],
    count: 2,
    expected: 1,
    held: 1,
    untraced: 0,
    expectedTerms: [{ kind: 'page-table', count: 1, label: '1 page table mapping' }],
    notes: [],
    ...given,
  };
}

export function attempt(given: Partial<Attempt>): Attempt {
  return {
    id: 0,
    what: 'CMA allocation',
    reason: 'contig_range',
    task: 1,
    firstRow: 10,
    lastRow: 10,
    area: null,
    requestedPages: null,
    range: null,
    retries: 0,
    migrateCalls: 0,
    migrated: 0,
    failed: 0,
    failedSteps: null,
    isOfUnnamedPage: false,
    result: null,
    resultText: null,
    error: null,
    ...given,
  };
}

export function reference(given: Partial<Reference>): Reference {
  return {
    kind: 'pipe-buffer',
    role: 'held',
    confidence: 'rule',
    weight: 1,
    holder: 'pipe buffer · vmsplice · pinner-210',
    site: 'vmsplice',
    acquired: end(1),
    released: null,
    deducedAcquire: [],
    repeats: 1,
    rows: [],
    releasedUnseen: false,
    openAt: [0],
    evidence: '',
    ...given,
  };
}

/** An end at a row; rows are a millisecond apart. */
export function end(row: number): ReferenceEnd {
  return { row, time: row * 1e6, task: 0, stack: -1 };
}

/** What the rows of a capture are made from, without events of its pages. */
export function source(
  capture: Capture,
  analysis: Partial<HolderAnalysis>,
  stacks = new PlacedStacks(capture, null),
): HolderSource {
  const found = {
    capture,
    analysis: { attempts: [], pages: [], unreleased: [], pinned: [], ...analysis },
    part: 1,
  };
  return {
    ...found,
    id: 'c1',
    name: 'trace.txt',
    facts: factsOf('c1', { ...found, analyser: atOnce(HolderAnalyser.of(capture)) }),
    additions: { notes: () => [], rows: () => [], tellsOfTraces: () => false },
    stacks,
    eventsOf: () => [],
    pageOf: () => null,
    through: null,
  };
}
