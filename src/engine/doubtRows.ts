/** What must be known of a capture before its rows are believed. */
import type { Capture } from '../capture/eventTable';
import { captureDoubts } from './captureDoubts';
import { branch, type Branch } from './lazyTree';
import { counted, percentText, sentence } from './wording';

/** As many places that could not be read as a terminal has room for. */
const SHOWN_PROBLEMS = 5;

/**
 * @param id of the capture's rows
 * @param part of the file that was read
 */
export function doubtRows(id: string, capture: Capture, part: number): readonly Branch[] {
  return [
    ...(part < 1 ? [partNote(`${id}/part`, part)] : []),
    ...missingRows(id, capture),
    ...(capture.problemCount > 0 ? [problemsNote(`${id}/problems`, capture)] : []),
  ];
}

/** What the kernel did not record or keep. */
export function missingRows(id: string, capture: Capture): readonly Branch[] {
  return captureDoubts(capture).map(({ label, description, isMissingNames }, index) =>
    branch({
      id: `${id}/doubt${index}`,
      kind: isMissingNames === true ? 'missing-names' : 'note',
      mood: 'doubt',
      label,
      description,
      tooltip: { title: label, rows: [], notes: description === '' ? [] : [`${sentence(description)}.`] },
    }),
  );
}

function partNote(id: string, part: number): Branch {
  const label = `${percentText(part)} read: more pages and holders may follow`;
  return branch({ id, kind: 'note', mood: 'doubt', label });
}

/** The captures tree lists them. */
function problemsNote(id: string, { problems, problemCount }: Capture): Branch {
  const first = problems[0]?.line ?? null;
  return branch(
    {
      id,
      kind: 'note',
      mood: 'doubt',
      label: `${counted(problemCount, 'place')} of the capture could not be read`,
      description: first === null ? '' : `${problemCount > 1 ? 'the first in ' : ''}line ${first}`,
    },
    () => problemRows(id, problems, problemCount),
  );
}

/** What was found where, for the first few: the rest is in the Captures view and in the JSON report. */
function problemRows(id: string, problems: Capture['problems'], problemCount: number): readonly Branch[] {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ line, offset, message }, index) =>
    branch({
      id: `${id}/${index}`,
      kind: 'note',
      mood: 'doubt',
      label: `${line === null ? '' : `Line ${line}, `}byte ${offset}: ${message}`,
    }),
  );
  const left = problemCount - shown.length;
  const more = left > 0 ? [branch({ id: `${id}/more`, kind: 'note', label: `${left} more` })] : [];
  return [...shown, ...more];
}
