/** A page dump of which lines may still come. */
export interface OpenDump {
  readonly row: number;
  hasFlags: boolean;
  hasReason: boolean;
}

/** Lines that each dump has once, in this order (mm/debug.c). */
export type OnceInDump = 'hasFlags' | 'hasReason';

/** More than print at one time: a log without reasons, as grep leaves it, has no end of dumps that wait for theirs. */
const MOST_MIXED = 64;

const NAMES: Readonly<Record<OnceInDump, string>> = { hasFlags: 'flags', hasReason: 'reason' };

/**
 * The page dumps that are under way where no line says who prints it: those of several CPUs may stand mixed line by
 * line, each in its own order. A line is taken where one dump alone can wait for it, or where all that wait for one get
 * the same words.
 */
export class MixedDumps {
  private open: OpenDump[] = [];
  private held: Record<OnceInDump, string[]> = noneHeld();
  /** The newest dump began before the one before it can be known to be over. */
  private isBehindOther = false;

  /** `problem` is told what cannot be told apart. */
  constructor(private readonly problem: (message: string) => void) {}

  /** A dump begins; `others` is false where the dumps before it are over. */
  begin(row: number, others: boolean): void {
    this.isBehindOther = others && this.open.length > 0;
    const areOver = this.open.length === MOST_MIXED || this.open.every(({ hasReason }) => hasReason);
    if (!others || areOver) this.forget();
    this.open.push({ row, hasFlags: false, hasReason: false });
  }

  /** Lines that come may be of any of several dumps. */
  get areMixed(): boolean {
    return this.open.length > 1;
  }

  /** Some dump has no flags yet. */
  get waitForFlags(): boolean {
    return this.waitingFor('hasFlags').length > 0;
  }

  /** The newest dump has its first line alone, so that what stands far behind that in a dump is of one before it. */
  get isOfOther(): boolean {
    const newest = this.open.at(-1);
    return this.isBehindOther && newest?.hasFlags === false && !newest.hasReason;
  }

  /** The dump that a line before its flags is of, or null. */
  get onlyBeforeFlags(): OpenDump | null {
    const waiting = this.waitingFor('hasFlags');
    return waiting.length === 1 ? waiting[0]! : null;
  }

  /** The dumps that a line is of; none where that cannot be told, or not yet. */
  take(what: OnceInDump, text: string): readonly OpenDump[] {
    const held = this.held[what];
    const waiting = this.waitingFor(what);
    if (waiting.length === 0) return [];
    held.push(text);
    if (held.length < waiting.length) return [];
    this.held[what] = [];
    for (const dump of waiting) dump[what] = true;
    if (held.every((each) => each === text)) return waiting;
    this.cannotTell(what, waiting.length);
    return [];
  }

  /** No line comes for those that began before. */
  forget(): void {
    for (const what of ['hasFlags', 'hasReason'] as const) {
      if (this.held[what].length > 0) this.cannotTell(what, this.waitingFor(what).length);
    }
    this.open = [];
    this.held = noneHeld();
  }

  private waitingFor(what: OnceInDump): readonly OpenDump[] {
    const waiting = this.open.filter((dump) => !dump[what]);
    if (what === 'hasFlags') return waiting;
    const withFlags = waiting.filter(({ hasFlags }) => hasFlags);
    return withFlags.length > 0 ? withFlags : waiting;
  }

  private cannotTell(what: OnceInDump, dumps: number): void {
    this.problem(
      `${dumps} page dumps mixed line by line, and nothing says whose ${NAMES[what]} a line has, expected one after the ` +
        'other or the caller of each line (CONFIG_PRINTK_CALLER); these were left out',
    );
  }
}

function noneHeld(): Record<OnceInDump, string[]> {
  return { hasFlags: [], hasReason: [] };
}
