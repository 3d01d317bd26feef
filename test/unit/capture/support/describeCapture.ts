import assert from 'node:assert/strict';
import {
  ABSENT,
  EventKind,
  Mapping,
  NONE,
  NO_DETAILS,
  PageFlag,
  type Capture,
} from '../../../../src/capture/eventTable';

/** Numbers of events by kind and, for other events, by name. */
function countsOf(capture: Capture): Record<string, number> {
  const counts: Record<string, number> = {};
  const { events, symbols } = capture;
  for (let row = 0; row < events.length; row++) {
    const name = symbols.string(events.name[row]!);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function flagNames(bits: number): string {
  return (
    Object.entries(PageFlag)
      .filter(([, bit]) => (bits & bit) !== 0)
      .map(([name]) => name)
      .join('|') || 'none'
  );
}

/** Frames of a stack as text, innermost first, or `-`. */
export function stackText(capture: Capture, stack: number): string {
  if (stack === NONE) return '-';
  const { symbols } = capture;
  return [...symbols.stackFrames(stack)]
    .map((frame) => {
      let text = symbols.frameFunction(frame);
      if (symbols.frameOffset(frame) >= 0) text += `+0x${symbols.frameOffset(frame).toString(16)}`;
      if (symbols.frameSize(frame) >= 0) text += `/0x${symbols.frameSize(frame).toString(16)}`;
      const module = symbols.frameModule(frame);
      if (module !== null) text += ` [${module}]`;
      const address = symbols.frameAddress(frame);
      if (address !== null) text += ` <${address.toString(16)}>`;
      return text;
    })
    .join(' < ');
}

/** One event as a line; only what is there. */
export function eventText(capture: Capture, row: number): string {
  const { events, symbols } = capture;
  const { details } = events;
  const parts = [
    events.time[row]!,
    `[${events.cpu[row]!}]`,
    `${symbols.taskComm(events.task[row]!)}-${symbols.taskPid(events.task[row]!)}`,
    symbols.string(events.name[row]!),
    EventKind[events.kind[row]!],
  ];
  const number = (name: string, value: number, absent: number): void => {
    if (value !== absent) parts.push(`${name}=${value}`);
  };
  const text = (name: string, id: number): void => {
    if (id !== NONE) parts.push(`${name}=${symbols.string(id)}`);
  };
  if (events.pfn[row] !== NONE) parts.push(`pfn=0x${events.pfn[row]!.toString(16)}`);
  if (events.mapping[row] !== Mapping.Absent) {
    parts.push(`flags=${flagNames(events.flags[row]!)}`, `mapping=${Mapping[events.mapping[row]!]}`);
  }
  number('count', events.count[row]!, ABSENT);
  number('mapcount', events.mapcount[row]!, ABSENT);
  number('val', events.val[row]!, ABSENT);
  number('ret', events.ret[row]!, ABSENT);
  number('mt', events.migratetype[row]!, -1);
  number('order', events.order[row]!, -1);
  const detail = events.detail[row]!;
  if (detail !== NO_DETAILS) {
    if (details.endPfn[detail] !== NONE) parts.push(`end=0x${details.endPfn[detail]!.toString(16)}`);
    if (details.finPfn[detail] !== NONE) parts.push(`fin=0x${details.finPfn[detail]!.toString(16)}`);
    number('pages', details.pages[detail]!, ABSENT);
    number('failed', details.failed[detail]!, ABSENT);
    number('isolation', details.isolateFailed[detail]!, ABSENT);
    number('test', details.testFailed[detail]!, ABSENT);
    number('pins', details.pins[detail]!, ABSENT);
    if (details.isMapcountPart[detail] === 1) parts.push('mapcount at least');
    number('error', details.error[detail]!, ABSENT);
    text('reason', details.reason[detail]!);
    text('label', details.label[detail]!);
    text('result', details.result[detail]!);
  }
  return parts.join(' ');
}

/** Each event with its stack, as text. */
export function rowTexts(capture: Capture): string[] {
  return Array.from(
    { length: capture.events.length },
    (_, row) => `${eventText(capture, row)} < ${stackText(capture, capture.events.stack[row]!)}`,
  );
}

/** Everything that a capture says, as text: equal captures have equal texts. */
export function captureText(capture: Capture): string {
  const { events } = capture;
  const lines = [summaryText(capture)];
  for (let row = 0; row < events.length; row++) {
    lines.push(
      `${events.offset(row)} ${eventText(capture, row)} < ${stackText(capture, events.stack[row]!)}`,
    );
  }
  return lines.join('\n');
}

/** The whole of a capture in a few lines. */
export function summaryText(capture: Capture): string {
  const { events, symbols } = capture;
  let withStack = 0;
  for (let row = 0; row < events.length; row++) if (events.stack[row] !== NONE) withStack++;
  const counts = Object.entries(countsOf(capture)).sort(([a], [b]) => a.localeCompare(b));
  return [
    `${capture.format} clock=${capture.clock} resolution=${capture.resolution} base=${capture.timeBase}`,
    `events=${events.length} with-stack=${withStack} stack-records=${capture.stackRecords} orphans=${capture.orphanStacks}` +
      ` lost=${capture.lost} distinct-stacks=${symbols.stackCount} frames=${symbols.frameCount} tasks=${symbols.taskCount}`,
    counts.map(([name, count]) => `${name}=${count}`).join(' '),
    ...capture.facts.map(([name, value]) => `fact ${name}: ${value}`),
    ...capture.gaps.map(
      (gap) =>
        `gap ${gap.cause} cpu=${gap.cpu} from=${gap.from} to=${gap.to} events=${gap.events} before-row=${gap.beforeRow}`,
    ),
    ...(capture.missingNames === null ? [] : [`names missing: ${capture.missingNames}`]),
    `problems=${capture.problemCount}`,
    ...capture.problems.map(
      (problem) => `problem @${problem.offset} line ${problem.line}: ${problem.message}`,
    ),
  ].join('\n');
}

/**
 * Holds for every capture whatever was read: ids in range, tables as long as they say, losses accounted for.
 *
 * @param isInFileOrder false for formats in which the records of each CPU stand apart
 */
export function assertConsistent(capture: Capture, { isInFileOrder = true } = {}): void {
  const { events, symbols } = capture;
  const { details } = events;
  let withStack = 0;
  let other = 0;
  let previousOffset = -1;
  for (let row = 0; row < events.length; row++) {
    assert.ok(events.task[row]! >= 0 && events.task[row]! < symbols.taskCount);
    assert.ok(events.name[row]! >= 0 && events.name[row]! < symbols.stringCount);
    assert.ok(events.stack[row]! >= NONE && events.stack[row]! < symbols.stackCount);
    assert.ok(events.detail[row]! >= NO_DETAILS && events.detail[row]! < details.length);
    assert.ok(EventKind[events.kind[row]!] !== undefined);
    assert.ok(Mapping[events.mapping[row]!] !== undefined);
    assert.ok(events.pfn[row]! >= NONE && events.pfn[row]! < 2 ** 53);
    assert.ok(isInFileOrder ? events.offset(row) > previousOffset : events.offset(row) >= 0);
    previousOffset = events.offset(row);
    if (events.stack[row] !== NONE) withStack++;
    if (events.kind[row] === 0) other++;
  }
  for (let row = 0; row < details.length; row++) {
    for (const column of [details.reason, details.label, details.result]) {
      assert.ok(column[row]! >= NONE && column[row]! < symbols.stringCount);
    }
  }
  for (let stack = 0; stack < symbols.stackCount; stack++) {
    for (const frame of symbols.stackFrames(stack)) assert.ok(frame >= 0 && frame < symbols.frameCount);
  }
  assert.equal(withStack + capture.orphanStacks, capture.stackRecords);
  assert.equal(
    [...capture.otherEvents.values()].reduce((sum, count) => sum + count, 0),
    other,
  );
  assert.ok(capture.problems.length <= capture.problemCount);
  for (const gap of capture.gaps) assert.ok(gap.beforeRow <= events.length);
  assert.equal(
    capture.gaps.reduce((sum, gap) => sum + (gap.events ?? 0), 0),
    capture.lost,
  );
}
