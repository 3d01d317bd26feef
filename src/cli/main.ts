/**
 * `page-holders`: the same answers as in the editor, from a terminal or a CI job.
 *
 * Exit status: 0 when it ran, 2 on bad input or usage; with --exit-code, 1 when held references were found, also where
 * whoever read the output went away; 130 when it was interrupted, also where it told what it had read by then.
 */
import { version } from '../../package.json';
import { parseCommandLine, type CommandLine } from './commandLine';
import { Interruption } from './interruption';
import { UsageError } from './options';
import { recordScript } from '../engine/recording/recordScript';
import { visibleText } from '../engine/visibleText';
import { ProgressLine, progressTerminal } from './progressLine';
import { runCompare } from './runCompare';
import { runExport } from './runExport';
import { runEvents } from './runEvents';
import { runReport } from './runReport';
import { runResolve } from './runResolve';
import { ClosedPipeError, OutputError, OutputStream } from './outputStream';

/** 128 + SIGINT, as a shell says it of a program that Ctrl+C ended. */
const INTERRUPTED = 130;

async function main(args: readonly string[], interruption: Interruption): Promise<number> {
  const output = new OutputStream(process.stdout, 'standard output');
  const errors = new OutputStream(process.stderr, 'standard error');
  const progress = new ProgressLine(progressTerminal(process.stderr));
  process.on('SIGINT', () => {
    progress.clear();
    void interruption.press().then((told) => {
      if (told === null) process.exit(INTERRUPTED);
      return errors.write(`page-holders: ${told}; Ctrl+C again ends at once.\n`);
    });
  });
  let command: CommandLine;
  try {
    command = parseCommandLine(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const help = error.command === null ? '--help' : `${error.command} --help`;
    await errors.write(`page-holders: ${error.message}\nTry: page-holders ${help}\n`);
    return 2;
  }
  switch (command.name) {
    case 'help':
      await output.write(command.text);
      return 0;
    case 'version':
      await output.write(`page-holders ${version}\n`);
      return 0;
    case 'record-script':
      await output.write(recordScript(command.recording));
      return 0;
    case 'report':
      return runReport(command, output, errors, progress, interruption);
    case 'export':
      return runExport(command, output, errors, progress, interruption);
    case 'compare':
      return runCompare(command, output, errors, progress, interruption);
    case 'events':
      return runEvents(command, output, errors, progress, interruption);
    case 'resolve':
      return runResolve(command, process.stdin, output, errors, progress);
  }
}

/** What nobody has thought of is told with its place in the program. */
function failureText(error: unknown): string {
  if (error instanceof OutputError) return `${error.message}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const interruption = new Interruption();
main(process.argv.slice(2), interruption).then(
  (status) => {
    process.exitCode = interruption.hasStopped ? INTERRUPTED : status;
  },
  (error: unknown) => {
    if (interruption.hasStopped) process.exitCode = INTERRUPTED;
    // Whoever read the output has seen enough (`| head`): the way of a Unix tool is to end quietly.
    if (error instanceof ClosedPipeError) process.exitCode ??= 0;
    else process.stderr.write(visibleText(`page-holders: ${failureText(error)}\n`));
    process.exitCode ??= 2;
  },
);
