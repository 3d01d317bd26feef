/** What `page-holders compare` is asked for. */
import { DEFAULT_QUERY } from '../engine/holdersQuery';
import type { CaptureInput } from './captureOptions';
import { oneOf, parseOptions, UsageError } from './options';

export interface CompareCommand {
  readonly name: 'compare';
  readonly before: string;
  readonly after: string;
  /** Both captures, and what goes with them. */
  readonly input: CaptureInput;
  readonly format: 'text' | 'json';
  readonly exitCode: boolean;
}

export const COMPARE_USAGE = `page-holders compare BEFORE AFTER [KALLSYMS]… [--rules FILE]
             [--format text|json] [--exit-code]
`;

export const COMPARE_HELP = `compare says what became of the holders of one capture in another, as before
and after a fix: those that are gone, new and changed, by kind and code path,
because PFNs and times differ in every recording. Files after the two name
bare addresses in them; a third capture is refused.

  --rules FILE    as for report
  --format FORMAT text (default) or json
  --exit-code     exit with 1 when AFTER has holders that BEFORE has not (a
                  cause without a holder, nobody, is none), or pages that
                  cannot be judged, or failures of which no page is named, and
                  BEFORE has none
`;

/** @throws UsageError */
export function compareCommand(args: readonly string[]): CompareCommand {
  const { values, positionals } = parseOptions('compare', args, {
    rules: { type: 'string' },
    format: { type: 'string' },
    'exit-code': { type: 'boolean' },
  });
  const [before, after] = positionals;
  if (before === undefined || after === undefined) throw new UsageError('compare', 'expected two captures');
  const { rules = null, format = 'text' } = values;
  return {
    name: 'compare',
    before,
    after,
    input: {
      captures: positionals,
      tree: null,
      vmlinux: null,
      modules: null,
      rules,
      query: DEFAULT_QUERY,
      ranges: [],
    },
    format: oneOf('compare', '--format', format, ['text', 'json']),
    exitCode: values['exit-code'] === true,
  };
}
