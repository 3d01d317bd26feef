/** `page-holders events`: prints the events of captures that a filter asks for. */
import type { Interruption } from './interruption';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { readCaptures } from './readCaptures';
import type { EventsCommand } from './eventsCommand';
import { tellUnread } from './tellDoubts';

/** Returns the exit status. */
export async function runEvents(
  { input, filter, limit, format, columns }: EventsCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<number> {
  const read = await readCaptures(input, errors, progress, interruption);
  if (read === null) return 2;
  const { engine, opened, isWhole, tellFailures } = read;
  const captures = opened.filter(({ symbolFile }) => symbolFile === null);
  const most = columns ?? (output.isTerminal ? output.columns : Infinity);
  let isAnswered = isWhole;
  for (const facts of captures) {
    const { id, path } = facts;
    const window = await engine.events({ capture: id, filter, use: 'filter', start: 0, end: 0 });
    const { problem, nearMiss } = window;
    if (problem !== null) {
      await errors.write(`page-holders: ${path}: --filter: ${problem.message}\n`);
      isAnswered = false;
      continue;
    }
    if (format === 'text' && captures.length > 1) await output.write(`${path}\n`);
    let isAny = false;
    for await (const lines of engine.eventQueries.lines(id, filter, limit, format, most)) {
      isAny = true;
      await output.write(`${lines}\n`);
    }
    await tellUnread(facts, errors);
    if (isAny || limit === 0) continue;
    await errors.write(`page-holders: ${path}: ${nothingText(filter, nearMiss)}\n`);
  }
  await tellFailures();
  return isAnswered ? 0 : 2;
}

function nothingText(filter: string, nearMiss: string | null): string {
  if (filter === '') return 'it has no event.';
  return nearMiss === null ? 'no event matches.' : `no event matches; did you mean ${nearMiss}?`;
}
