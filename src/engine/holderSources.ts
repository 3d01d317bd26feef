/** What rows, reports and exports are made from: each open capture, with what the other open files say of it. */
import type { Capture } from '../capture/eventTable';
import { AllocationRows } from './allocationRows';
import type { FramePlaces } from './framePlaces';
import type { PlacedStacks } from './frames';
import { HeldPlaces } from './heldLines';
import { lastTime } from './heldTime';
import type { HolderSource, PageAdditions } from './holderSource';
import type { HolderFilter } from './holdersQuery';
import type { JoinedAllocations } from './joinCaptures';
import type { Branch } from './lazyTree';
import type { OpenedCapture, OpenFiles } from './openFiles';
import { namingRows, symbolFileRow } from './symbolFileRows';

export class HolderSources {
  private held: HeldPlaces | null = null;

  constructor(
    readonly files: OpenFiles,
    readonly places: FramePlaces,
  ) {}

  /** To be called when any file comes, grows or goes, and when other places may be known. */
  forget(): void {
    this.held = null;
  }

  /** All open captures, each with the stacks that go through the lines that the filter names. */
  async all({ through }: HolderFilter): Promise<readonly HolderSource[]> {
    const stacks = new Map<Capture, ReadonlySet<number>>();
    if (through !== null) {
      const places = this.heldPlaces;
      for (const { capture } of this.files.wholeCaptures) {
        stacks.set(capture, await places.stacksThrough(capture, through));
      }
    }
    return this.files.captures.map((opened) => ({
      ...this.of(opened),
      through: stacks.get(opened.capture) ?? null,
    }));
  }

  of(opened: OpenedCapture): HolderSource {
    const { id, facts, capture, analyser, analysis, part } = opened;
    return {
      id,
      name: this.files.nameOf(facts.path),
      facts,
      capture,
      analysis,
      part,
      stacks: this.stacks(opened),
      additions: this.additions(opened),
      eventsOf: (pfn) => analyser.eventsOf(pfn),
      pageOf: (pfn) => analyser.page(pfn),
      through: null,
    };
  }

  stacks({ capture, part }: OpenedCapture): PlacedStacks {
    return this.places.stacksOf(capture, part === 1);
  }

  stacksOf(capture: Capture): PlacedStacks {
    const opened = this.files.captures.find((each) => each.capture === capture);
    return this.places.stacksOf(capture, opened === undefined || opened.part === 1);
  }

  allocationsOf(id: string): JoinedAllocations {
    return this.files.joined.allocationsOf(id, this.files.byId);
  }

  symbolFileRows(): readonly Branch[] {
    const { nameOf, joined } = this.files;
    const { symbolFiles } = joined;
    return [...symbolFiles].map(([id, file]) =>
      symbolFileRow(id, nameOf(file.path), file, this.files.usesOf(file)),
    );
  }

  /** What the debug info in use names; no row where no capture needs that. */
  debugInfoNames(): readonly Branch[] {
    const { nameOf, joined } = this.files;
    const { debugInfoSymbols } = joined;
    if (debugInfoSymbols === null) return [];
    const uses = this.files.usesOf(debugInfoSymbols).filter(({ naming }) => naming !== null);
    if (uses.length === 0) return [];
    return [symbolFileRow('debug-info/names', nameOf(debugInfoSymbols.path), debugInfoSymbols, uses)];
  }

  /** Where pages are held in the kernel tree; made anew when a capture or the kernel tree changes. */
  get heldPlaces(): HeldPlaces {
    this.held ??= new HeldPlaces(
      this.files.wholeCaptures.map((opened) => {
        const { facts, capture, analysis } = opened;
        const name = this.files.nameOf(facts.path);
        return { name, capture, analysis, stacks: this.stacks(opened), end: lastTime(capture) };
      }),
    );
    return this.held;
  }

  /** What the other open files say of a capture and its pages. */
  private additions(opened: OpenedCapture): PageAdditions {
    const { id, capture, analysis } = opened;
    const joined = this.allocationsOf(id);
    const { nameOf } = this.files;
    const rows = new AllocationRows(capture, joined, analysis.pages, (other) => this.stacksOf(other), nameOf);
    const refused = this.files.namingsOf(opened).filter(({ refusal }) => refusal !== null);
    return {
      notes: (parent) => [...namingRows(parent, refused, nameOf), ...rows.notes(parent)],
      rows: (parent, page) => rows.rows(parent, page),
      tellsOfTraces: () => this.files.joined.tracesOf(id, this.files.byId).length > 0,
    };
  }
}
