/** What each open capture is, says of itself and lacks, and what the kernel tree knows, as rows of a tree. */
import type { Capture } from '../capture/eventTable';
import type { Page } from '../holders/model';
import { allocationsText } from './allocationsText';
import { saysAllocationsAlone } from './allocationsAlone';
import { lacksStacks, recordStacks } from './captureDoubts';
import type { SymbolLookup } from './captureFunctions';
import { baseName } from './distinctNames';
import { missingRows } from './doubtRows';
import type { FileChange } from './fileState';
import { copiesText, gapSpan, gapText } from './gapText';
import { timeSpan } from './heldTime';
import type { HolderSource } from './holderSource';
import { filterWords, type HolderFilter } from './holdersQuery';
import { failedText } from './triedAtAll';
import { counted, failedPages, joined, pagesText, percentText, sentence } from './wording';
import { branch, type Branch } from './lazyTree';
import type { CaptureFacts, KernelTreeFacts, RowFile, RuleFacts, Tooltip } from './protocol';
import { pointText, spanText } from './timeText';

/** @param notes what other open files say of the capture */
export function captureRow(
  { id, name, facts, capture }: Pick<HolderSource, 'id' | 'name' | 'facts' | 'capture'>,
  expanded: boolean,
  notes: readonly Branch[],
): Branch {
  const span = timeSpan(capture);
  return branch(
    {
      id,
      kind: 'capture',
      mood: facts.lost > 0 || facts.gaps > 0 || facts.changed !== null ? 'doubt' : 'plain',
      label: name,
      description: captureDescription(facts, capture),
      tooltip: { title: facts.path, rows: capture.facts, notes: [] },
      expanded,
      file: captureFile(facts),
    },
    () => [
      ...stateRows(facts),
      pagesRow(facts, capture),
      ...notes,
      ...missingRows(id, capture),
      spanRow(id, capture, span),
      ...(saysAllocationsAlone(facts) ? [] : [eventsRow(id, capture), ...stacksRow(id, capture)]),
      ...gapsRow(id, capture),
      ...problemsRow(id, capture),
      ...headerRow(id, capture),
    ],
  );
}

const BINARY: ReadonlySet<string> = new Set(['trace-dat', 'perf-data']);

export function captureFile({ path, format }: CaptureFacts): RowFile {
  return { path, isText: !BINARY.has(format) && !/\.(?:gz|xz|zst)$/i.test(path) };
}

/** As people call it: `trace.dat`, `perf script`. */
export function formatName(slug: string): string {
  return FORMAT_NAMES.get(slug) ?? slug;
}

const FORMAT_NAMES: ReadonlyMap<string, string> = new Map([
  ['trace-dat', 'trace.dat'],
  ['trace-cmd-report', 'trace-cmd report'],
  ['perf-data', 'perf.data'],
  ['perf-script', 'perf script'],
  ['page-owner', 'page_owner'],
  ['page-pinner', 'page_pinner'],
]);

/** `ftrace · 294 events · 8.63 s`, and before it what makes that not the whole truth. */
export function captureDescription(facts: CaptureFacts, capture: Capture): string {
  const span = timeSpan(capture);
  // One moment has no length.
  const length =
    span === null || span.first === span.last ? '' : ` · ${spanText(span.last - span.first, capture.clock)}`;
  const part = facts.part < 1 ? `${percentText(facts.part)} read · ` : '';
  const readTo = capture.stoppedAt === undefined ? '' : `read to ${percentText(capture.stoppedAt)} · `;
  const changed = facts.changed === null ? '' : `${CHANGE_TEXTS[facts.changed.kind]} · `;
  const events = facts.pageEvents === 0 && facts.allocations > 0 ? '' : ` · ${eventsText(facts, capture)}`;
  return `${part}${readTo}${changed}${formatName(facts.format)}${events}${length}`;
}

function eventsText({ events }: CaptureFacts, capture: Capture): string {
  const copies = copiesText(capture);
  return `${counted(events, 'event')}${copies === '' ? '' : ` (${copies})`}`;
}

const CHANGE_TEXTS: Readonly<Record<FileChange['kind'], string>> = {
  changed: 'changed since it was read',
  gone: 'deleted or moved since it was read',
  unknown: 'file cannot be looked at any more',
};

/** That the capture is being read, or that its file is not what was read. */
function stateRows(facts: CaptureFacts): readonly Branch[] {
  const { id, part, changed } = facts;
  const rows: Branch[] = [];
  if (part < 1) {
    rows.push(
      branch({ id: `${id}/part`, kind: 'note', label: `${percentText(part)} of the file read so far` }),
    );
  }
  if (changed !== null) {
    const label = `The file ${changed.text} since it was read`;
    const description =
      changed.kind === 'gone' ? 'what was read of it is kept' : 'Refresh reads what is there now';
    rows.push(branch({ id: `${id}/changed`, kind: 'note', mood: 'doubt', label, description }));
  }
  return rows;
}

/**
 * The row of the kernel tree; without one it says what it is for.
 *
 * @param doubts what speaks against its being that of the captures
 * @param refusal why the folder that was chosen is none; empty when none was chosen
 */
export function kernelTreeRow(
  tree: KernelTreeFacts | null,
  symbols: SymbolLookup | null,
  doubts: readonly string[],
  refusal = '',
): Branch {
  const id = 'kernel-tree';
  if (tree === null) {
    return branch({
      id,
      kind: 'fact',
      mood: 'doubt',
      label: 'No kernel tree',
      description: refusal === '' ? 'choose the source of the traced kernel' : 'what is chosen is none',
      tooltip: {
        title: refusal === '' ? 'No kernel tree is chosen' : refusal,
        rows: [],
        notes: [
          'Open the folder of the kernel that made the capture, or choose it with the button on this row.',
        ],
      },
    });
  }
  const unknown = symbols?.unknown ?? [];
  return branch(
    {
      id,
      kind: 'fact',
      mood: unknown.length + doubts.length > 0 ? 'doubt' : 'plain',
      label: `Kernel tree ${baseName(tree.root)}`,
      description: `${tree.version ?? 'version unknown'}${doubts.length > 0 ? ', not the version of the kernel' : ''}${foundFunctions(symbols)}`,
      tooltip: {
        title: tree.root,
        rows: [['Version', tree.version ?? 'not in its Makefile'], ...tree.helps],
        notes: [],
      },
      file: { path: tree.root, isText: false },
    },
    unknown.length + doubts.length === 0
      ? null
      : () => [
          ...doubts.map((doubt, index) => treeDoubtRow(`${id}/doubt${index}`, sentence(doubt))),
          ...linksOutRow(`${id}/links`, symbols?.linksOut ?? ''),
          ...unknown.map((name) =>
            branch({
              id: `${id}/${name}`,
              kind: 'fact',
              mood: 'doubt',
              label: name,
              description: 'not found',
            }),
          ),
        ],
  );
}

/** Of captures without stacks no function is looked up: `0 of 0` would be no answer. */
function foundFunctions(symbols: SymbolLookup | null): string {
  if (symbols === null) return ' · functions not looked up yet';
  const { asked, unknown } = symbols;
  return asked === 0 ? '' : ` · ${asked - unknown.length} of ${asked} functions found`;
}

function treeDoubtRow(id: string, label: string): Branch {
  return branch({ id, kind: 'note', mood: 'doubt', label, tooltip: { title: label, rows: [], notes: [] } });
}

function linksOutRow(id: string, text: string): readonly Branch[] {
  if (text === '') return [];
  const tooltip = { title: 'A link is not followed', rows: [], notes: [text] };
  return [branch({ id, kind: 'note', mood: 'doubt', label: text, tooltip })];
}

/** What rules of a person are in use, and what is wrong with them; no row without any. */
export function kindRulesRow({ sources, problems, isTreeWithheld }: RuleFacts): readonly Branch[] {
  const withheld = isTreeWithheld ? [withheldRulesRow()] : [];
  if (sources.length === 0 && problems.length === 0) return withheld;
  const id = 'kind-rules';
  const total = sources.reduce((sum, [, rules]) => sum + rules, 0);
  return [
    branch(
      {
        id,
        kind: 'fact',
        mood: problems.length > 0 ? 'doubt' : 'plain',
        label: `${counted(total, 'rule')} of your own`,
        description: [
          ...sources.map(([source, rules]) => `${rules} of ${source}`),
          ...(problems.length > 0 ? [`${counted(problems.length, 'mistake')} to mend`] : []),
        ].join(' · '),
      },
      problems.length === 0
        ? null
        : () =>
            problems.map((problem, index) =>
              branch({
                id: `${id}/${index}`,
                kind: 'fact',
                mood: 'doubt',
                label: problem,
                tooltip: { title: problem, rows: [], notes: [] },
              }),
            ),
    ),
    ...withheld,
  ];
}

function withheldRulesRow(): Branch {
  return branch({
    id: 'kind-rules-withheld',
    kind: 'fact',
    mood: 'doubt',
    label: 'Rules of the kernel tree are not read',
    description: 'its folder is not trusted',
    tooltip: {
      title: 'Rules of the kernel tree are not read',
      rows: [['File', '.page-holders.json']],
      notes: ['It decides what references are said to be for. It is read once the workspace is trusted.'],
    },
  });
}

function pagesRow(facts: CaptureFacts, { allocations }: Capture): Branch {
  const { id } = facts;
  if (facts.pageEvents === 0 && facts.allocations > 0 && allocations !== null) {
    return branch({ id: `${id}/pages`, kind: 'fact', label: allocationsText(allocations) });
  }
  const reasons = facts.reasonTexts.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return branch({
    id: `${id}/pages`,
    kind: 'fact',
    label: `${failedText(facts)}${facts.part < 1 ? ' so far' : ''}`,
    description: reasons,
  });
}

function spanRow(id: string, capture: Capture, span: ReturnType<typeof timeSpan>): Branch {
  const { timeBase, clock, resolution } = capture;
  if (span === null) return branch({ id: `${id}/span`, kind: 'fact', label: 'No times in the capture' });
  const point = (time: number): string => pointText(time, timeBase, clock, resolution);
  return branch({
    id: `${id}/span`,
    kind: 'fact',
    label: `Span ${spanText(span.last - span.first, clock)}`,
    description: `${point(span.first)} to ${point(span.last)}`,
  });
}

function eventsRow(id: string, capture: Capture): Branch {
  const others = [...capture.otherEvents].sort(([, one], [, other]) => other - one);
  const unused = others.reduce((sum, [, count]) => sum + count, 0);
  return branch(
    {
      id: `${id}/events`,
      kind: 'fact',
      label: counted(capture.events.length, 'event'),
      description: joined([unused === 0 ? '' : `${unused} not used`, copiesText(capture)]),
      ...copiesTooltip(capture),
    },
    others.length === 0
      ? null
      : () =>
          others.map(([name, count]) =>
            branch({
              id: `${id}/events/${name}`,
              kind: 'fact',
              label: name,
              description: `${count}, not used`,
            }),
          ),
  );
}

function copiesTooltip(capture: Capture): { readonly tooltip?: Tooltip } {
  const copies = copiesText(capture);
  if (copies === '') return {};
  const note =
    'Several ring buffers recorded the same event: it is one here, and its get or put counts once.';
  return { tooltip: { title: sentence(copies), rows: [], notes: [note] } };
}

function stacksRow(id: string, capture: Capture): readonly Branch[] {
  const { stackRecords, orphanStacks, symbols, format } = capture;
  // What is missing then is said above, with what follows from that.
  if (stackRecords === 0 && lacksStacks(capture)) return [];
  return [
    branch({
      id: `${id}/stacks`,
      kind: 'fact',
      mood: stackRecords === 0 ? 'doubt' : 'plain',
      label: stackRecords === 0 ? 'No stacks: holders cannot be named' : counted(stackRecords, 'stack'),
      description: joined([
        // Nobody records a kernel log.
        stackRecords === 0 && format !== 'dmesg' ? recordStacks(capture) : null,
        stackRecords > 0 ? `${symbols.stackCount} different` : null,
        orphanStacks > 0 ? `${orphanStacks} without their event` : null,
      ]),
    }),
  ];
}

function gapsRow(id: string, capture: Capture): readonly Branch[] {
  const { gaps } = capture;
  if (gaps.length === 0) return [];
  return [
    branch({ id: `${id}/gaps`, kind: 'fact', mood: 'doubt', label: counted(gaps.length, 'gap') }, () =>
      gaps.map((gap, index) =>
        branch({
          id: `${id}/gaps/${index}`,
          kind: 'fact',
          mood: 'doubt',
          label: gapText(gap),
          description: gapSpan(gap, capture),
        }),
      ),
    ),
  ];
}

function problemsRow(id: string, capture: Capture): readonly Branch[] {
  const { problems, problemCount } = capture;
  if (problemCount === 0) return [];
  const shown = problems.length < problemCount ? `the first ${problems.length} are listed` : '';
  return [
    branch(
      {
        id: `${id}/problems`,
        kind: 'fact',
        mood: 'doubt',
        label: `${counted(problemCount, 'place')} could not be read`,
        description: shown,
      },
      () =>
        problems.map((problem, index) =>
          branch({
            id: `${id}/problems/${index}`,
            kind: 'problem',
            mood: 'doubt',
            label: `${problem.line === null ? '' : `Line ${problem.line}: `}${problem.message}`,
            description: `byte ${problem.offset}`,
            tooltip: { title: problem.message, rows: [], notes: [] },
            captureLine: problem.line,
          }),
        ),
    ),
  ];
}

function headerRow(id: string, capture: Capture): readonly Branch[] {
  if (capture.facts.length === 0) return [];
  return [
    branch({ id: `${id}/header`, kind: 'fact', label: 'Header' }, () =>
      capture.facts.map(([name, value], index) =>
        branch({ id: `${id}/header/${index}`, kind: 'fact', label: name, description: value }),
      ),
    ),
  ];
}

/** `2 pages failed to move, 1 held`; `1 of 2 pages that failed to move (filter: GUP pin, held)`. */
export function captureSays(
  facts: CaptureFacts,
  capture: Capture,
  shown: readonly Page[],
  filter: HolderFilter,
): string {
  if (saysAllocationsAlone(facts)) return allocationsText(capture.allocations!);
  // Allocations of a trace are those of its pages, and none of them is left out.
  const words = filterWords({ ...filter, minPages: 0 });
  if (words.length === 0 || facts.pages === 0) return failedText(facts);
  return `${shown.length} of ${foundPagesText(facts)} (filter: ${words.join(', ')})`;
}

/** `2 pages that failed to move`, `2 pages that failed to move or were poisoned` */
function foundPagesText(facts: CaptureFacts): string {
  if (facts.poisoned.pages === 0) return `${pagesText(facts)} that failed to move`;
  if (failedPages(facts).pages === 0) return counted(facts.pages, 'poisoned page');
  return `${pagesText(facts)} that failed to move or were poisoned`;
}
