/** Reading the options of a command, with messages that name the command, the option and what was expected. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { turnedPfnRange } from '../engine/holdersQuery';
import { nearestName } from '../engine/nearestName';
import { STANDARD_INPUT } from './streams';

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param command that was asked for, whose help says more; null where none is known */
  constructor(
    readonly command: string | null,
    what: string,
  ) {
    super(command === null ? what : `${command}: ${what}`);
  }
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/**
 * Options and files of a command, as `parseArgs` gives them.
 *
 * @throws UsageError for an option that is not known, lacks its value or has one too many
 */
export function parseOptions<const T extends OptionsConfig>(
  command: string,
  args: readonly string[],
  options: T,
) {
  return parseArgs({ args: understoodArgs(command, args, options), allowPositionals: true, options });
}

/** The same, such that `parseArgs` finds no mistake: what it says of one names neither the command nor a near option. */
function understoodArgs(command: string, args: readonly string[], options: OptionsConfig): string[] {
  const read: ParseArgsConfig = { args: [...args], allowPositionals: true, options, strict: false };
  const { tokens } = parseArgs({ ...read, tokens: true });
  const given: string[] = [];
  const files: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') files.push(token.value);
    if (files.filter((file) => file === STANDARD_INPUT).length > 1) {
      throw new UsageError(
        command,
        `${STANDARD_INPUT} given more than once; standard input can be read once`,
      );
    }
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name]! : null;
    if (option === null) throw new UsageError(command, unknownOption(args[token.index]!, options));
    if (option.type === 'boolean') {
      if (value !== undefined) throw new UsageError(command, `${rawName} takes no value`);
      given.push(`--${name}`);
      continue;
    }
    if (value === undefined) throw new UsageError(command, `${rawName}: expected a value after it`);
    if (!token.inlineValue && isOption(value, options)) {
      throw new UsageError(
        command,
        `${rawName}: expected a value before ${value}; if that is the value, write --${name}=${value}`,
      );
    }
    given.push(`--${name}=${value}`);
  }
  return [...given, '--', ...files];
}

function unknownOption(given: string, options: OptionsConfig): string {
  const [written] = given.split('=') as [string];
  const name = written.replace(/^-+/, '');
  if (name === 'help' || name === 'version') return `${written} takes no value`;
  const near = nearestName(name, [...Object.keys(options), 'help', 'version']);
  return `unknown option ${written}${near === null ? '' : `; did you mean --${near}?`}`;
}

/** Values may begin with a dash: `--filter -comm:sh`. */
function isOption(value: string, options: OptionsConfig): boolean {
  if (value.startsWith('--')) return true;
  return Object.values(options).some(({ short }) => short !== undefined && value === `-${short}`);
}

/** The value of an option that stands once; null where it is not given. */
export function once(command: string, option: string, given: readonly string[] = []): string | null {
  if (given.length > 1) {
    throw new UsageError(command, `${option} given more than once; expected one value`);
  }
  return given[0] ?? null;
}

/** Values given by several options, by commas, or both. */
export function listed(given: readonly string[] = []): readonly string[] {
  return given.flatMap((each) => each.split(','));
}

/** @throws UsageError where `given` is none of `names` */
export function oneOf<Name extends string>(
  command: string,
  option: string,
  given: string,
  names: readonly Name[],
): Name {
  const name = names.find((each) => each === given);
  if (name !== undefined) return name;
  throw new UsageError(command, `${option} ${given}: ${expectedName(given, names)}`);
}

/** What was meant by a name that is none of `names`, or which there are. */
export function expectedName(given: string, names: readonly string[]): string {
  const near = nearestName(given.toLowerCase(), names);
  return near === null ? `expected ${alternatives(names)}` : `did you mean ${near}?`;
}

/**
 * Columns of a line of text; Infinity for no breaks, null where nothing is said.
 *
 * @throws UsageError
 */
export function columnsOf(command: string, given: string | undefined): number | null {
  if (given === undefined) return null;
  const columns = /^\d{1,5}$/.test(given) ? Number(given) : NaN;
  if (columns === 0) return Infinity;
  if (columns >= 20) return columns;
  throw new UsageError(
    command,
    `--width ${given}: expected columns, 20 or more, or 0 for lines without breaks`,
  );
}

/** @throws UsageError for a range of PFNs whose ends are the other way round */
export function refuseTurnedRange(command: string, pfns: string): void {
  const turned = turnedPfnRange(pfns);
  if (turned === null) return;
  throw new UsageError(command, `--pfn ${pfns}: the ends are reversed; expected ${turned}`);
}

/** `text or json`, `page, holder, attempt or task` */
export function alternatives(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}`;
}
