import { KINDS } from '../engine/holdersQuery';
import { MIGRATE_REASONS } from '../engine/reasonFilter';

export const HELP = `page-holders report CAPTURE… [--tree DIR] [--rules FILE] [--format text|json]
             [--group-by WHAT] [--sort ORDER] [FILTER]… [--full] [--exit-code]
page-holders resolve [--vmlinux FILE] [--modules DIR] [--tree DIR]

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
  --group-by WHAT page     what held each page that failed to move (default)
                  holder   kinds of holders and their code paths, the worst first
                  attempt  attempts to move pages, and what blocked each
                  task     the tasks that took the references
  --sort ORDER    pfn, first-mark (by time), holders (by their number),
                  longest-held, or attempts (by how many were blocked)
  --full          text with what is folded too: expected, temporary and earlier
                  references, pages never released, and the events of every row
  --exit-code     exit with 1 when held or untraced references were found

Filters. What they leave out is counted at the end of the report. Names can be
given several times or joined by commas:
  --reason NAME   only marks of this migrate reason:
${wrapped(MIGRATE_REASONS)}
  --kind NAME     only pages with references of this kind:
${wrapped(KINDS)}
  --role NAME     only references that were held, expected, temporary or earlier
  --held-for TIME only references held at least this long: 10ms, 1.5s, 200us
  --match TEXT    only what has TEXT in its PFN, task, area, kind or stack
  --pfn PFN       only this page, whether or not it failed to move

resolve reads stacks from standard input (ftrace, a kernel log, a crash report) and
writes the text with the source line of each frame, inlined functions before it.

  --vmlinux FILE  the kernel with its debug info: lines are exact
  --modules DIR   where NAME.ko.debug or NAME.ko of its modules are, with debug info
  --tree DIR      source tree: without a vmlinux, lines are looked up there by name;
                  with one, paths are shown as they are in the tree

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
