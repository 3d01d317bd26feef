/** A reference as rows: what it is, where it was taken and dropped, and the events that it rests on. */
import type { Capture } from '../capture/eventTable';
import { givesFirstCount } from '../holders/countChange';
import { KIND_LABEL } from '../holders/kindLabel';
import type { Page, Reference, ReferenceEnd } from '../holders/model';
import type { EventRows } from './eventRows';
import type { PlacedStacks } from './frames';
import { heldTime, heldTimeText } from './heldTime';
import { branch, type Branch } from './lazyTree';
import {
  heldMood,
  isMatchAssumed,
  isReferenceNotJudged,
  kindText,
  MATCH_ASSUMED,
  pfnText,
  stillHeldText,
} from './pageFacts';
import { placeOfReference } from './placeOfEvent';
import type { NodeMood, Tooltip } from './protocol';
import { frameRow, stackRows, withStack } from './stackRows';
import { byDoerText, doerText } from './taskText';
import { pointText } from './timeText';
import type { Vantage } from './vantage';
import {
  CONFIDENCE_NAMES,
  counted,
  joined,
  KIND_NAMES,
  NOT_JUDGED_NAME,
  ROLE_NAMES,
  sentence,
} from './wording';

export class ReferenceRows {
  /**
   * @param end last time of the capture
   * @param isPart more of the capture is still to be read: nothing is known of its end
   */
  constructor(
    private readonly capture: Capture,
    private readonly stacks: PlacedStacks,
    private readonly events: EventRows,
    private readonly end: number,
    private readonly isPart: boolean,
  ) {}

  rows(parent: string, page: Page, references: readonly Reference[], vantage: Vantage): readonly Branch[] {
    return references.map((each, index) => this.row(`${parent}/r${index}`, page, each, vantage));
  }

  row(id: string, page: Page, reference: Reference, vantage: Vantage): Branch {
    const outcome = this.outcome(reference, vantage);
    const blamed = reference.role === 'held' && reference.weight > 0;
    const made = branch(
      {
        id,
        kind: 'reference',
        place: { row: placeOfReference(reference), pfn: page.pfn },
        mood: blamed ? heldMood([reference]) : 'plain',
        label: this.label(reference, outcome),
        description: joined([
          repeatsText(reference),
          this.heldFor(page, reference),
          weightText(reference),
          isMatchAssumed(reference) ? MATCH_ASSUMED : null,
          reference.gapsMeanwhile === undefined ? null : 'events lost meanwhile',
          rivalsText(reference),
          reference.expectedLongTerm === true ? 'expected long-term' : null,
          userRuleText(reference),
        ]),
        tooltip: this.referenceTooltip(reference, vantage),
      },
      () => this.children(id, reference, vantage),
    );
    const rows = [
      reference.acquired?.row ?? '',
      reference.released?.row ?? '',
      ...reference.rows.slice(0, 2),
    ];
    const stack = reference.acquired?.stack ?? reference.released?.stack ?? -1;
    return {
      ...withStack(made, this.stacks, stack),
      subject: `${pfnText(page.pfn)}/${rows.join('/')}`,
    };
  }

  private referenceTooltip(reference: Reference, vantage: Vantage): Tooltip {
    const { acquired, released, gapsMeanwhile } = reference;
    return {
      title: reference.holder,
      rows: [
        ['Kind', kindAndLabel(reference)],
        ['Role', roleText(reference)],
        ['Acquired', acquired === null ? 'not in the capture' : this.endPoint(acquired, vantage)],
        ...remappedRow(reference),
        ['Released', released === null ? this.unreleasedText(reference) : this.endPoint(released, vantage)],
        ['Adds to the refcount', `${reference.weight}${partsText(reference)}`],
        // Of one that nothing dropped no put was matched.
        ...(released === null ? [] : [['Match', CONFIDENCE_NAMES[reference.confidence]] as const]),
        ...(reference.evidence === '' ? [] : [['Evidence', reference.evidence] as const]),
      ],
      notes: [
        ...(reference.expectedLongTerm === true ? [LONG_TERM] : []),
        ...(gapsMeanwhile !== undefined
          ? [`Events were lost ${counted(gapsMeanwhile, 'time')} while it was open: the match may be wrong.`]
          : []),
      ],
    };
  }

  private children(id: string, reference: Reference, vantage: Vantage): readonly Branch[] {
    const { acquired, released } = reference;
    return [
      acquired === null
        ? this.unseenAcquire(`${id}/acquired`, reference)
        : this.endRow(`${id}/acquired`, 'acquired', acquired, vantage, true),
      released === null
        ? branch({
            id: `${id}/released`,
            kind: 'released',
            mood: releaseMood(reference),
            label: endWithoutPut(reference),
          })
        : this.endRow(`${id}/released`, 'released', released, vantage, acquired === null),
      ...(reference.rows.length > 0 ? [this.events.ofReference(`${id}/events`, reference.rows)] : []),
    ];
  }

  private unseenAcquire(id: string, reference: Reference): Branch {
    const sites = reference.deducedAcquire;
    return branch(
      {
        id,
        kind: 'acquired',
        mood: 'doubt',
        label: `Acquired out of sight: ${getText(reference)} is not in the capture`,
        description: sites.length > 0 ? `deduced: ${deducedText(sites)}` : '',
        tooltip: {
          title: sentence(`${getText(reference)} is not in the capture`),
          rows: [],
          notes: [
            'It was before the first event, or gets were not recorded, or the event was lost.',
            ...(sites.length > 0
              ? ['Deduced from the put: references of this kind are taken in the functions below.']
              : []),
          ],
        },
        expanded: true,
      },
      sites.length === 0
        ? null
        : async () => {
            const placed = await this.stacks.definitions(sites);
            return [
              ...becauseRow(`${id}/why`, reference),
              ...placed.map((frame, index) => frameRow(`${id}/d${index}`, frame)),
            ];
          },
    );
  }

  private endRow(
    id: string,
    kind: 'acquired' | 'released',
    end: ReferenceEnd,
    vantage: Vantage,
    expanded: boolean,
  ): Branch {
    const verb = kind === 'acquired' ? 'Acquired' : 'Released';
    const noStack = end.stack < 0;
    const made = branch(
      {
        id,
        kind,
        place: { row: end.row, pfn: null },
        label: joined([`${verb} ${vantage.relativeTime(end)}`, doerText(this.capture, end)]),
        description: joined([
          kind === 'acquired' ? this.firstText(end) : null,
          noStack ? 'no stack in the capture' : null,
        ]),
        tooltip: {
          title: verb,
          rows: [
            ['Time', this.point(end.time)],
            ['Task', doerText(this.capture, end) ?? 'not said by the capture'],
            ['CPU', String(this.capture.events.cpu[end.row] ?? '?')],
            ['Event', this.capture.symbols.string(this.capture.events.name[end.row]!)],
            ['Byte offset in the capture', String(this.capture.events.offset(end.row))],
          ],
          notes: [],
        },
        expanded,
      },
      noStack ? null : () => stackRows(id, this.stacks, end.stack),
    );
    return withStack(made, this.stacks, end.stack);
  }

  /** Of what became of the reference that a page is allocated with. */
  private firstText({ row }: ReferenceEnd): string | null {
    return givesFirstCount(this.capture.events, row) ? 'with the allocation: its own reference' : null;
  }

  /** What and where stand first: a sidebar has no room for all, and the colour of the icon tells of the outcome. */
  private label(reference: Reference, outcome: string | null): string {
    return joined([kindText(reference), this.where(reference), outcome]);
  }

  /**
   * `vmsplice · owner-225`; `put in pipe_read by reader-B-231` where the get is not in the capture; empty if not known.
   *
   * @param site empty to say the task alone
   */
  where({ acquired, released, site: own }: Reference, site = own): string {
    if (acquired !== null) return joined([site, doerText(this.capture, acquired)]);
    const by = released === null ? null : byDoerText(this.capture, released);
    const put = `put${site === '' ? '' : ` in ${site}`}${by === null ? '' : ` ${by}`}`;
    return put === 'put' ? '' : put;
  }

  /** A reference in one line, for who does not see its row: who has it, since when and how long. */
  inOneLine(page: Page, reference: Reference, vantage: Vantage): string {
    const { acquired } = reference;
    return joined([
      this.label(reference, this.outcome(reference, vantage)),
      acquired === null ? null : `since ${this.point(acquired.time)}`,
      this.heldFor(page, reference),
    ]);
  }

  /** `still held`, `released 42 ms after`. */
  private outcome(reference: Reference, vantage: Vantage): string | null {
    if (reference.weight === 0 || reference.role !== 'held') return null;
    if (reference.releasedUnseen) return 'released out of sight';
    if (reference.released === null) return stillHeldText(this.isPart);
    return `released ${vantage.shortTime(reference.released)}`;
  }

  private unreleasedText(reference: Reference): string {
    if (reference.releasedUnseen) return 'out of sight: its put is missing';
    return this.isPart
      ? 'not in what was read of the capture so far'
      : 'not in the capture: still held at its end';
  }

  private heldFor(page: Page, reference: Reference): string | null {
    const { acquired, weight } = reference;
    if (weight === 0) return null;
    const held = heldTime(page, reference, this.end);
    const span = held === null ? null : `held ${heldTimeText(held, this.capture.clock)}`;
    return acquired === null
      ? joined([`${reference.remapped === undefined ? '' : 'first '}get not in the capture`, span])
      : span;
  }

  private endPoint(end: ReferenceEnd, vantage: Vantage): string {
    const by = byDoerText(this.capture, end);
    return `${this.point(end.time)}, ${vantage.relativeTime(end)}${by === null ? '' : `, ${by}`}`;
  }

  private point(time: number): string {
    const { timeBase, clock, resolution } = this.capture;
    return pointText(time, timeBase, clock, resolution);
  }
}

/** `weight 8`; of one that went in parts `weight 8, put in 3 parts`, `weight 8, 5 left`. */
function weightText(reference: Reference): string | null {
  const { weight } = reference;
  if (weight === 1) return null;
  return weight === 0 ? 'no reference' : `weight ${weight}${partsText(reference)}`;
}

function partsText({ parts, weightLeft }: Reference): string {
  if (parts === undefined) return '';
  return weightLeft === undefined ? `, put in ${parts} parts` : `, ${weightLeft} left`;
}

/** Of a reference of which the capture has no put. */
function endWithoutPut({ releasedUnseen, unseenBecause }: Reference): string {
  if (!releasedUnseen) return 'Still held at the end of the capture';
  return `Released out of sight${unseenBecause === undefined ? '' : `: ${unseenBecause}`}`;
}

function releaseMood(reference: Reference): NodeMood {
  if (reference.releasedUnseen) return 'doubt';
  return reference.role === 'held' ? 'still-held' : 'plain';
}

const LONG_TERM =
  'References of this kind are held for long by design (FOLL_LONGTERM and its like): no defect by itself, but the ' +
  'page does not move as long as it is held.';

function roleText(reference: Reference): string {
  return (isReferenceNotJudged(reference) ? NOT_JUDGED_NAME : ROLE_NAMES[reference.role]).toLowerCase();
}

/** The kind, and what the rule calls it where that says more. */
function kindAndLabel({ kind, label }: Reference): string {
  return label === undefined || label === KIND_LABEL[kind]
    ? KIND_NAMES[kind]
    : `${KIND_NAMES[kind]}: ${label}`;
}

/** Why the functions below it are believed. */
function becauseRow(id: string, { deducedBecause }: Reference): readonly Branch[] {
  if (deducedBecause === undefined) return [];
  const label = sentence(deducedBecause);
  return [branch({ id, kind: 'note', label, tooltip: { title: label, rows: [], notes: [] } })];
}

/** Without gets the sum says how many puts were holders, not which. */
function rivalsText({ rivals, role }: Reference): string | null {
  if (rivals === undefined) return null;
  return role === 'held' ? `any of ${rivals} puts may be this one` : 'may be a holder';
}

/** `by rule 'acme buffer' of .page-holders.json` */
function userRuleText({ userRule }: Reference): string | null {
  return userRule === undefined ? null : `by rule '${userRule.label}' of ${userRule.source}`;
}

/** `vmsplice_to_pipe or 3 others` */
function deducedText(sites: readonly string[]): string {
  const [best = '', ...others] = sites;
  return others.length === 0 ? best : `${best} or ${counted(others.length, 'other')}`;
}

/** Which get is missing: what a migration mapped again has one for each time. */
function getText({ remapped }: Reference): string {
  return remapped === undefined ? 'the get' : 'the first get';
}

/** `×3` puts that one row stands for. */
function repeatsText({ repeats, remapped }: Reference): string | null {
  if (remapped !== undefined) return `mapped again ${counted(remapped, 'time')}`;
  return repeats > 1 ? `×${repeats}` : null;
}

function remappedRow({ remapped }: Reference): readonly (readonly [string, string])[] {
  if (remapped === undefined) return [];
  return [['Mapped again', `${counted(remapped, 'time')}, after a migration had unmapped it`]];
}
