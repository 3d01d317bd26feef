/**
 * The open references of one page, in the order in which they were taken.
 *
 * Pages of shared libraries are mapped by thousands of tasks, and each put asks which reference it drops. So references
 * that are alike in all that a put looks at stand in one group: a question costs as much as there are groups (distinct
 * stacks that took the page), however many references there are.
 */
import type { LedgerReference } from './ledgerReference';
import type { Kind } from './model';
import { Link, TakenOrder } from './takenOrder';

/** In place of the stack of a get that the capture does not show; gets without a stack have NONE. */
export const NO_GET = -2;

const MOST_EMPTY_GROUPS = 16;

/** What may change while a reference is open. */
type Changes = Partial<Pick<LedgerReference, 'kind' | 'suspended' | 'ambiguous'>>;

/** References that are alike. */
export interface Group extends Readonly<
  Pick<LedgerReference, 'kind' | 'weight' | 'suspended' | 'ambiguous' | 'site'>
> {
  /** Stack of their gets, NONE without one, {@link NO_GET} where the capture does not show them. */
  readonly stack: number;
  readonly all: TakenOrder;
  /** By the pid of the task that took them, NONE where nothing names one. */
  readonly byTaker: Map<number, TakenOrder>;
}

/** Where an open reference stands. */
export interface Standing {
  readonly taker: number;
  readonly stack: number;
  readonly inAll: Link;
  /** Its place in {@link group}, and there among those of its task. */
  readonly inGroup: Link;
  readonly inTaker: Link;
  group: Group;
}

export class OpenReferences {
  private readonly all = new TakenOrder();
  private readonly groups: Group[] = [];
  private places = 0;
  private sum = 0;

  /** Whether one reference is open, of a kind. */
  isOnly(kind: Kind): boolean {
    return this.all.length === 1 && this.all.oldest?.reference.kind === kind;
  }

  /** Of those that are not suspended. */
  get weight(): number {
    return this.sum;
  }

  /** Oldest first. */
  references(): LedgerReference[] {
    return this.all.references();
  }

  /**
   * Those that count, oldest first.
   *
   * @param known what they were at some time before: the same list where they are the same
   */
  counted(known: readonly LedgerReference[] = []): readonly LedgerReference[] {
    if (this.areCounted(known)) return known;
    const references: LedgerReference[] = [];
    for (let link = this.all.oldest; link !== null; link = link.behind) {
      if (!link.reference.suspended) references.push(link.reference);
    }
    return references;
  }

  private areCounted(known: readonly LedgerReference[]): boolean {
    let index = 0;
    for (let link = this.all.oldest; link !== null; link = link.behind) {
      if (!link.reference.suspended && known[index++] !== link.reference) return false;
    }
    return index === known.length;
  }

  /**
   * @param taker pid of the task that took it, or NONE
   * @param stack id of the stack of its get, NONE without one, or {@link NO_GET}
   */
  add(reference: LedgerReference, taker: number, stack: number): void {
    const place = this.places++;
    const standing: Standing = {
      taker,
      stack,
      inAll: new Link(reference, place),
      inGroup: new Link(reference, place),
      inTaker: new Link(reference, place),
      group: this.groupOf(reference, stack),
    };
    reference.standing = standing;
    this.all.add(standing.inAll);
    this.joinGroup(reference, standing);
  }

  /** Nothing happens when it is not open. */
  remove(reference: LedgerReference): void {
    const { standing } = reference;
    if (standing === null) return;
    this.leaveGroup(reference, standing);
    this.all.remove(standing.inAll);
    reference.standing = null;
  }

  /** Changes a reference, which keeps its place when it is open. */
  change(reference: LedgerReference, changes: Changes): void {
    this.assign(reference, changes);
  }

  /** @param row the event by which it weighs more or less */
  changeWeight(reference: LedgerReference, weight: number, row: number): void {
    reference.earlierWeights.push({ untilRow: row, weight: reference.weight });
    this.assign(reference, { weight });
  }

  private assign(reference: LedgerReference, changes: Partial<LedgerReference>): void {
    const { standing } = reference;
    if (standing !== null) this.leaveGroup(reference, standing);
    Object.assign(reference, changes);
    if (standing === null) return;
    standing.group = this.groupOf(reference, standing.stack);
    this.joinGroup(reference, standing);
  }

  /**
   * One of some groups' references went, and nothing says which: the others are no longer sure to be open. Each is said to
   * be doubtful once, so that this does not grow with the number of puts.
   *
   * @param gone the one that is taken to be the one
   * @param taker see {@link oldestOf}
   */
  doubtOthers(groups: readonly Group[], gone: LedgerReference, because: string, taker?: number): void {
    const sure = groups
      .filter(({ ambiguous }) => !ambiguous)
      .flatMap((group) => listOf(group, taker)?.references() ?? []);
    for (const other of sure) {
      if (other === gone) continue;
      this.change(other, { ambiguous: true });
      other.confidence = 'assumed';
      other.evidence += `; ${because}, which may have been this one`;
    }
  }

  /** The groups that have references and are meant. */
  where(isMeant: (group: Group) => boolean): Group[] {
    const meant: Group[] = [];
    for (const group of this.groups) {
      if (group.all.length > 0 && isMeant(group)) meant.push(group);
    }
    return meant;
  }

  private joinGroup(reference: LedgerReference, { group, taker, inGroup, inTaker }: Standing): void {
    let ofTaker = group.byTaker.get(taker);
    if (ofTaker === undefined) {
      ofTaker = new TakenOrder();
      group.byTaker.set(taker, ofTaker);
    }
    group.all.add(inGroup);
    ofTaker.add(inTaker);
    if (!reference.suspended) this.sum += reference.weight;
  }

  private leaveGroup(reference: LedgerReference, { group, taker, inGroup, inTaker }: Standing): void {
    if (!reference.suspended) this.sum -= reference.weight;
    group.all.remove(inGroup);
    group.byTaker.get(taker)?.remove(inTaker);
    // A migration unmaps and maps again ten times: a few empty groups wait for that.
    if (group.all.length > 0 || this.groups.length <= MOST_EMPTY_GROUPS) return;
    this.groups.splice(this.groups.indexOf(group), 1);
  }

  /** The group of those that are like a reference. */
  private groupOf(reference: LedgerReference, stack: number): Group {
    for (const group of this.groups) {
      if (group.stack === stack && isLike(group, reference)) return group;
    }
    const { kind, weight, suspended, ambiguous, site } = reference;
    const all = new TakenOrder();
    const group = { kind, weight, suspended, ambiguous, site, stack, all, byTaker: new Map() };
    this.groups.push(group);
    return group;
  }
}

function isLike(group: Group, { kind, weight, suspended, ambiguous, site }: LedgerReference): boolean {
  return (
    group.kind === kind &&
    group.weight === weight &&
    group.suspended === suspended &&
    group.ambiguous === ambiguous &&
    group.site === site
  );
}

/**
 * The reference of some groups that was taken first, or null.
 *
 * @param taker pid of the task that took it; of any when left out
 */
export function oldestOf(groups: readonly Group[], taker?: number): LedgerReference | null {
  let found: Link | null = null;
  for (const group of groups) {
    const oldest = listOf(group, taker)?.oldest ?? null;
    if (oldest !== null && (found === null || oldest.place < found.place)) found = oldest;
  }
  return found?.reference ?? null;
}

/** The reference of some groups that was taken last; see {@link oldestOf}. */
export function latestOf(groups: readonly Group[], taker?: number): LedgerReference | null {
  let found: Link | null = null;
  for (const group of groups) {
    const latest = listOf(group, taker)?.latest ?? null;
    if (latest !== null && (found === null || latest.place > found.place)) found = latest;
  }
  return found?.reference ?? null;
}

/**
 * Whether one event took all references of some groups, as where one operation pins a page several times: which of them
 * went makes no difference then.
 *
 * @param taker see {@link oldestOf}
 */
export function areOfOneGet(groups: readonly Group[], taker?: number): boolean {
  return oldestOf(groups, taker)?.acquireRow === latestOf(groups, taker)?.acquireRow;
}

/** How many references some groups have; see {@link oldestOf}. */
export function countOf(groups: readonly Group[], taker?: number): number {
  return groups.reduce((count, group) => count + (listOf(group, taker)?.length ?? 0), 0);
}

/** What all references of some groups weigh. */
export function weightOf(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + group.weight * group.all.length, 0);
}

function listOf(group: Group, taker: number | undefined): TakenOrder | undefined {
  return taker === undefined ? group.all : group.byTaker.get(taker);
}
