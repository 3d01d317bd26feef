/**
 * One recording in several formats gives one answer: pages, marks, kinds, roles, weights, tasks, times and stacks of
 * `report --format json`, by the built command line. What a format does not hold is left out by name, with the reason.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Report, ReportEnd, ReportEvent, ReportPage, ReportTask } from '../../../src/engine/report';
import { FIXTURES, SHARED } from '../capture/support/sources';
import { runCli } from '../cli/support/runCli';

/** What a format cannot say, each with what its answer lacks because of it. */
interface Lack {
  readonly why: string;
  /** Names of tasks are cut to this many characters. */
  readonly comm?: number;
  /** Finest step of a time, in ns; 1000 unless told. */
  readonly step?: number;
  /** Frames of a stack beyond the first so many are missing. */
  readonly frames?: number;
  /** No function has a name: only what counts and events alone say can agree. */
  readonly nameless?: true;
}

/** Formats that show less than the recording holds. Files that are not named here lack the ns of a time alone. */
const LACKS: Readonly<Record<string, Lack>> = {
  'trace.dat': { why: 'ns', step: 1 },
  'trace-v6.dat.gz': { why: 'ns', step: 1 },
  'report-ns.txt': { why: 'printed with -t: ns', step: 1 },
  'perf.data': {
    why: 'holds addresses alone, and the kallsyms of its boot are not beside it',
    nameless: true,
  },
  'multi.perf.data.gz': { why: 'holds addresses alone, and is read without its kallsyms', nameless: true },
  'kmem-pipe.perf.data.gz': { why: 'holds addresses alone', nameless: true },
  'kmem-zstd.perf.data.gz': { why: 'holds addresses alone', nameless: true },
  'report-latency.txt': { why: 'the latency format prints 8 characters of a comm', comm: 8 },
  'report-noplugins.txt': {
    why: 'without plugins the print format of kernel_stack is used: 8 frames',
    frames: 8,
  },
  'report-raw.txt': { why: 'raw fields (-R): stacks are addresses in hexadecimal dumps', nameless: true },
};
const NAMED: Lack = { why: 'perf.data with the kallsyms of its boot', step: 1 };
const PLAIN: Lack = { why: 'text prints microseconds' };

/** Files of one recording, by folder. The first is compared with each other one. */
const SAME_RECORDING: readonly (readonly string[])[] = [
  [
    'trace.dat',
    'trace-v6.dat.gz',
    'report.txt',
    'report-ns.txt',
    'report-offset.txt',
    'report-tsdiff.txt',
    'report-latency.txt',
    'report-noplugins.txt',
    'report-raw.txt',
  ],
  ['perf-symoff.txt', 'perf.txt', 'perf-header.txt', 'perf.data'],
];
const OTHER_NAMES = [
  ['f_perf/perf.txt', 'perf/multi.perf.data'],
  ['perf/kmem-pipe.txt', 'perf/kmem-pipe.perf.data'],
  ['perf/kmem-zstd.txt', 'perf/kmem-zstd.perf.data'],
];

/** Recordings of addresses alone, each with the symbol file that names them. */
const WITH_KALLSYMS = [
  [
    `${FIXTURES}/f_perf/perf.txt.gz`,
    `${FIXTURES}/perf/multi.perf.data.gz`,
    `${FIXTURES}/perf/multi.kallsyms.gz`,
  ],
  [
    `${SHARED}/f_perf/perf.txt`,
    `${SHARED}/f_perf/perf.data`,
    `${path.dirname(SHARED)}/kernel/boots/kaslr-320M/kallsyms.gz`,
  ],
] as const;

interface Pair {
  readonly first: string;
  readonly second: string;
  /** Given to the command line beside the second. */
  readonly kallsyms?: string;
}

const lackOf = (file: string): Lack =>
  LACKS[path.basename(file)] ?? LACKS[path.basename(file, '.gz')] ?? PLAIN;

function pairsBelow(folder: string): Pair[] {
  if (!existsSync(folder)) return [];
  const there = (name: string): string[] =>
    [name, `${name}.gz`].map((file) => path.join(folder, file)).filter((file) => existsSync(file));
  const recordings = readdirSync(folder).flatMap((name) =>
    SAME_RECORDING.map((files) => files.flatMap((file) => there(path.join(name, file)))),
  );
  return [...recordings, ...OTHER_NAMES.map((files) => files.flatMap(there))].flatMap(([first, ...others]) =>
    first === undefined ? [] : others.map((second) => ({ first, second })),
  );
}

const reports = new Map<string, Promise<Report>>();

function reportOf(...files: string[]): Promise<Report> {
  const key = files.join(' ');
  let report = reports.get(key);
  if (!report) {
    report = runCli(['report', '--format', 'json', ...files]).then(({ status, output, errors }) => {
      assert.equal(status, 0, errors);
      return JSON.parse(output) as Report;
    });
    reports.set(key, report);
  }
  return report;
}

/** What is compared of one recording: times rounded to the coarser step, all else as printed. */
class Comparison {
  private readonly comm: number;
  private readonly step: number;
  private readonly frames: number;

  constructor(lacks: readonly Lack[]) {
    this.comm = Math.min(...lacks.map(({ comm = Infinity }) => comm));
    this.step = Math.max(...lacks.map(({ step = 1000 }) => step));
    this.frames = Math.min(...lacks.map(({ frames = Infinity }) => frames));
  }

  page({ pfn, order, marks, references }: ReportPage): unknown {
    return {
      pfn,
      order,
      marks: marks.map((mark) => ({
        ...mark,
        task: this.task(mark.task),
        timeNs: null,
        lastTimeNs: null,
        // trace.dat names the kernel that it was recorded on, its text does not.
        notes: mark.notes.filter((note) => !note.startsWith('the capture does not name its kernel')),
        evidence: mark.evidence.map((event) => this.event(event)),
      })),
      references: references.map(({ acquired, released, holder, ...rest }) => ({
        ...rest,
        holder: this.holder(holder),
        acquired: this.end(acquired),
        released: this.end(released),
        events: rest.events.map((event) => this.event(event)),
      })),
    };
  }

  /** Text rounds a time or cuts it off, so that either of the nearest steps is right. */
  assertTimes(first: ReportPage, second: ReportPage, where: string): void {
    const times = ({ marks, references }: ReportPage): (string | null)[] => [
      ...marks.flatMap(({ timeNs, lastTimeNs, evidence }) => [
        timeNs,
        lastTimeNs,
        ...evidence.map((event) => event.timeNs),
      ]),
      ...references.flatMap(({ acquired, released, events }) => [
        acquired?.timeNs ?? null,
        released?.timeNs ?? null,
        ...events.map((event) => event.timeNs),
      ]),
    ];
    const others = times(second);
    for (const [i, time] of times(first).entries()) {
      const other = others[i] ?? null;
      assert.equal(time === null, other === null, where);
      if (time === null || other === null) continue;
      const apart = BigInt(time) - BigInt(other);
      const limit = this.step === 1 ? 0n : BigInt(this.step);
      assert.ok(apart <= limit && apart >= -limit, `${where}: ${time} and ${other}`);
    }
  }

  private task(task: ReportTask | null): ReportTask | null {
    return task && { pid: task.pid, comm: task.comm.slice(0, this.comm) };
  }

  /** Where it stands in the file is the file's own. */
  private event(event: ReportEvent): unknown {
    return { ...event, task: this.task(event.task), timeNs: null, offset: null };
  }

  private end(end: ReportEnd | null): unknown {
    if (!end) return null;
    const functions = end.stack.map((frame) => frame.function);
    return { task: this.task(end.task), stack: functions.slice(0, this.frames) };
  }

  /** `pipe buffer · vmsplice · pipe-reader-235`: the name of the task is cut where the format cuts it. */
  private holder(holder: string): string {
    if (this.comm === Infinity) return holder;
    return holder
      .split(' · ')
      .map((part) =>
        part.replace(/^(.*)-(\d+)$/, (_, comm: string, pid: string) => `${comm.slice(0, this.comm)}-${pid}`),
      )
      .join(' · ');
  }
}

function assertSamePages(first: Report, second: Report, comparison: Comparison): void {
  const pfns = (report: Report): string[] => report.pages.map(({ pfn }) => pfn);
  assert.deepEqual(pfns(second), pfns(first));
  for (const [i, page] of first.pages.entries()) {
    const other = second.pages[i]!;
    assert.deepEqual(comparison.page(other), comparison.page(page), page.pfn);
    comparison.assertTimes(page, other, page.pfn);
  }
}

/**
 * Without names nothing says who holds a page and where it was refused: of the marks that are left, each stands at
 * an event by which the named form tells of that page too, and the count and task there are the same.
 */
function assertNamelessPart(named: Report, nameless: Report): void {
  for (const page of nameless.pages) {
    const other = named.pages.find(({ pfn }) => pfn === page.pfn);
    assert.ok(other, `${page.pfn} is in both`);
    assert.equal(page.order, other.order);
    for (const mark of page.marks) {
      assert.equal(mark.held, null, 'nothing is claimed of holders');
      assert.ok(
        other.marks.some(
          ({ reason, task, count }) =>
            reason === mark.reason && task?.pid === mark.task?.pid && count === mark.count,
        ),
        `${page.pfn} at ${mark.timeNs}`,
      );
    }
    for (const reference of page.references) {
      assert.ok(reference.role !== 'held' && reference.kind === 'unknown');
    }
  }
}

async function assertAgree({ first, second, kallsyms }: Pair): Promise<void> {
  const [a, b] = [
    await reportOf(first),
    await reportOf(second, ...(kallsyms === undefined ? [] : [kallsyms])),
  ];
  const [one] = a.captures;
  const [other] = b.captures;
  assert.ok(one && other);
  const lacks = [lackOf(first), kallsyms === undefined ? lackOf(second) : NAMED];
  // A text has what several buffers recorded of one event as often.
  assert.equal(other.events + (other.copiesLeftOut ?? 0), one.events + (one.copiesLeftOut ?? 0));
  assert.equal(other.lost, one.lost);
  const comparison = new Comparison(lacks);
  if (lacks.some(({ nameless }) => nameless)) {
    assertNamelessPart(a, b);
    return;
  }
  assert.equal(other.stacks, one.stacks);
  assertSamePages(a, b, comparison);
}

const shipped = pairsBelow(FIXTURES);
const shared = pairsBelow(SHARED);

test('recordings in several formats ship with the tests', () => {
  assert.ok(shipped.length >= 15, `only ${shipped.length}`);
});

for (const pair of shipped) {
  test(`${pair.second} agrees with ${pair.first}: ${lackOf(pair.second).why}`, () => assertAgree(pair));
}

test('recordings beside the repository', async (context) => {
  if (shared.length === 0) {
    context.skip(`no ${SHARED} here: those in ${FIXTURES} were compared`);
    return;
  }
  for (const pair of shared) {
    await context.test(`${pair.second} agrees with ${pair.first}: ${lackOf(pair.second).why}`, () =>
      assertAgree(pair),
    );
  }
});

for (const [first, second, kallsyms] of WITH_KALLSYMS) {
  const missing = [first, second, kallsyms].find((file) => !existsSync(file));
  const skip = missing === undefined ? false : `no ${missing} here`;
  test(`${second} with ${kallsyms} agrees with ${first}`, { skip }, async () => {
    await assertAgree({ first, second, kallsyms });
    const { pages } = await reportOf(second, kallsyms);
    assert.ok(
      pages.some((page) => page.references.some(({ role, kind }) => role === 'held' && kind !== 'unknown')),
    );
  });
}
