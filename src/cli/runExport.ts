/** `page-holders export`: writes what the captures say in a form for other programs. */
import { leftOutText, type AskedAllocations } from '../engine/askedAllocations';
import { areDumpsAlone } from '../engine/allocationsAlone';
import { ExportError } from '../engine/errors';
import { refuseInput } from '../engine/node/writePieces';
import type { CaptureFacts } from '../engine/protocol';
import type { CaptureInput } from './captureOptions';
import type { ExportCommand } from './exportCommand';
import type { Interruption } from './interruption';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { readCaptures } from './readCaptures';
import { STANDARD_INPUT } from './streams';
import { tellDoubts } from './tellDoubts';

/** Returns the exit status. */
export async function runExport(
  { input, format, file }: ExportCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<number> {
  if (file !== null && !(await isFree(file, input, errors))) return 2;
  const read = await readCaptures(input, errors, progress, interruption);
  if (read === null) return 2;
  const { engine, opened, isWhole, tellFailures, query } = read;
  if (format === 'csv' || format === 'speedscope') {
    const captures = opened.filter(({ symbolFile }) => symbolFile === null);
    const isOfDumps = areDumpsAlone(captures);
    for (const facts of captures) {
      await tellDoubts(facts, errors);
      const asked = engine.reports.askedOfDump(facts.id, query.filter);
      const text =
        asked === null
          ? emptyText(facts, format)
          : isOfDumps
            ? leftOutOfDump(asked, format)
            : `its allocations are not in the ${PLACE[format]}, which is of marks; export it alone for them`;
      if (text !== null) await errors.write(`page-holders: ${facts.path}: ${text}.\n`);
    }
  }
  if (file === null) {
    for await (const piece of engine.reports.exported(format, query)) await output.write(piece);
    await tellFailures();
    return isWhole ? 0 : 2;
  }
  try {
    await engine.exportFile({ format, query, path: file });
    return isWhole ? 0 : 2;
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    await errors.write(`page-holders: ${error.message}\n`);
    return 2;
  }
}

type RowsAlone = 'csv' | 'speedscope';

const PLACE: Readonly<Record<RowsAlone, string>> = { csv: 'table', speedscope: 'graph' };

/** Whether the file is none of those that are read: before they are, which may take minutes. */
async function isFree(
  file: string,
  { captures, vmlinux, rules }: CaptureInput,
  errors: OutputStream,
): Promise<boolean> {
  const beside = [vmlinux, rules].filter((each) => each !== null);
  const inputs = captures.map((each) => (each === STANDARD_INPUT ? '/dev/stdin' : each));
  try {
    await refuseInput(file, [...inputs, ...beside]);
    return true;
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    await errors.write(`page-holders: ${error.message}\n`);
    return false;
  }
}

/** A table without rows and a graph without a bar look as if the export had failed. */
function emptyText({ pages, heldPages }: CaptureFacts, format: RowsAlone): string | null {
  const why =
    pages === 0
      ? 'no page that failed to move is named in it'
      : heldPages === 0 && format === 'speedscope'
        ? 'no reference of which the time held is known kept a page'
        : null;
  return why === null ? null : `${why}: ${nothingIn(format)}`;
}

/** The sum of a table or a graph is taken for that of the dump, which it is not. */
function leftOutOfDump({ groups, leftOut }: AskedAllocations, format: RowsAlone): string | null {
  const others = leftOutText(leftOut);
  if (groups.length > 0) return others === '' ? null : `left out by the filter: ${others}`;
  const why = others === '' ? 'no page is allocated in it' : `the filter leaves out all of it, ${others}`;
  return `${why}: ${nothingIn(format)}`;
}

function nothingIn(format: RowsAlone): string {
  return `nothing of it is in the ${PLACE[format]}`;
}
