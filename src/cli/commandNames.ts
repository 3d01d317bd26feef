/** The names of the commands: in a file of its own, as they are asked for before anything else is loaded. */

/** In the order of the help. */
export const COMMAND_NAMES = ['report', 'export', 'compare', 'events', 'resolve', 'record-script'] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

function isCommandName(text: string): text is CommandName {
  return COMMAND_NAMES.some((name) => name === text);
}

/** The first command of a line, and where it stands, as options may stand before it; null where there is none. */
export function findCommand(
  args: readonly string[],
): { readonly name: CommandName; readonly at: number } | null {
  for (const [at, arg] of args.entries()) if (isCommandName(arg)) return { name: arg, at };
  return null;
}
