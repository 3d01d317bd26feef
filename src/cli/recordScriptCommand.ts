/** What `page-holders record-script` is asked for. */
import { parsePfnRange } from '../engine/holdersQuery';
import { MIGRATE_REASONS } from '../engine/reasonFilter';
import {
  DEFAULT_RECORDING,
  EVENT_SOURCES,
  STACK_BY,
  TRACE_CLOCKS,
  type EventSource,
  type RecordedPages,
  type RecordOptions,
} from '../engine/recording/recordOptions';
import { namesOf } from '../engine/holdersQuery';
import { wrappedNames } from './helpText';
import { oneOf, parseOptions, refuseTurnedRange, UsageError } from './options';

export interface RecordScriptCommand {
  readonly name: 'record-script';
  readonly recording: RecordOptions;
}

export const RECORD_SCRIPT_USAGE = `page-holders record-script [--trace-cmd] [--events SOURCE]
             [--cma-area NAME | --pfn A..B] [--reason NAME] [--threshold US]
             [--buffer KIB] [--clock NAME] [--stack option|trigger]
             [--seconds N] [--no-page-owner] [--no-kallsyms]
`;

export const RECORD_SCRIPT_HELP = `record-script prints a POSIX shell script that records a capture; nothing is
run here. On the target, as root, it says what the kernel offers, records while
a command runs or until Enter, sets tracing back as it was, and writes into a
new folder only:
page-holders record-script --cma-area reserved > record-page-holders.sh

  --trace-cmd     records with trace-cmd, which writes trace.dat meanwhile;
                  else with tracefs alone, which keeps the newest events that
                  fit the buffer
  --events SOURCE auto            the best that the kernel has (default)
                  page_ref        every get and put (CONFIG_DEBUG_PAGE_REF)
                  page_pin_owner  puts after each failed migration (the RFC)
                  page_pinner     the same, of the first RFC or of Android
  --cma-area NAME only pages of this CMA area, as debugfs of the target has it
  --pfn A..B      only these pages, both included: 0x12800..0x12fff
  --reason NAME   only reports of page_pin_owner with this migrate reason:
${wrappedNames(MIGRATE_REASONS)}
  --threshold US  only pins longer than this, of Android's first page_pinner
  --buffer KIB    of each CPU (default ${DEFAULT_RECORDING.bufferKb})
  --clock NAME    a trace clock (default ${DEFAULT_RECORDING.clock}):
${wrappedNames(TRACE_CLOCKS)}
  --stack HOW     option   a stack after every event (default)
                  trigger  after the events of pages only
  --seconds N     ends after so long where no command is given
  --no-page-owner, --no-kallsyms
                  copies neither at the end
`;

/** More than any machine has. */
const LARGEST_NUMBER = 1e9;

/** @throws UsageError */
export function recordScriptCommand(args: readonly string[]): RecordScriptCommand {
  const { values, positionals } = parseOptions('record-script', args, {
    'trace-cmd': { type: 'boolean' },
    events: { type: 'string' },
    'cma-area': { type: 'string' },
    pfn: { type: 'string' },
    reason: { type: 'string' },
    threshold: { type: 'string' },
    buffer: { type: 'string' },
    clock: { type: 'string' },
    stack: { type: 'string' },
    seconds: { type: 'string' },
    'no-page-owner': { type: 'boolean' },
    'no-kallsyms': { type: 'boolean' },
  });
  const [file] = positionals;
  if (file !== undefined) throw new UsageError('record-script', `unexpected ${file}`);
  const { events, reason, threshold, buffer, stack, seconds } = values;
  const given = DEFAULT_RECORDING;
  refuseForOthers('--reason', reason, events, 'page_pin_owner');
  refuseForOthers('--threshold', threshold, events, 'page_pinner');
  return {
    name: 'record-script',
    recording: {
      writer: values['trace-cmd'] === true ? 'trace-cmd' : 'tracefs',
      events: oneOf('record-script', '--events', events ?? given.events, namesOf(EVENT_SOURCES)),
      pages: pagesOf(values['cma-area'], values.pfn),
      reason: reason === undefined ? null : oneOf('record-script', '--reason', reason, MIGRATE_REASONS),
      thresholdUs: threshold === undefined ? null : numberOf('--threshold', threshold),
      bufferKb: buffer === undefined ? given.bufferKb : numberOf('--buffer', buffer),
      clock: oneOf('record-script', '--clock', values.clock ?? given.clock, TRACE_CLOCKS),
      stack: oneOf('record-script', '--stack', stack ?? given.stack, namesOf(STACK_BY)),
      pageOwner: values['no-page-owner'] !== true,
      kallsyms: values['no-kallsyms'] !== true,
      seconds: seconds === undefined ? null : numberOf('--seconds', seconds),
    },
  };
}

function pagesOf(area: string | undefined, pfns: string | undefined): RecordedPages {
  if (area !== undefined && pfns !== undefined) {
    throw new UsageError('record-script', '--cma-area and --pfn are two ways to say the same; expected one');
  }
  if (area !== undefined) {
    if (/^[^/\s]+$/.test(area)) return { kind: 'cma-area', name: area };
    throw new UsageError('record-script', `--cma-area ${area}: expected a name as in debugfs, like reserved`);
  }
  if (pfns === undefined) return { kind: 'all' };
  const range = parsePfnRange(pfns);
  if (range !== null) return { kind: 'pfns', range };
  refuseTurnedRange('record-script', pfns);
  throw new UsageError(
    'record-script',
    `--pfn ${pfns}: expected page frame numbers, like 0x12800..0x12fff or 77720`,
  );
}

/** What only some events have is not left out in silence for others. */
function refuseForOthers(
  option: string,
  value: string | undefined,
  events: string | undefined,
  own: EventSource,
): void {
  if (value === undefined || events === undefined || events === 'auto' || events === own) return;
  throw new UsageError(
    'record-script',
    `${option} ${value}: is of ${own} alone; expected --events ${own} or auto`,
  );
}

function numberOf(option: string, given: string): number {
  const number = /^\d{1,10}$/.test(given) ? Number(given) : 0;
  if (number > 0 && number <= LARGEST_NUMBER) return number;
  throw new UsageError('record-script', `${option} ${given}: expected a number from 1 to ${LARGEST_NUMBER}`);
}
