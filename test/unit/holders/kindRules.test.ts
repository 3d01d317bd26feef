/** The kind table as data: no rule contradicts another, none is dead, and real captures leave nothing unnamed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventKind, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { countChange, isPageRef } from '../../../src/holders/countChange';
import { STRENGTHS, type KindRule, type Strength } from '../../../src/holders/kindRule';
import { KIND_LABEL } from '../../../src/holders/kindLabel';
import { KIND_RULES } from '../../../src/holders/kindRules';
import type { Site } from '../../../src/holders/matchSite';
import { StackSites } from '../../../src/holders/stackSites';
import { knownCaptures } from '../../truth/captures';
import { captureOf, memorySource } from '../support/traceText';

type Side = 'acquire' | 'release';
const SIDES: readonly Side[] = ['acquire', 'release'];

/**
 * Functions that stand in two rules of one direction on purpose: the earlier rule counts, the later one names the
 * same step of another caller.
 */
const SHARED_ON_PURPOSE: ReadonlySet<string> = new Set([
  // A buffer head's page: at the innermost frame the reference of the buffers, further out the lookup of the page.
  'acquire __getblk_slow',
  'acquire grow_dev_page',
  'acquire grow_dev_folio',
]);

function nameOf(rule: KindRule): string {
  return rule.label ?? KIND_LABEL[rule.kind];
}

interface Named {
  readonly rule: KindRule;
  readonly side: Side;
  readonly strength: Strength;
  readonly functionName: string;
}

const ALL: readonly Named[] = KIND_RULES.flatMap((rule) =>
  SIDES.flatMap((side) =>
    STRENGTHS.flatMap((strength) =>
      (rule[side][strength] ?? []).map((functionName) => ({ rule, side, strength, functionName })),
    ),
  ),
);

test('no function is named by two rules of one direction, unless that is meant', () => {
  const seen = new Map<string, Named>();
  for (const named of ALL) {
    const key = `${named.side} ${named.functionName}`;
    const other = seen.get(key);
    seen.set(key, named);
    if (other === undefined || SHARED_ON_PURPOSE.has(key)) continue;
    assert.equal(
      other.rule,
      named.rule,
      `${key} stands in “${nameOf(other.rule)}” and “${nameOf(named.rule)}”`,
    );
    assert.notEqual(other.strength, named.strength, `${key} stands twice in “${nameOf(named.rule)}”`);
  }
});

test('every rule says what it rests on, closes its own kind and is reached by each of its functions', async () => {
  const stacks = ALL.map(({ functionName }) => [functionName]);
  const sites = await sitesOf(stacks);
  for (const [index, { rule, side, functionName }] of ALL.entries()) {
    const found = sites[index]![side];
    assert.equal(found?.matchedFunction, functionName);
    if (!SHARED_ON_PURPOSE.has(`${side} ${functionName}`)) assert.equal(found.rule, rule, functionName);
  }
  for (const rule of KIND_RULES) {
    assert.match(rule.restsOn, /\w\/[\w*-]+/, nameOf(rule));
    assert.equal(rule.closes[0], rule.kind, nameOf(rule));
    assert.ok(rule.takenIn.length > 0, nameOf(rule));
    for (const name of rule.takenIn) assert.match(name, /^[a-z_][a-z0-9_]*$/);
  }
});

async function sitesOf(stacks: readonly (readonly string[])[]) {
  const event = {
    task: 'any-1',
    text: 'page_ref_mod: pfn=0x1 flags= count=2 mapcount=0 mapping=0 mt=1 val=1',
  };
  const capture = await captureOf(stacks.map((stack) => ({ ...event, stack })));
  assert.equal(capture.events.length, stacks.length);
  const sites = new StackSites(capture.symbols);
  return Array.from({ length: stacks.length }, (_, row) => sites.of(capture.events.stack[row]!));
}

async function acquireOf(stack: readonly string[]): Promise<Site | null> {
  return (await sitesOf([stack]))[0]!.acquire;
}

test('a module that is not of the kernel tree is the holder, behind GUP and before what called it', async () => {
  const acme = await acquireOf([
    'internal_get_user_pages_fast',
    'pin_user_pages',
    'acme_pin_buffer [acme]',
    '_acme032165 [acme]',
    '__x64_sys_ioctl',
  ]);
  assert.equal(acme?.rule.kind, 'driver');
  assert.equal(acme.functionName, 'acme_pin_buffer');
  assert.equal(acme.module, 'acme');
  const insideFault = await acquireOf(['foo_fault [foo]', '__do_fault', 'do_fault', 'finish_fault']);
  assert.equal(insideFault?.rule.kind, 'driver');
  const mapped = await acquireOf(['vm_insert_page', 'foo_mmap [foo]', 'mmap_region']);
  assert.equal(mapped?.rule.kind, 'page-table');
  const lookup = await acquireOf(['__filemap_get_folio', 'zfs_getpage [zfs]', 'ksys_read']);
  assert.deepEqual([lookup?.rule.kind, lookup?.functionName], ['page-cache-lookup', 'zfs_getpage']);
});

test('a filesystem’s private data is what migration expects, though folio_attach_private leaves no frame', async () => {
  const stacks = [
    ['f2fs_update_dirty_folio', 'folio_mark_dirty'],
    ['btrfs_attach_folio_state', 'set_folio_extent_mapped', 'prepare_one_folio'],
    ['__migrate_folio', 'filemap_migrate_folio', 'move_to_new_folio', 'migrate_pages'],
  ];
  for (const stack of stacks) assert.equal((await acquireOf(stack))?.rule.kind, 'private-data', stack[0]);
});

test('functions that take no reference name none', async () => {
  // hmm_range_fault keeps none: what its faults take is theirs.
  assert.equal(await acquireOf(['hmm_range_fault', 'amdgpu_ttm_tt_get_user_pages', 'drm_ioctl']), null);
  assert.equal(await acquireOf(['page_ref_mod', 'set_page_private', 'xfs_something']), null);
});

test('the pins of the NVIDIA driver are known, held for long by design, and say their module', async () => {
  const stack = ['try_grab_page', 'pin_user_pages', 'os_lock_user_pages [nvidia]', '_nv032165rm [nvidia]'];
  const site = await acquireOf(stack);
  assert.deepEqual(
    [site?.rule.label, site?.rule.expectedLongTerm, site?.functionName, site?.module],
    ['NVIDIA user memory pin', true, 'os_lock_user_pages', 'nvidia'],
  );
});

test('7.3 names what 6.1 named otherwise', async () => {
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [
      'RDMA memory region pin',
      ['try_grab_folio_fast', 'gup_fast_fallback', '__ib_umem_get_va', 'ib_umem_get_desc'],
    ],
    ['khugepaged', ['collapse_scan_file', 'collapse_single_pmd', 'khugepaged']],
    ['Hyper-V guest memory pin', ['try_grab_folio_fast', 'pin_user_pages_fast', 'mshv_region_pin']],
    ['device user memory pin', ['try_grab_folio_fast', 'pin_user_pages_fast', 'ublk_ctrl_reg_buf']],
  ];
  for (const [label, stack] of steps) assert.equal((await acquireOf(stack))?.rule.label, label);
});

test('a module of the kernel tree is not in the way of the rules, and named when there is none', async () => {
  const ext4 = await acquireOf(['try_grab_page', 'get_user_pages', 'ext4_something [ext4]']);
  assert.deepEqual([ext4?.rule.kind, ext4?.functionName], ['gup-get', 'ext4_something']);
  const vfio = await acquireOf(['try_grab_folio', 'vaddr_get_pfns [vfio_iommu_type1]']);
  assert.equal(vfio?.rule.label, 'VFIO pin');
  const unknown = await acquireOf(['ext4_something [ext4]', 'vfs_write']);
  assert.deepEqual([unknown?.rule.kind, unknown?.module], ['driver', 'ext4']);
});

test('what a fault takes is the fault’s, whoever touched the address', async () => {
  const fault = ['__handle_mm_fault', 'handle_mm_fault'];
  const [byGup, byCopy] = await sitesOf([
    [...fault, '__get_user_pages', 'pin_user_pages_remote', 'process_vm_rw_core'],
    [...fault, 'do_user_addr_fault', 'asm_exc_page_fault', 'copy_page_to_iter', 'process_vm_rw_core'],
  ]);
  assert.equal(byGup?.release?.rule.kind, 'page-table');
  assert.equal(byCopy?.release?.rule.kind, 'page-table');
});

test('frames beyond an interrupt are the interrupted task’s, on arm64 too', async () => {
  const [site] = await sitesOf([
    ['__bio_release_pages', 'bio_check_pages_dirty', 'gic_handle_irq', 'el1_interrupt', 'pipe_read'],
  ]);
  assert.equal(site?.release?.rule.kind, 'direct-io');
  assert.deepEqual(site.functions, ['__bio_release_pages', 'bio_check_pages_dirty']);
});

/** What a perf.data says of frames `name` or `name module`, whose functions may be addresses alone. */
function siteOfFrames(frames: readonly string[]) {
  const parts = frames.map((frame) => frame.split(' '));
  const symbols = {
    stackCount: 1,
    stackFrames: () => Int32Array.from(frames.keys()),
    frameFunction: (frame: number) => parts[frame]![0]!,
    frameModule: (frame: number) => parts[frame]![1] ?? null,
  };
  return new StackSites(symbols).of(0);
}

test('an address without a name gives its module, unless an interrupt stands before it', () => {
  const address = '0xffffffffc0123456 nvidia';
  const { acquire } = siteOfFrames(['try_grab_page', 'pin_user_pages', address, '__x64_sys_ioctl']);
  assert.deepEqual([acquire?.rule.kind, acquire?.module], ['driver', 'nvidia']);
  // The interrupted driver has nothing to do with what the interrupt takes.
  const beyond = siteOfFrames(['something_new', 'asm_common_interrupt', address]);
  assert.deepEqual([beyond.acquire, beyond.release], [null, null]);
  // Of addresses alone, what stands before the driver may be anything.
  const nameless = siteOfFrames(['0xffffffff81234567', address]);
  assert.deepEqual([nameless.acquire, nameless.release, nameless.functions], [null, null, []]);
});

interface Found {
  readonly rules: Set<KindRule>;
  readonly unnamed: string[];
}

/** Which rules the changes of a capture reach, and stacks with function names that none names. */
function rulesOf(capture: Capture, found: Found): void {
  const { events, symbols } = capture;
  const sites = new StackSites(symbols);
  for (let row = 0; row < events.length; row++) {
    const side = sideOf(capture, row);
    if (side === null) continue;
    const site = sites.of(events.stack[row]!);
    const match = site[side];
    if (match !== null) found.rules.add(match.rule);
    // Addresses without symbols (a perf.data without kallsyms) name nothing.
    else if (site.functions.length > 0)
      found.unnamed.push(`${side}: ${site.functions.slice(0, 6).join(' < ')}`);
  }
}

function sideOf({ events }: Capture, row: number): Side | null {
  const kind = events.kind[row]!;
  if (kind === EventKind.PinPut) return 'release';
  const isSum =
    kind === EventKind.PageRefSet || kind === EventKind.PageRefFreeze || kind === EventKind.PageRefUnfreeze;
  if (!isPageRef(kind) || isSum) return null;
  const change = countChange(events, row);
  if (change === 0) return null;
  return change > 0 ? 'acquire' : 'release';
}

async function rulesOfAll(folder: string): Promise<Found> {
  const found: Found = { rules: new Set(), unnamed: [] };
  for (const { file } of knownCaptures(folder)) {
    rulesOf(await openCapture(memorySource(file, readFileSync(file))), found);
  }
  return found;
}

test('no reference of the fixtures is unnamed', async () => {
  const { rules, unnamed } = await rulesOfAll('test/fixtures');
  assert.deepEqual([...new Set(unnamed)], []);
  for (const rule of rules) assert.equal(rule.seenIn, 'recordings', nameOf(rule));
});

test('no reference of the shared captures is unnamed, and they reach the rules that say so', async (t) => {
  const { rules, unnamed } = await rulesOfAll('../shared/captures');
  if (rules.size === 0) {
    t.skip('../shared/captures is not there');
    return;
  }
  assert.deepEqual([...new Set(unnamed)], []);
  const names = (seenIn: KindRule['seenIn']): string[] =>
    KIND_RULES.filter((rule) => rule.seenIn === seenIn).map((rule) => `${rule.kind}: ${nameOf(rule)}`);
  const reached = KIND_RULES.filter((rule) => rules.has(rule)).map((rule) => `${rule.kind}: ${nameOf(rule)}`);
  assert.deepEqual(reached, names('recordings'));
  t.diagnostic(`From reading the kernel alone: ${names('source').join('; ')}`);
});
