/**
 * The kernel functions that the holders' code names, held against kernels: kernelFunctions.txt beside this file says
 * which of them has each function, so that a name that no kernel has is found without a kernel tree at hand. Where
 * there is one, the list is held against it. PAGE_HOLDERS_KERNEL_TREES names trees, with `:` between them;
 * UPDATE_KERNEL_FUNCTIONS=1 writes what they have into the list: look at the difference.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  ANONYMOUS_FUNCTIONS,
  COPYING_FUNCTIONS,
  DRIVER_PAGE_FUNCTIONS,
  FILE_FUNCTIONS,
  HUGETLB_FUNCTIONS,
} from '../../../src/holders/frameFacts';
import { STRENGTHS, type KindRule } from '../../../src/holders/kindRule';
import {
  ALLOCATOR_FUNCTIONS,
  ISOLATION_SCANNERS,
  KIND_RULES,
  MIGRATE_FUNCTIONS,
  PLUMBING,
  PUTBACK_FUNCTIONS,
  REASON_BY_FUNCTION,
  REMAP_FUNCTIONS,
  UNMAP_FUNCTIONS,
} from '../../../src/holders/kindRules';

const LIST = 'test/unit/holders/kernelFunctions.txt';
const FOLDERS = 'arch block crypto drivers fs include io_uring ipc kernel lib mm net security sound virt';
/** Kernels that were looked through from end to end, as the list names them. */
const SEARCHED = ['5.10', '6.1', '6.12', '7.3'];

/** In no kernel that was looked through from end to end. Those that are not made by a macro were found by hand. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['__do_sys_vmsplice', 'SYSCALL_DEFINE makes it'],
  ['__get_huge_page_for_hwpoison', 'from 5.18 on, until stable kernels took a later change'],
  ['__lru_cache_add', 'up to 5.7'],
  ['copy_one_pte', 'up to 5.8'],
  ['demote_page_list', '5.15'],
  ['end_page_private_2', '5.13 to 5.15'],
  ['folio_create_empty_buffers', '6.5 and 6.6'],
  ['generic_file_buffered_read_get_pages', '5.11'],
  ['hugetlb_follow_page_mask', 'between 6.1 and 6.12'],
  ['isolate_huge_page', '5.10 as it was released'],
  ['mlock_page', '5.18'],
  ['mpage_readpages', 'up to 5.7'],
  ['mshv_region_evict', 'between 6.12 and 7.3, as mshv_root_main.c came'],
  ['mshv_region_evict_pages', 'the same'],
  ['mshv_region_populate', 'the same'],
  ['mshv_region_populate_pages', 'the same'],
  ['napi_frag_unref', 'between 6.1 and 6.12'],
  ['os_lock_user_pages', 'the kernel module of NVIDIA'],
  ['os_unlock_user_pages', 'the same'],
  ['page_cache_readahead_unbounded', '5.8'],
  ['put_and_unmap_page', '6.4, before it became unmap_and_put_page'],
  ['swap_cache_add_folio', '6.18'],
  ['vaddr_get_pfn', 'up to 5.11, and 5.10 as it was released'],
]);

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function functionsOf(rule: KindRule): readonly string[] {
  const sides = [rule.acquire, rule.release];
  return [...sides.flatMap((side) => STRENGTHS.flatMap((strength) => side[strength] ?? [])), ...rule.takenIn];
}

const NAMED = [
  ...new Set([
    ...KIND_RULES.flatMap(functionsOf),
    ...PLUMBING,
    ...ALLOCATOR_FUNCTIONS,
    ...MIGRATE_FUNCTIONS,
    ...PUTBACK_FUNCTIONS,
    ...ISOLATION_SCANNERS,
    ...REASON_BY_FUNCTION.keys(),
    ...REMAP_FUNCTIONS,
    ...UNMAP_FUNCTIONS,
    ...ANONYMOUS_FUNCTIONS,
    ...FILE_FUNCTIONS,
    ...COPYING_FUNCTIONS,
    ...DRIVER_PAGE_FUNCTIONS,
    ...HUGETLB_FUNCTIONS,
  ]),
].sort();

/** Kernels by function. */
function listed(): Map<string, string[]> {
  const rows = readFileSync(LIST, 'utf8')
    .split('\n')
    .filter((row) => row !== '');
  return new Map(
    rows.map((row) => {
      const [name = '', ...kernels] = words(row);
      return [name, kernels];
    }),
  );
}

const trees = (
  process.env['PAGE_HOLDERS_KERNEL_TREES'] ??
  process.env['PAGE_HOLDERS_KERNEL_TREE'] ??
  path.join(homedir(), '.cache/page-holders/linux-source-6.1')
)
  .split(':')
  .filter((tree) => existsSync(path.join(tree, 'Makefile')));

function versionOf(tree: string): string {
  const makefile = readFileSync(path.join(tree, 'Makefile'), 'utf8');
  const number = (name: string): string => new RegExp(`^${name} = (\\d+)`, 'm').exec(makefile)?.[1] ?? '';
  return `${number('VERSION')}.${number('PATCHLEVEL')}`;
}

function isDefinition(source: string, at: number, name: string): boolean {
  const before = source.slice(source.lastIndexOf('\n', at - 1) + 1, at);
  if (/^#define\s+$/.test(before)) return true;
  if (!/^(?:[A-Za-z_][\w \t*()]*[ \t*])?$/.test(before) || /\b(?:return|else|if|case|goto)\b/.test(before))
    return false;
  let end = at + name.length;
  if (!/^\s*\(/.test(source.slice(end, end + 80))) return false;
  for (let depth = 0; end < source.length; end++) {
    const character = source[end]!;
    if (character === ';' || character === '{') return false;
    if (character === '(') depth++;
    if (character === ')' && --depth === 0) break;
  }
  return /^(?:\s|\/\*.*?\*\/|__\w+(?:\([^)]*\))?)*\{/s.test(source.slice(end + 1, end + 200));
}

/**
 * Those that the tree defines: the name stands at the beginning of a line or behind a type, its parameters end in `{`,
 * or it is a macro. A name that only a comment or a call has is not enough.
 */
function definedIn(tree: string, names: readonly string[]): Set<string> {
  const search = ['-rbowHF', '--include=*.[ch]', '-f', '-', ...words(FOLDERS)];
  const output = { encoding: 'latin1' as const, maxBuffer: 1 << 28 };
  const hits = spawnSync('grep', search, { cwd: tree, ...output, input: names.join('\n') }).stdout;
  const found = new Set<string>();
  let read = '';
  let source = '';
  for (const hit of hits.split('\n')) {
    const [file = '', offset = '', name = ''] = hit.split(':');
    if (file === '' || found.has(name)) continue;
    if (file !== read) source = readFileSync(path.join(tree, file), 'latin1');
    read = file;
    if (isDefinition(source, Number(offset), name)) found.add(name);
  }
  return found;
}

test('each function that is named is in a kernel that was looked through, or known to be of another', () => {
  const kernels = listed();
  assert.deepEqual([...kernels.keys()], NAMED, 'UPDATE_KERNEL_FUNCTIONS=1 with all trees writes the list');
  const missing = NAMED.filter((name) => kernels.get(name)?.length === 0);
  assert.deepEqual(missing, [...ELSEWHERE.keys()].sort());
});

test(
  'the list says what the kernel trees at hand have',
  {
    skip:
      trees.length > 0 ? false : 'no kernel tree: unpack linux-source-6.1, or set PAGE_HOLDERS_KERNEL_TREES',
  },
  () => {
    const kernels = listed();
    const found = new Map(trees.map((tree) => [versionOf(tree), definedIn(tree, NAMED)]));
    if (process.env['UPDATE_KERNEL_FUNCTIONS'] === '1') {
      const rows = NAMED.map((name) => {
        const has = (version: string): boolean =>
          found.get(version)?.has(name) ?? kernels.get(name)?.includes(version) ?? false;
        return [name, ...SEARCHED.filter(has)].join(' ');
      });
      writeFileSync(LIST, `${rows.join('\n')}\n`);
      return;
    }
    for (const [version, functions] of found) {
      if (!SEARCHED.includes(version)) continue;
      const ofVersion = NAMED.filter((name) => kernels.get(name)?.includes(version));
      assert.deepEqual(
        NAMED.filter((name) => functions.has(name)),
        ofVersion,
        version,
      );
    }
  },
);
