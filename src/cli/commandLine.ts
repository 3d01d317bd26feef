/** What the command line asks for: which command, read by its own file. */
import { COMMAND_NAMES, findCommand, type CommandName } from './commandNames';
import { COMPARE_HELP, COMPARE_USAGE, compareCommand, type CompareCommand } from './compareCommand';
import {
  EXPORT_HELP,
  EXPORT_SHARED_HELP,
  EXPORT_USAGE,
  exportCommand,
  type ExportCommand,
} from './exportCommand';
import { EVENTS_HELP, EVENTS_USAGE, eventsCommand, type EventsCommand } from './eventsCommand';
import { nearestName } from '../engine/nearestName';
import { alternatives, expectedName, UsageError } from './options';
import {
  RECORD_SCRIPT_HELP,
  RECORD_SCRIPT_USAGE,
  recordScriptCommand,
  type RecordScriptCommand,
} from './recordScriptCommand';
import { REPORT_HELP, REPORT_USAGE, reportCommand, type ReportCommand } from './reportCommand';
import { RESOLVE_HELP, RESOLVE_USAGE, resolveCommand, type ResolveCommand } from './resolveCommand';

export type CommandLine =
  | ReportCommand
  | EventsCommand
  | ResolveCommand
  | ExportCommand
  | CompareCommand
  | RecordScriptCommand
  | { readonly name: 'help'; readonly text: string }
  | { readonly name: 'version' };

interface Command {
  /** @throws UsageError */
  readonly parse: (args: readonly string[]) => CommandLine;
  /** Its forms, as lines. */
  readonly usage: string;
  /** What it does, and its options. */
  readonly help: string;
  /** Options that another command explains, for whoever asks for this one alone. */
  readonly sharedHelp?: string;
}

/** By the name that is typed. */
const COMMANDS: Readonly<Record<CommandName, Command>> = {
  report: { parse: reportCommand, usage: REPORT_USAGE, help: REPORT_HELP },
  export: { parse: exportCommand, usage: EXPORT_USAGE, help: EXPORT_HELP, sharedHelp: EXPORT_SHARED_HELP },
  compare: { parse: compareCommand, usage: COMPARE_USAGE, help: COMPARE_HELP },
  events: { parse: eventsCommand, usage: EVENTS_USAGE, help: EVENTS_HELP },
  resolve: { parse: resolveCommand, usage: RESOLVE_USAGE, help: RESOLVE_HELP },
  'record-script': { parse: recordScriptCommand, usage: RECORD_SCRIPT_USAGE, help: RECORD_SCRIPT_HELP },
};

const COMMON_HELP = `  -h, --help      this text; after a command, what is said of it alone
  -V, --version   the version

Exit status: 0 when it ran, 2 on bad input or usage, 1 as --exit-code says,
130 when interrupted. Ctrl+C while captures are read ends the reading, and what
was read by then is told where it can be; pressed again, or at any other time,
it ends the program. On a terminal, standard error shows how far the work is.
Colours are used on a terminal only, and not when NO_COLOR is set.
`;

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // Options may stand before the command, and then values of theirs too.
  const command = findCommand(args);
  const name = command?.name ?? null;
  if (has(args, '-h', '--help')) return { name: 'help', text: helpOf(name) };
  if (args[0] === 'help') {
    if (name === null && args.length > 1) throw new UsageError(null, whatIsWrong(args.slice(1)));
    return { name: 'help', text: helpOf(name) };
  }
  if (has(args, '-V', '--version')) return { name: 'version' };
  if (command !== null) return COMMANDS[command.name].parse(args.toSpliced(command.at, 1));
  throw new UsageError(null, whatIsWrong(args));
}

/** Of a command line without a known command. */
function whatIsWrong(args: readonly string[]): string {
  const other = args.find((arg) => !arg.startsWith('-'));
  if (other !== undefined) {
    return `unknown command ${other}; ${expectedName(other, COMMAND_NAMES)}`;
  }
  const [option] = args;
  const near = option === undefined ? null : nearestName(option, ['--help', '--version']);
  if (near !== null) return `unknown option ${option!}; did you mean ${near}?`;
  return `no command given; expected ${alternatives(COMMAND_NAMES)}`;
}

/** Behind `--` stand names of files alone. */
function has(args: readonly string[], short: string, long: string): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes(short) || options.includes(long);
}

/** @param name of a command, null for all */
function helpOf(name: CommandName | null): string {
  const asked = name === null ? Object.values(COMMANDS) : [COMMANDS[name]];
  const usages = asked.map(({ usage }) => usage).join('');
  const helps = asked.map(({ help, sharedHelp = '' }) => (name === null ? help : help + sharedHelp));
  return [usages, ...helps, COMMON_HELP].join('\n');
}
