/**
 * Places of the kernel tree through which pages are held: functions and lines on the stacks of the references that
 * were held when pages failed to move, by file. The stacks are placed once, when the first file is asked for.
 */
import type { Capture } from '../capture/eventTable';
import { isPlumbing } from '../holders/kindRules';
import type { HolderAnalysis } from '../holders/model';
import type { Certainty } from '../source/location';
import type { DefinedFunction, SourceFile } from '../source/resolveStack';
import { stripSuffixes } from '../source/symbolName';
import { frameTarget, sureInlined, type PlacedFrame, type PlacedStacks } from './frames';
import { heldTimeText } from './heldTime';
import { totalsOf, type Holding } from './holdings';
import type { SourceLines } from './holdersQuery';
import { assumedText, heldReferences, kindsText } from './pageFacts';
import type { HeldFunction, HeldInCapture, HeldLine, HeldLines, HeldThrough, SourcePlace } from './protocol';
import { counted, joined } from './wording';

/** A capture that was read as a whole, with its stacks. */
export interface HeldSource {
  /** As it is called beside the others. */
  readonly name: string;
  readonly capture: Capture;
  readonly analysis: HolderAnalysis;
  readonly stacks: PlacedStacks;
  /** Last time of the capture. */
  readonly end: number;
}

/** A stack on which references were taken, or let go where no event shows that they were taken. */
interface HeldStack {
  readonly source: HeldSource;
  readonly stack: number;
  readonly holdings: Holding[];
}

/** A line that stacks go through. */
interface LineUse {
  certainty: Certainty;
  readonly function: string;
  readonly stacks: Set<HeldStack>;
}

/** Lines of a file with what goes through each. */
type FileUse = Map<number, LineUse>;

export class HeldPlaces {
  private files: Promise<ReadonlyMap<string, FileUse>> | null = null;

  constructor(private readonly sources: readonly HeldSource[]) {}

  /** Whether pages are held through a file at all; then its text is needed for {@link heldLines}. */
  async has(file: string): Promise<boolean> {
    return (await this.places()).has(file);
  }

  /** @param text the file, in which functions and lines are shown */
  async heldLines(file: string, text: SourceFile): Promise<HeldLines> {
    const uses = (await this.places()).get(file) ?? new Map<number, LineUse>();
    const lines = [...uses].sort(([one], [other]) => one - other);
    const functions = new Map<DefinedFunction, Set<HeldStack>>();
    for (const [line, { stacks }] of lines) {
      const defined = enclosing(text.functions, line);
      if (defined === undefined) continue;
      const all = functions.get(defined) ?? new Set();
      for (const stack of stacks) all.add(stack);
      functions.set(defined, all);
    }
    return {
      functions: [...functions].map(([defined, stacks]) => heldFunction(defined, text, stacks)),
      lines: lines
        // The line of a function as a whole has its lens.
        .filter(([, { certainty }]) => certainty !== 'function-only')
        .map(([line, use]) => heldLine(line, text, use)),
    };
  }

  /** Stacks of a capture that go through the lines. */
  async stacksThrough(capture: Capture, { file, first, last }: SourceLines): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    for (const [line, { stacks }] of (await this.places()).get(file) ?? []) {
      if (line < first || line > last) continue;
      for (const { source, stack } of stacks) if (source.capture === capture) found.add(stack);
    }
    return found;
  }

  private places(): Promise<ReadonlyMap<string, FileUse>> {
    if (this.files !== null) return this.files;
    const files = this.findPlaces();
    this.files = files;
    // Whoever asks again may have more luck.
    files.catch(() => {
      this.files = null;
    });
    return files;
  }

  private async findPlaces(): Promise<ReadonlyMap<string, FileUse>> {
    const files = new Map<string, FileUse>();
    for (const source of this.sources) {
      for (const held of heldStacks(source)) {
        const frames = await source.stacks.frames(held.stack);
        for (const frame of holderFrames(frames)) addFrame(files, frame, held);
      }
    }
    return files;
  }
}

function heldStacks(source: HeldSource): readonly HeldStack[] {
  const stacks = new Map<number, HeldStack>();
  for (const page of source.analysis.pages) {
    for (const reference of heldReferences(page)) {
      const stack = (reference.acquired ?? reference.released)?.stack ?? -1;
      if (stack < 0) continue;
      const known = stacks.get(stack);
      if (known === undefined) stacks.set(stack, { source, stack, holdings: [{ page, reference }] });
      else known.holdings.push({ page, reference });
    }
  }
  return [...stacks.values()];
}

/** Without the frames of the tracer and of reference counting, which all holders have. */
function holderFrames(frames: readonly PlacedFrame[]): readonly PlacedFrame[] {
  const first = frames.findIndex((frame) => !isPlumbing(stripSuffixes(frame.function)));
  return frames.slice(Math.max(0, first));
}

function addFrame(files: Map<string, FileUse>, frame: PlacedFrame, held: HeldStack): void {
  const { certainty, candidates } = frameTarget(frame);
  const inlined = sureInlined(frame).filter((place) => !isPlumbing(place.function));
  for (const place of candidates) addPlace(files, place, certainty, held);
  for (const { others = [], ...place } of inlined) {
    const sureness = others.length > 0 ? 'one-of-several' : certainty;
    for (const each of [place, ...others]) addPlace(files, each, sureness, held);
  }
}

function addPlace(
  files: Map<string, FileUse>,
  place: SourcePlace,
  certainty: Certainty,
  held: HeldStack,
): void {
  if (place.outside !== undefined) return;
  const lines: FileUse = files.get(place.file) ?? new Map<number, LineUse>();
  files.set(place.file, lines);
  const use = lines.get(place.line) ?? { certainty, function: place.function, stacks: new Set<HeldStack>() };
  lines.set(place.line, use);
  if (SURENESS[certainty] > SURENESS[use.certainty]) use.certainty = certainty;
  use.stacks.add(held);
}

/** One stack that goes through a line for sure makes it sure. */
const SURENESS: Readonly<Record<Certainty, number>> = {
  unknown: 0,
  'function-only': 1,
  'one-of-several': 2,
  'one-call-site': 3,
  exact: 4,
};

function enclosing(functions: readonly DefinedFunction[], line: number): DefinedFunction | undefined {
  return functions.findLast((each) => each.line <= line && line <= each.lastLine);
}

function heldFunction(
  { function: name, line, lastLine }: DefinedFunction,
  { lines }: SourceFile,
  stacks: Iterable<HeldStack>,
): HeldFunction {
  return { function: name, line, lastLine, text: lineText(lines, line), ...heldThrough(stacks) };
}

function heldLine(
  line: number,
  { lines }: SourceFile,
  { function: name, certainty, stacks }: LineUse,
): HeldLine {
  return { function: name, line, certainty, text: lineText(lines, line), ...heldThrough(stacks) };
}

function lineText(lines: readonly string[], line: number): string {
  return lines[line - 1]?.trim() ?? '';
}

function heldThrough(stacks: Iterable<HeldStack>): Omit<HeldThrough, 'text'> {
  const bySource = new Map<HeldSource, Holding[]>();
  for (const { source, holdings } of stacks) {
    const all = bySource.get(source) ?? [];
    for (const holding of holdings) all.push(holding);
    bySource.set(source, all);
  }
  const captures = [...bySource].map(([source, holdings]) => heldInCapture(source, holdings));
  return { label: labelOfAll(captures, [...bySource.values()].flat()), captures };
}

/**
 * The captures are not added up: two of them may be of one recording in two formats. Where they say the same, as these
 * do, it is said of each.
 */
function labelOfAll(captures: readonly HeldInCapture[], holdings: readonly Holding[]): string {
  const labels = new Set(captures.map(({ label }) => label));
  const [label = ''] = labels;
  const { length } = captures;
  if (length < 2) return label;
  if (labels.size === 1) return `${label} in each of ${length} captures`;
  return `${heldVerb(holdings)} pages in ${length} captures`;
}

function heldInCapture(source: HeldSource, holdings: readonly Holding[]): HeldInCapture {
  const { pages, attempts, stillHeld, longest, assumed } = totalsOf(holdings, source.end);
  const references = holdings.map(({ reference }) => reference);
  return {
    name: source.name,
    pages,
    attempts,
    label: joined([
      `${heldVerb(holdings)} ${counted(pages, 'page')}`,
      attempts === 0 ? null : counted(attempts, failedNoun(source, holdings)),
    ]),
    details: [
      [
        'References',
        joined([
          kindsText(references),
          stillHeld === 0 ? null : `${stillHeld} still held`,
          assumedText(assumed, references.length),
        ]),
      ],
      ...(longest === null ? [] : [['Held longest', heldTimeText(longest, source.capture.clock)] as const]),
    ],
  };
}

function heldVerb(holdings: readonly Holding[]): string {
  return holdings.every(({ reference }) => reference.acquired === null) ? 'let go of' : 'held';
}

/** `failed CMA allocation` where all that they blocked was of one sort. */
function failedNoun({ analysis }: HeldSource, holdings: readonly Holding[]): string {
  const names = new Set<string>();
  for (const { page, reference } of holdings) {
    for (const mark of reference.openAt) {
      const attempt = analysis.attempts[page.marks[mark]?.attempt ?? -1];
      if (attempt !== undefined) names.add(attempt.what);
    }
  }
  const [only] = names;
  return names.size === 1 && only === 'CMA allocation' ? 'failed CMA allocation' : 'failed attempt';
}
