/**
 * Numbers of the kernel's enumerations, as a source tree has them: they differ by version, and by configuration where
 * #ifdef stands between.
 */

export interface EnumValue {
  readonly name: string;
  /** Options of the configuration that decide whether the number is this one; empty when it is sure. */
  readonly dependsOn: readonly string[];
}

/** Options that are set; null when the configuration is not known: then they are taken to be. */
export type KernelConfig = ReadonlySet<string> | null;

/** More lines are no enumeration. */
const LONGEST_ENUM = 400;

/**
 * The values of an enumeration by number. Of several names of one number it is the first.
 *
 * @returns an empty map when the header has no such enumeration
 */
export function enumValues(
  header: string,
  name: string,
  config: KernelConfig,
): ReadonlyMap<number, EnumValue> {
  const values = new Map<number, EnumValue>();
  const numbers = new Map<string, number>();
  const open: string[] = [];
  const doubts = new Set<string>();
  let next = 0;
  for (const line of enumLines(header, name)) {
    const directive = /^\s*#\s*(\w+)\s*(.*)$/.exec(line);
    if (directive !== null) {
      const [, word = '', condition = ''] = directive;
      if (word.startsWith('if')) open.push(word === 'ifndef' ? `!${condition}` : condition);
      else if (word === 'endif') open.pop();
      else if (word.startsWith('el')) open.push(`!(${open.pop() ?? ''})`);
      continue;
    }
    const state = open.map((condition) => isSet(condition, config));
    for (const option of state.flatMap(({ unknown }) => unknown)) doubts.add(option);
    if (state.some(({ value }) => !value)) continue;
    for (const part of line.split(',')) {
      const [, entry, equal] = /^\s*([A-Za-z_]\w*)\s*(?:=\s*(\w+))?\s*$/.exec(part) ?? [];
      if (entry === undefined) continue;
      if (equal !== undefined) next = numbers.get(equal) ?? Number(equal);
      if (!Number.isInteger(next)) return new Map();
      numbers.set(entry, next);
      if (!values.has(next)) values.set(next, { name: entry, dependsOn: [...doubts] });
      next++;
    }
  }
  return values;
}

/** Lines between the braces, without comments. */
function enumLines(header: string, name: string): readonly string[] {
  const start = new RegExp(`\\benum\\s+${name}\\s*\\{`).exec(header);
  if (start === null) return [];
  const body = header.slice(start.index + start[0].length);
  const end = body.indexOf('};');
  return body
    .slice(0, Math.max(0, end))
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .split('\n', LONGEST_ENUM);
}

/** Conditions are options joined by && or ||; what else there is counts as not known, and as true. */
function isSet(condition: string, config: KernelConfig): { value: boolean; unknown: readonly string[] } {
  const options = condition.match(/CONFIG_\w+/g) ?? [];
  if (config === null || options.length === 0) return { value: !condition.startsWith('!'), unknown: options };
  const set = (option: string): boolean => config.has(option);
  const value = condition.includes('||') ? options.some(set) : options.every(set);
  return { value: condition.startsWith('!') ? !value : value, unknown: [] };
}

/** Options of a `.config` that are built in or modules. */
export function configOptions(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^(CONFIG_\w+)=[ym]$/gm)].map(([, option]) => option!));
}

/** Names in order from 0, as an enumeration has them. */
function inOrder(names: string): ReadonlyMap<number, EnumValue> {
  return new Map(names.split(' ').map((name, number) => [number, { name, dependsOn: [] }]));
}

/** Of Linux 6.1 on x86-64 with CONFIG_CMA, CONFIG_MEMORY_ISOLATION and CONFIG_MEMORY_FAILURE. */
export const LINUX_6_1 = {
  pageFlags: inOrder(
    'PG_locked PG_referenced PG_uptodate PG_dirty PG_lru PG_active PG_workingset PG_waiters PG_error PG_slab ' +
      'PG_owner_priv_1 PG_arch_1 PG_reserved PG_private PG_private_2 PG_writeback PG_head PG_mappedtodisk ' +
      'PG_reclaim PG_swapbacked PG_unevictable PG_mlocked PG_uncached PG_hwpoison',
  ),
  migratetypes: inOrder(
    'MIGRATE_UNMOVABLE MIGRATE_MOVABLE MIGRATE_RECLAIMABLE MIGRATE_HIGHATOMIC MIGRATE_CMA MIGRATE_ISOLATE',
  ),
  migrateReasons: inOrder(
    'MR_COMPACTION MR_MEMORY_FAILURE MR_MEMORY_HOTPLUG MR_SYSCALL MR_MEMPOLICY_MBIND MR_NUMA_MISPLACED ' +
      'MR_CONTIG_RANGE MR_LONGTERM_PIN MR_DEMOTION',
  ),
};
