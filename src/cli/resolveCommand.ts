/** What `page-holders resolve` is asked for. */
import { parseOptions, UsageError } from './options';
import { STANDARD_INPUT } from './streams';

export interface ResolveCommand {
  readonly name: 'resolve';
  readonly vmlinux: string | null;
  readonly modules: string | null;
  readonly tree: string | null;
  readonly kallsyms: string | null;
}

export const RESOLVE_USAGE = `page-holders resolve [--vmlinux FILE] [--modules DIR] [--tree DIR]
             [--kallsyms FILE]
`;

export const RESOLVE_HELP = `resolve reads stacks from standard input (ftrace, a kernel log, a crash report)
and writes the text with the source line of each frame, inlined functions
before it.

  --vmlinux FILE  the kernel with its debug info: lines are exact
  --modules DIR   where its modules are with debug info: NAME.ko.debug, NAME.ko
  --tree DIR      source tree: lines are looked up there by name, with a
                  vmlinux for frames that it leaves open; its paths are shown
                  as they are in the tree
  --kallsyms FILE names of bare addresses: /proc/kallsyms of that boot
`;

/** @throws UsageError */
export function resolveCommand(args: readonly string[]): ResolveCommand {
  const { values, positionals } = parseOptions('resolve', args, {
    vmlinux: { type: 'string' },
    modules: { type: 'string' },
    tree: { type: 'string' },
    kallsyms: { type: 'string' },
  });
  const { vmlinux = null, modules = null, tree = null, kallsyms = null } = values;
  const [file] = positionals;
  if (file !== undefined) {
    throw new UsageError('resolve', `unexpected ${file}; stacks are read from standard input`);
  }
  if (vmlinux === null && tree === null && kallsyms === null) {
    throw new UsageError('resolve', 'expected --vmlinux FILE, --tree DIR or --kallsyms FILE');
  }
  if (kallsyms === STANDARD_INPUT) {
    throw new UsageError('resolve', '--kallsyms -: stacks are read from standard input; expected a file');
  }
  if (vmlinux === null && modules !== null)
    throw new UsageError('resolve', '--modules DIR needs --vmlinux FILE');
  return { name: 'resolve', vmlinux, modules, tree, kallsyms };
}
