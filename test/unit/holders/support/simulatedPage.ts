/**
 * A page of a file, with what tasks do to it, and what an event trace has of that: who took which reference and which
 * put dropped it is known here, as in no recording. Stacks are those of recordings of 6.1.
 */
import type { EventText } from '../../support/traceText';
import { below, pick } from '../../capture/support/random';
import { FAULT, finish, MIGRATE, migrateEnd, migrateStart, named, PUTBACK, SCAN, start } from './pageEvents';

/** A reference as it was: events are numbered from 0, those that tell of no reference too. */
export interface TrueReference {
  readonly kind: UseName | 'allocation' | 'page-cache' | 'mapping';
  readonly weight: number;
  readonly taker: string;
  readonly cpu: number;
  readonly get: number;
  /** Null while it is there. */
  put: number | null;
}

/** Moment of a failed freeze, and what was there beyond what migration accounts for. */
export interface TrueFailure {
  readonly event: number;
  readonly held: readonly TrueReference[];
}

/**
 * How a task uses the page, and who ends that: `taker`, in the call that began it; `anyone`; or whoever is on the `cpu`
 * that it was begun on.
 */
interface Use {
  readonly get: readonly string[];
  readonly put: readonly string[];
  readonly endedBy: 'taker' | 'anyone' | 'cpu';
  readonly weight?: number;
}

const READ = ['filemap_read', 'ext4_file_read_iter', 'vfs_read', 'ksys_read'];
const FSYNC = [
  'mpage_prepare_extent_to_map',
  'ext4_writepages',
  'do_writepages',
  'ext4_sync_file',
  '__x64_sys_fsync',
];
const REMOTE = ['process_vm_rw_core.constprop.0', 'process_vm_rw', '__x64_sys_process_vm_readv'];
const GUP = ['internal_get_user_pages_fast', '__iov_iter_get_pages_alloc', 'iov_iter_get_pages2'];
const INTERRUPT = [
  'blk_update_request',
  'virtblk_done',
  'vring_interrupt',
  '__common_interrupt',
  'common_interrupt',
];
const RECLAIM = ['shrink_inactive_list', 'shrink_lruvec', 'shrink_node', 'balance_pgdat', 'kswapd'];

const USES = {
  pipe: {
    get: [...GUP, '__do_sys_vmsplice'],
    put: ['page_cache_pipe_buf_release', 'pipe_read', 'vfs_read', 'ksys_read'],
    endedBy: 'anyone',
  },
  pin: {
    get: ['try_grab_page', 'follow_page_pte', '__get_user_pages', '__get_user_pages_remote', ...REMOTE],
    put: ['gup_put_folio', 'unpin_user_pages', ...REMOTE],
    endedBy: 'taker',
    weight: 1024,
  },
  directIo: {
    get: [
      ...GUP,
      'bio_iov_iter_get_pages',
      'iomap_dio_bio_iter',
      '__iomap_dio_rw',
      'iomap_dio_rw',
      'vfs_read',
    ],
    put: ['__bio_release_pages', 'bio_check_pages_dirty', ...INTERRUPT],
    endedBy: 'anyone',
  },
  ring: {
    get: ['try_grab_page', 'follow_page_pte', '__get_user_pages', 'io_pin_pages', 'io_sqe_buffer_register'],
    put: ['gup_put_folio', 'unpin_user_page', 'io_buffer_unmap', 'io_rsrc_put_work', 'process_one_work'],
    endedBy: 'anyone',
    weight: 1024,
  },
  socket: {
    get: ['do_tcp_sendpages', 'tcp_sendpage_locked', 'tcp_sendpage', 'inet_sendpage', 'sock_sendpage'],
    put: ['skb_release_data', '__kfree_skb', 'tcp_clean_rtx_queue', 'tcp_ack', ...INTERRUPT],
    endedBy: 'anyone',
  },
  lookup: {
    get: ['find_get_pages_range_tag', 'pagevec_lookup_range_tag', ...FSYNC],
    put: ['release_pages', '__pagevec_release', ...FSYNC],
    endedBy: 'taker',
  },
  read: { get: ['filemap_get_read_batch', 'filemap_get_pages', ...READ], put: READ, endedBy: 'taker' },
  batch: {
    get: ['folio_activate', 'folio_mark_accessed', ...READ],
    put: ['release_pages', 'folio_batch_move_lru', 'lru_add_drain_cpu', 'lru_add_drain', 'unmap_region'],
    endedBy: 'cpu',
  },
  isolation: {
    get: ['isolate_lru_folios', ...RECLAIM],
    put: ['move_folios_to_lru', ...RECLAIM],
    endedBy: 'taker',
  },
} as const satisfies Readonly<Record<string, Use>>;

export type UseName = keyof typeof USES;

const WRITE = ['ext4_da_write_begin', 'generic_perform_write', 'ext4_buffered_write_iter', 'vfs_write'];
const EXIT = ['release_pages', 'tlb_batch_pages_flush', 'tlb_finish_mmu', 'exit_mmap', '__mmput', 'do_exit'];
const UNMAP = ['try_to_migrate_one', 'rmap_walk_file', 'try_to_migrate', ...MIGRATE];
const REMAP = ['remove_migration_pte', 'rmap_walk_file', ...MIGRATE];
const CPUS = 3;
/** Isolation, and the page cache. */
const EXPECTED = 2;

export class SimulatedPage {
  readonly events: EventText[] = [];
  readonly references: TrueReference[] = [];
  readonly failures: TrueFailure[] = [];
  private count = 0;
  private mapcount = 0;
  private tasks = 0;

  /** @param random numbers in [0, 1) */
  constructor(private readonly random: () => number) {
    this.write();
  }

  /** Something that some task does, or an attempt of CMA to move the page. */
  step(): void {
    const what = this.random();
    if (what < 0.1) this.map();
    else if (what < 0.15) this.unmapOne();
    else if (what < 0.25) this.attempt();
    else if (what < 0.65) this.begin();
    else this.end();
  }

  /** A page that a write brings into the page cache. */
  private write(): void {
    const task = this.newTask('writer');
    this.count = 1;
    const allocation = this.took('allocation', 1, task);
    this.push(
      task,
      `page_ref_set: pfn=0x100 flags=none count=1 mapcount=0 mapping=0000000000000000 mt=4 val=1`,
      ['get_page_from_freelist', '__alloc_pages', '__folio_alloc', '__filemap_get_folio', ...WRITE],
    );
    this.get('page-cache', 1, task, [
      '__filemap_add_folio',
      'filemap_add_folio',
      '__filemap_get_folio',
      ...WRITE,
    ]);
    this.put(allocation, task, ['generic_write_end', ...WRITE.slice(1)]);
  }

  private map(): void {
    this.get('mapping', 1, this.newTask('app'), [
      'next_uptodate_page',
      'filemap_map_pages',
      'do_fault',
      ...FAULT,
    ]);
    this.mapcount++;
  }

  private unmapOne(): void {
    const mappings = this.open().filter(({ kind }) => kind === 'mapping');
    if (mappings.length === 0) return;
    const mapping = pick(this.random, mappings);
    this.mapcount--;
    this.put(mapping, this.random() < 0.5 ? mapping.taker : this.newTask('thread'), EXIT);
  }

  private begin(): void {
    const kind = pick(this.random, Object.keys(USES) as UseName[]);
    // Who isolates a page takes it off the LRU list, from where nobody else can.
    if (kind === 'isolation' && this.open().some((each) => each.kind === kind)) return;
    const { get, endedBy, weight = 1 }: Use = USES[kind];
    // What does not end with the call may be begun again meanwhile.
    const takers = this.open().filter((each) => each.kind === kind && endedBy === 'anyone');
    const again = takers.length > 0 && this.random() < 0.2;
    this.get(kind, weight, again ? pick(this.random, takers).taker : this.newTask(kind), get);
  }

  private end(): void {
    const uses = this.open().filter(({ kind }) => kind in USES);
    if (uses.length === 0) return;
    const reference = pick(this.random, uses);
    const { put, endedBy }: Use = USES[reference.kind as UseName];
    if (endedBy === 'cpu') this.drain(reference.cpu);
    else this.put(reference, endedBy === 'taker' ? reference.taker : this.newTask('other'), put);
  }

  /** All batches of a CPU, one sort behind the other. */
  private drain(cpu: number): void {
    const task = this.newTask('other');
    const batches = this.open().filter((each) => each.kind === 'batch' && each.cpu === cpu);
    while (batches.length > 0) {
      const [batch] = batches.splice(below(this.random, batches.length), 1);
      this.put(batch!, task, USES.batch.put, cpu);
    }
  }

  /** That fails, as long as anybody has the page; the isolation of another task lets none be taken off the list. */
  private attempt(): void {
    const held = this.open().filter(({ kind }) => kind in USES);
    if (held.length === 0 || held.some(({ kind }) => kind === 'isolation')) return;
    this.events.push(start);
    const isolation = this.get('isolation', 1, 'cma-1', SCAN);
    this.events.push(migrateStart);
    const passes = 1 + below(this.random, 3);
    for (let pass = 0; pass < passes; pass++) this.tryToMove(held);
    this.events.push(migrateEnd(1));
    const batch = this.get('batch', 1, 'cma-1', ['folio_add_lru', ...PUTBACK]);
    this.put(isolation, 'cma-1', PUTBACK);
    this.drain(batch.cpu);
    this.events.push(named('0x100'), finish);
  }

  private tryToMove(held: readonly TrueReference[]): void {
    const mappings = this.mapcount;
    while (this.mapcount > 0) {
      this.mapcount--;
      this.change('cma-1', -1, UNMAP);
    }
    this.failures.push({ event: this.events.length, held });
    this.push('cma-1', `page_ref_freeze: ${this.printed()} val=${EXPECTED} ret=0`, [
      'folio_migrate_mapping',
      'migrate_folio',
      ...MIGRATE,
    ]);
    for (; this.mapcount < mappings; this.mapcount++) this.change('cma-1', 1, REMAP);
  }

  private open(): TrueReference[] {
    return this.references.filter(({ put }) => put === null);
  }

  private newTask(name: string): string {
    return `${name}-${100 + this.tasks++}`;
  }

  private took(kind: TrueReference['kind'], weight: number, taker: string): TrueReference {
    const cpu = this.anyCpu();
    const reference: TrueReference = { kind, weight, taker, cpu, get: this.events.length, put: null };
    this.references.push(reference);
    return reference;
  }

  private get(
    kind: TrueReference['kind'],
    weight: number,
    taker: string,
    stack: readonly string[],
  ): TrueReference {
    const reference = this.took(kind, weight, taker);
    this.change(taker, weight, stack, reference.cpu);
    return reference;
  }

  private put(reference: TrueReference, task: string, stack: readonly string[], cpu = this.anyCpu()): void {
    reference.put = this.events.length;
    this.change(task, -reference.weight, stack, cpu);
  }

  private anyCpu(): number {
    return below(this.random, CPUS);
  }

  private change(task: string, by: number, stack: readonly string[], cpu = this.anyCpu()): void {
    this.count += by;
    const name = by > 0 ? 'page_ref_mod' : 'page_ref_mod_and_test';
    this.push(task, `${name}: ${this.printed()} val=${by}${by > 0 ? '' : ' ret=0'}`, stack, cpu);
  }

  private printed(): string {
    const { count, mapcount } = this;
    return `pfn=0x100 flags=uptodate|lru count=${count} mapcount=${mapcount} mapping=00000000deadbeef mt=4`;
  }

  private push(task: string, text: string, stack: readonly string[], cpu = 0): void {
    this.events.push({ task, text, stack, cpu });
  }
}
