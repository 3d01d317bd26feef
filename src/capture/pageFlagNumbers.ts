/**
 * Page flags that a text has as numbers. `perf script` and `trace-cmd report` print them so (`flags=0x8000c`,
 * `locked|0x8000c`), for libtraceevent does not know the enumerators in `1UL << PG_lru` of the print format. Which bit is
 * which flag changes with the version of the kernel, and few of these texts name theirs.
 */
import { ABSENT, PageFlag, type UncertainFlags } from './eventTable';
import { flagTables, flagsOfRelease, orderOfRelease, type FlagOrder } from './pageFlagOrders';

/** Where no kernel is named: the order of most that are recorded, 5.4, 5.10, 5.15 and 6.1 among them. */
const ASSUMED: FlagOrder = '4.20 to 6.5';
/** One of these; all have the same flags up to `mlocked`. */
const ASSUMED_RELEASE = '6.1';

/** Whether a number, or what was read from one, has bits that are other flags in another kernel: all but `locked`. */
export function needsOrder(number: number): boolean {
  return (number & ~PageFlag.locked) !== 0;
}

/** Reads them in the order of the kernel that the text names, or in the assumed one as long as no page contradicts it. */
export class PageFlagNumbers {
  private order: FlagOrder | null = null;
  private tables: Int32Array = new Int32Array(0);
  private isNamed = false;
  private isShown = false;
  private isRefuted = false;

  /** @param facts what the text says of itself: `kernel`, a release, and `architecture`. It says it before its events */
  constructor(private readonly facts: ReadonlyMap<string, string>) {}

  /** {@link PageFlag} bits of the lower 32 bits of a number, or {@link ABSENT}. */
  bitsOf(number: number): number {
    if (this.order === null) this.choose();
    if (this.isRefuted) return ABSENT;
    const { tables } = this;
    return (
      tables[number & 0xff]! |
      tables[256 + ((number >>> 8) & 0xff)]! |
      tables[512 + ((number >>> 16) & 0xff)]! |
      tables[768 + (number >>> 24)]!
    );
  }

  /**
   * Holds the order against an anonymous page that is mapped. Such a page is up to date in every kernel: it is marked so
   * before a page table gets it (mm/memory.c do_anonymous_page, do_swap_page, wp_page_copy). False when its flags show,
   * as the first ones, that the numbers have another order than that in which they are read.
   *
   * @param flags what {@link bitsOf} has made of its number
   */
  fits(flags: number): boolean {
    if (this.isRefuted) return true;
    if ((flags & PageFlag.uptodate) === 0) {
      this.isRefuted = true;
      return false;
    }
    // What is `dirty` in the assumed order is `uptodate` in all others.
    if ((flags & PageFlag.dirty) === 0) this.isShown = true;
    return true;
  }

  /** How the numbers were read, for people; null where there was none. */
  get source(): string | null {
    if (this.order === null) return null;
    if (this.isRefuted) return 'numbers in an unknown order, not read';
    const source = `enum pageflags of Linux ${this.order}`;
    if (this.isNamed) return source;
    return this.isShown ? `${source}, as anonymous pages show` : `${source}, assumed`;
  }

  /** Null where the order is certain. */
  get uncertain(): UncertainFlags | null {
    const { order } = this;
    if (order === null) return null;
    if (this.isRefuted) return { order, certainty: 'refuted' };
    return this.isNamed || this.isShown ? null : { order, certainty: 'assumed' };
  }

  private choose(): void {
    const release = this.facts.get('kernel') ?? null;
    const named = orderOfRelease(release);
    this.isNamed = named !== null;
    this.order = named ?? ASSUMED;
    const architecture = this.facts.get('architecture') ?? null;
    this.tables = flagTables(flagsOfRelease(named === null ? ASSUMED_RELEASE : release!, architecture));
  }
}
