/**
 * The shell script that records a capture on the target. Only text is made here: what the script may do there is for
 * people to read, and it runs only where they run it.
 *
 * The pieces are shell files beside this one; what was asked for stands in a block of settings before them.
 */
import { newReasonName } from '../holdersQuery';
import { pfnText } from '../pageFacts';
import probe from './probe.sh';
import { EVENT_SOURCES, STACK_BY, type RecordOptions } from './recordOptions';
import save from './save.sh';
import traceCmd from './traceCmd.sh';
import tracefs from './tracefs.sh';
import undo from './undo.sh';

/** A POSIX shell script, with a newline at its end. */
export function recordScript(options: RecordOptions): string {
  const record = options.writer === 'tracefs' ? tracefs : traceCmd;
  return [headOf(options), settingsOf(options), probe, undo, record, save].join('');
}

function headOf({ writer }: RecordOptions): string {
  const file = writer === 'tracefs' ? 'trace.txt' : 'trace.dat';
  const needs =
    writer === 'tracefs'
      ? '# It needs a POSIX shell and tracefs. What does not fit the buffer is overwritten by what comes later.'
      : '# It needs trace-cmd, which writes to the file all the while.';
  return `#!/bin/sh
# Records who holds the pages that do not move, as a capture for Page Holders (${file} and what goes with it).
${needs}
#
# usage, as root on the machine to look at:
#   sh record-page-holders.sh [COMMAND [ARGUMENT]...]
# With a command it records while that runs, else until Enter or Ctrl+C. It says what the kernel offers, traces in an
# instance of its own, sets everything back at its end, and writes into a new folder only.
`;
}

function settingsOf(options: RecordOptions): string {
  const { pages, reason, thresholdUs, bufferKb, clock, stack, seconds } = options;
  const range = pages.kind === 'pfns' ? pages.range : null;
  const lines: readonly (readonly [name: string, value: string, meaning: string])[] = [
    [
      'events',
      options.events,
      `auto, page_ref, page_pin_owner or page_pinner.\n${EVENT_SOURCES[options.events]}`,
    ],
    [
      'cma_area',
      pages.kind === 'cma-area' ? pages.name : '',
      'only pages of this CMA area; its PFNs are read from debugfs (CONFIG_CMA_DEBUGFS)',
    ],
    [
      'pfn_first',
      range === null ? '' : pfnText(range.first),
      'or only these pages, both included; empty: all pages',
    ],
    ['pfn_last', range === null ? '' : pfnText(range.last), ''],
    [
      'reason',
      // No kernel that has page_pin_owner prints an old name.
      newReasonName(reason) ?? '',
      'of page_pin_owner only reports of this migrate reason: contig_range, compaction, memory_failure, ...',
    ],
    [
      'threshold_us',
      thresholdUs === null ? '' : String(thresholdUs),
      "of Android's first page_pinner only pins longer than this; empty: as the kernel has it",
    ],
    ['buffer_kb', String(bufferKb), 'KiB of buffer for each CPU'],
    ['clock', clock, 'global: in order across CPUs, and comparable with the times of page_owner'],
    ['stack', stack, `option or trigger.\n${STACK_BY[stack]}`],
    [
      'page_owner',
      yesNo(options.pageOwner),
      'copy page_owner at the end: who allocated the pages. yes or no',
    ],
    ['kallsyms', yesNo(options.kallsyms), 'copy kallsyms at the end: names of bare addresses. yes or no'],
    [
      'seconds',
      seconds === null ? '' : String(seconds),
      'without a command, end after so many; empty: at Enter',
    ],
  ];
  const settings = lines.map(([name, value, meaning]) => commented(`${name}=${shellQuoted(value)}`, meaning));
  return `set -eu
umask 077

# ---- What to record: change it here ------------------------------------------------------------

${settings.join('')}
# Where it is written, and where the kernel's files are; an environment variable of that name in capitals goes first.
output=\${OUTPUT:-page-holders-$(date +%Y%m%d-%H%M%S)}
tracefs=\${TRACEFS:-}
debugfs=\${DEBUGFS:-/sys/kernel/debug}
proc_kallsyms=\${KALLSYMS:-/proc/kallsyms}
cmdline=\${CMDLINE:-/proc/cmdline}

`;
}

/** A setting with its meaning before it, in lines of comments. */
function commented(setting: string, meaning: string): string {
  const lines = meaning === '' ? [] : meaning.split('\n').map((line) => `# ${line}\n`);
  return `${lines.join('')}${setting}\n`;
}

function yesNo(given: boolean): string {
  return given ? 'yes' : 'no';
}

/** As one word of the shell, whatever is in it: words that need no quotes have none. */
function shellQuoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
