/** Reads one file and finds the holders in it, with what is known so far on the way, and what happened to the file. */
import type { Capture, Problem } from '../capture/eventTable';
import { openCapture } from '../capture/openCapture';
import { inTurns } from '../capture/turns';
import { analysisSteps, pageSteps, type AnalysedHolders } from '../holders/analyseHolders';
import type { KindRule } from '../holders/kindRule';
import { allocationCount } from './allocationsText';
import type { CaptureFile } from './engineHost';
import { CancelledError, CaptureError } from './errors';
import type { FileState } from './fileState';
import { PartPace } from './partPace';
import type { ProgressReport } from './protocol';
import { StoppableFile } from './stoppableFile';
import { pauseFor } from './turns';

/** A capture with what was found in it. */
export interface Analysed extends AnalysedHolders {
  readonly capture: Capture;
  /** The capture as its file says it: symbol files beside it may give names to frames of the other. */
  readonly read: Capture;
  /** Rules of a person by which it was judged. */
  readonly rules: readonly KindRule[];
}

/** What was read of a file, and when. */
export interface AnalysedCapture extends Analysed {
  /** Part of the file that was read, from 0 to 1; 1 for the whole. */
  readonly part: number;
  /** When it was opened. */
  readonly file: FileState;
}

interface ReadCaptureOptions {
  /** Rules of a person that are in use by now. */
  readonly rules: () => readonly KindRule[];
  /** The whole capture with the names that the files beside it give to its frames. */
  readonly named: (read: Capture) => Capture;
  readonly signal?: AbortSignal;
  readonly onProgress?: (report: ProgressReport) => void;
  /** Called now and then with what was read so far. Its capture goes on growing behind the rows that it has. */
  readonly onPart?: (soFar: AnalysedCapture) => void;
  /**
   * Called once, when there is something that could be kept.
   *
   * @param stop ends the reading: what was read by then is the capture. Answers false where nothing is left to be read
   */
  readonly onStoppable?: (stop: () => boolean) => void;
}

/**
 * @throws CaptureError when the file cannot be read or is no capture
 * @throws CancelledError when the signal is aborted, within some tens of milliseconds
 */
export async function readCapture(
  opened: CaptureFile,
  options: ReadCaptureOptions,
): Promise<AnalysedCapture> {
  const { signal, onProgress } = options;
  const pause = pauseFor(signal);
  const file = new StoppableFile(opened);
  try {
    const asRead = withPartRead(
      withFileProblems(await read(file, options), await fileProblems(opened)),
      file.partRead,
    );
    refuseOtherFiles(asRead);
    onProgress?.({ phase: 'analysing', done: 0, total: 0, unit: '', rowsAtEnd: false });
    const rules = options.rules();
    const capture = options.named(asRead);
    const holders = await inTurns(analysisSteps(capture, rules), pause);
    await pause();
    return { ...holders, capture, read: asRead, rules, part: 1, file: file.state };
  } catch (error) {
    if (signal?.aborted === true) throw new CancelledError();
    throw isOutOfMemory(error) ? new CaptureError(file.name, TOO_LARGE) : error;
  }
}

/** The last bytes of a compressed file stand for many lines: nothing is whole before the reader says so. */
const LARGEST_PART = 0.99;

const TOO_LARGE =
  'needs more memory than there is for it. Close other captures, or record less: fewer events, or a shorter time.';

/** What V8 throws when it cannot have the memory of a column; the message is its own. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /array (?:buffer allocation failed|length)/i.test(error.message);
}

async function read(file: StoppableFile, options: ReadCaptureOptions): Promise<Capture> {
  const { signal, onProgress, onPart, onStoppable } = options;
  const pause = pauseFor(signal);
  const pace = new PartPace();
  let part = 0;
  let rowsAtEnd = false;
  let isStoppable = false;
  let isRead = false;
  const analyse = async (soFar: () => Capture): Promise<void> => {
    const start = performance.now();
    const capture = soFar();
    const rows = capture.events.length;
    const rules = options.rules();
    const holders = await inTurns(pageSteps(capture, rules), pause);
    pace.took(rows, start, holders.analysis.pages.length > 0);
    onPart?.({ ...holders, capture, read: capture, rules, part, file: file.state });
  };
  const whole = await openCapture(file, {
    pause,
    ...(signal === undefined ? {} : { signal }),
    ...(file.otherThreads ? { otherThreads: file.otherThreads } : {}),
    onProgress: (done, total) => {
      part = total === 0 ? 0 : Math.min(LARGEST_PART, done / total);
      onProgress?.({ phase: 'reading', done, total, unit: 'bytes', rowsAtEnd });
    },
    onPhase: (phase) => {
      if (phase === 'unsorted') rowsAtEnd = true;
      else onProgress?.({ phase: 'sorting', done: 0, total: 0, unit: '', rowsAtEnd });
    },
    onPart: (rows, soFar) => {
      if (!isStoppable && rows > 0) {
        isStoppable = true;
        onStoppable?.(() => !isRead && file.stop());
      }
      return onPart !== undefined && pace.isDue(rows, part) ? analyse(soFar) : undefined;
    },
  });
  isRead = true;
  return whole;
}

/** What the readers cannot see: that the file is another one by now, or that the system would not read it. */
async function fileProblems(file: CaptureFile): Promise<readonly Problem[]> {
  const { failure, size } = file;
  const change = await file.change();
  const problems: Problem[] = [];
  if (failure !== null) {
    problems.push({ offset: failure.offset, line: null, message: `the file ${failure.message}` });
  }
  if (change !== null) {
    const message = `the file ${change.text} while it was read; what is shown is what was found. Read it again`;
    problems.push({ offset: size, line: null, message });
  }
  return problems;
}

function withFileProblems(capture: Capture, found: readonly Problem[]): Capture {
  if (found.length === 0) return capture;
  return {
    ...capture,
    problems: [...capture.problems, ...found],
    problemCount: capture.problemCount + found.length,
  };
}

function withPartRead(capture: Capture, partRead: number | null): Capture {
  return partRead === null ? capture : { ...capture, stoppedAt: partRead };
}

/**
 * @throws CaptureError with what the reader says of a file in which it found nothing: a file of another kind comes
 * back without events
 */
function refuseOtherFiles({ path, events, problems, otherEvents, allocations, unreadable }: Capture): void {
  if (unreadable !== undefined) throw new CaptureError(path, `cannot be opened: ${unreadable}.`);
  const [problem] = problems;
  if (allocationCount(allocations) > 0 || events.length > 0 || otherEvents.size > 0 || problem === undefined)
    return;
  const place = problem.line === null ? '' : `line ${problem.line}: `;
  throw new CaptureError(path, `cannot be opened: ${place}${problem.message}.`);
}
