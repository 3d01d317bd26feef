/** What stands at the head of the capture editor: kernel, span, events, what is missing, symbols. */
import type { Capture } from '../capture/eventTable';
import { groupAllocations } from '../holders/allocationGroups';
import { allocationsText } from './allocationsText';
import { saysAllocationsAlone } from './allocationsAlone';
import { recordStacks, STACKS_WITHOUT_FIELDS } from './captureDoubts';
import type { HeaderFact, TimeRange } from './eventProtocol';
import { formatName } from './captureTree';
import { copiesText, gapSpan, gapText, isLostAtLeast } from './gapText';
import type { CaptureFacts } from './protocol';
import { areSymbolsDoubtful, symbolsDetails, symbolsText, type SymbolsInUse } from './symbolsInUse';
import { pointText, spanText } from './timeText';
import { failedText } from './triedAtAll';
import { counted, joined, numberText, percentText, sentence } from './wording';

/** Longer lists are in the Captures view. */
const MOST_DETAILS = 10;

export function headerFacts(
  facts: CaptureFacts,
  capture: Capture,
  span: TimeRange | null,
  symbols: SymbolsInUse,
): readonly HeaderFact[] {
  const ofAllocations = saysAllocationsAlone(facts);
  return [
    ...changedFact(facts),
    kernelFact(facts, capture),
    ...(ofAllocations && span === null ? [] : [spanFact(capture, span)]),
    ...(ofAllocations && facts.events === 0 ? [] : [eventsFact(facts, capture)]),
    ...lostFact(capture, ofAllocations),
    ...(ofAllocations ? [allocationsFact(facts, capture)] : [stacksFact(capture)]),
    symbolsFact(capture, symbols),
    ...problemsFact(capture),
    ...(ofAllocations ? [] : [pagesFact(facts)]),
  ];
}

function fact(name: string, value: string, details: readonly string[] = [], isDoubt = false): HeaderFact {
  const more = details.length - MOST_DETAILS;
  const shown = more > 0 ? [...details.slice(0, MOST_DETAILS), `and ${more} more`] : details;
  return { name, value, details: shown, isDoubt, isOfHolders: false };
}

function changedFact({ changed }: CaptureFacts): readonly HeaderFact[] {
  if (changed === null) return [];
  const advice =
    changed.kind === 'gone'
      ? 'What was read of it is kept here until it is closed.'
      : 'Refresh in the Holders view reads it again.';
  return [fact('File', `${changed.text} since it was read`, [advice], true)];
}

function kernelFact({ format }: CaptureFacts, { facts, kernel }: Capture): HeaderFact {
  const details = facts.map(([name, value]) => `${name}: ${value}`);
  return fact('Kernel', joined([kernel?.release ?? 'not said by the capture', formatName(format)]), details);
}

function spanFact({ timeBase, clock, resolution }: Capture, span: TimeRange | null): HeaderFact {
  if (span === null) return fact('Span', 'no times');
  const point = (time: number): string => pointText(time, timeBase, clock, resolution);
  return fact('Span', spanText(span.to - span.from, clock), [`${point(span.from)} to ${point(span.to)}`]);
}

function eventsFact({ events, pageEvents, part }: CaptureFacts, capture: Capture): HeaderFact {
  const { otherEvents, stoppedAt } = capture;
  const others = [...otherEvents]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${counted(count, 'event')} of ${name}, not used`);
  const soFar = part < 1 ? ` (${percentText(part)} read)` : '';
  const readTo = stoppedAt === undefined ? '' : ` (read to ${percentText(stoppedAt)})`;
  const copies = copiesText(capture);
  const details = [
    `${counted(pageEvents, 'event')} of pages or of moving them`,
    ...(copies === '' ? [] : [`${copies}, as several buffers recorded the same events`]),
    ...others,
  ];
  return fact('Events', `${numberText(events)}${soFar}${readTo}`, details, stoppedAt !== undefined);
}

/** Of a dump of allocations, from which no event can be lost, only if some are all the same. */
function lostFact(capture: Capture, ofAllocations: boolean): readonly HeaderFact[] {
  const gaps = capture.gaps.filter(({ cause }) => cause !== 'started');
  if (gaps.length === 0 && capture.lost === 0) return ofAllocations ? [] : [fact('Lost', 'none')];
  const isCounted = !isLostAtLeast({ gaps });
  const lost = capture.lost === 0 && !isCounted ? 'unknown number' : counted(capture.lost, 'event');
  return [
    fact(
      'Lost',
      joined([isCounted || capture.lost === 0 ? lost : `${lost} or more`, counted(gaps.length, 'gap')]),
      gaps.map((gap) => joined([gapText(gap), gapSpan(gap, capture)])),
      true,
    ),
  ];
}

function stacksFact(capture: Capture): HeaderFact {
  const { stackRecords, orphanStacks, symbols, unprintedStacks } = capture;
  if (stackRecords === 0) {
    const advice = unprintedStacks === undefined ? recordStacks(capture) : STACKS_WITHOUT_FIELDS;
    const details = advice === '' ? [] : [`${sentence(advice)}.`];
    return fact('Stacks', 'none: holders cannot be named', details, true);
  }
  const details = [
    `${counted(stackRecords, 'stack')}, ${symbols.stackCount} different`,
    `${counted(symbols.frameCount, 'frame')} in them`,
    ...(orphanStacks > 0 ? [`${orphanStacks} without their event`] : []),
  ];
  return fact('Stacks', `${numberText(symbols.stackCount)} different`, details);
}

/** In place of events, of which a dump of allocations has none, and of what they would tell. */
function allocationsFact({ part }: CaptureFacts, { allocations }: Capture): HeaderFact {
  if (allocations === null) return fact('Allocations', 'none');
  const soFar = part < 1 ? ' so far' : '';
  return fact('Allocations', `${allocationsText(allocations)}${soFar}`, [
    `by ${counted(groupAllocations(allocations).length, 'stack')}`,
    'Who allocated each page, as of the dump. Who holds a page is not in it.',
  ]);
}

function symbolsFact(capture: Capture, symbols: SymbolsInUse): HeaderFact {
  const details = symbolsDetails(capture, symbols);
  return fact('Symbols', symbolsText(capture, symbols), details, areSymbolsDoubtful(capture, symbols));
}

function problemsFact({ problems, problemCount }: Capture): readonly HeaderFact[] {
  if (problemCount === 0) return [];
  const details = problems.map(
    ({ line, offset, message }) => `${line === null ? `Byte ${offset}` : `Line ${line}`}: ${message}`,
  );
  return [fact('Not read', counted(problemCount, 'place'), details, true)];
}

function pagesFact(facts: CaptureFacts): HeaderFact {
  const reasons = facts.reasonTexts.map(([reason, pages]) => `${counted(pages, 'page')}: ${reason}`);
  const said = fact('Pages', `${failedText(facts)}${facts.part < 1 ? ' so far' : ''}`, reasons);
  return { ...said, isOfHolders: facts.pages > 0 };
}
