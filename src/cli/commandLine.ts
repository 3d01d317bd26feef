/** What the command line asks for. */
import { parseArgs } from 'node:util';

export interface ReportCommand {
  readonly name: 'report';
  readonly captures: readonly string[];
  readonly tree: string | null;
  /** File with rules of the kind table, or null. */
  readonly rules: string | null;
  readonly format: 'text' | 'json';
  readonly reason: string | null;
  readonly exitCode: boolean;
}

export type CommandLine = ReportCommand | { readonly name: 'help' } | { readonly name: 'version' };

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [command, ...captures] = positionals;
  if (command === undefined) throw new UsageError('no command given; expected report');
  if (command === 'help') return { name: 'help' };
  if (command !== 'report') throw new UsageError(`unknown command ${command}; expected report`);
  if (captures.length === 0) throw new UsageError('report: no capture given');
  const { tree = null, rules = null, format = 'text', reason: reasons = [] } = values;
  if (reasons.length > 1) throw new UsageError('report: --reason given more than once; expected one name');
  const reason = reasons[0] ?? null;
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(`report: --format ${format}: expected text or json`);
  }
  return { name: 'report', captures, tree, rules, format, reason, exitCode: values['exit-code'] === true };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        tree: { type: 'string' },
        rules: { type: 'string' },
        format: { type: 'string' },
        reason: { type: 'string', multiple: true },
        'exit-code': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (error) {
    // parseArgs explains each kind of mistake in a sentence of its own.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
