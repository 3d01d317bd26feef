/** Reading the options of a command, with messages that name the command, the option and what was expected. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/**
 * Options and files of a command, as `parseArgs` gives them.
 *
 * @throws UsageError for an option that is not known or lacks its value
 */
export function parseOptions<const T extends OptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    // parseArgs explains each kind of mistake in a sentence of its own.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The value of an option that stands once; null where it is not given. */
export function once(command: string, option: string, given: readonly string[] = []): string | null {
  if (given.length > 1) {
    throw new UsageError(`${command}: ${option} given more than once; expected one value`);
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
  throw new UsageError(`${command}: ${option} ${given}: expected ${alternatives(names)}`);
}

/** `text or json`, `page, holder, attempt or task` */
export function alternatives(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}`;
}
