import { MIGRATE_REASONS } from '../engine/reasonFilter';

export const HELP = `page-holders report CAPTURE… [--tree DIR] [--rules FILE] [--format text|json]
                     [--reason NAME] [--exit-code]

Reads trace captures of a Linux kernel and says, for every page that could not be
moved, who held a reference on it, from where in the kernel, and until when.

  CAPTURE         ftrace text (/sys/kernel/tracing/trace or trace_pipe, saved to a
                  file, or the output of trace-cmd report), trace.dat of trace-cmd,
                  perf script text, perf.data, page_pinner files, or a kernel log
                  with page dumps; compressed with gzip, xz or zstd or not. Beside
                  it, in any order and told by their content:
                    a page_owner dump      who allocated each page
                    kallsyms, System.map   names of bare addresses, as in perf.data
                  A page_owner dump alone is reported by stack. Several traces are
                  reported side by side
  --tree DIR      source tree of the traced kernel: each frame gets its file and line
  --rules FILE    rules of your own for what a reference is for, in the format of
                  .page-holders.json, which is also read from the root of DIR
  --format FORMAT text, like the tree in the editor (default), or json
  --reason NAME   only pages that failed to move for this migrate reason:
${wrapped(MIGRATE_REASONS)}
  --exit-code     exit with 1 when held or untraced references were found
  -h, --help      this text
  -V, --version   the version

Exit status: 0 when it ran, 2 on bad input or usage, 1 as --exit-code says,
130 when interrupted. On a terminal, standard error shows how far the work is.
Colours are used on a terminal only, and not when NO_COLOR is set.
`;

function wrapped(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const last = lines.at(-1)!;
    const longer = last === '' ? name : `${last}, ${name}`;
    if (longer.length > 60) lines.push(name);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => `                  ${line}`).join(',\n');
}
