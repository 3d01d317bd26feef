import type { Capture } from '../capture/eventTable';
import type { HolderAnalysis, Page, UnreleasedPage } from '../holders/model';
import type { PlacedStacks } from './frames';
import type { Branch } from './lazyTree';
import type { CaptureFacts } from './protocol';

/** What files beside the capture say of it. */
export interface PageAdditions {
  /** Rows before the pages; `id` is that of the capture. */
  notes(id: string): readonly Branch[];
  /** Rows of a page behind its marks. */
  rows(id: string, page: Page): readonly Branch[];
  /** Whether it is a dump that says who allocated pages of a trace beside it. */
  tellsOfTraces(): boolean;
}

/** Everything that the rows of one capture are made from. */
export interface HolderSource {
  /** First step of the ids of the rows. */
  readonly id: string;
  /** No more of the path of its file than tells it from the other open files. */
  readonly name: string;
  readonly facts: CaptureFacts;
  readonly capture: Capture;
  readonly analysis: HolderAnalysis;
  /** Part of the file that all this is from, below 1 while it is being read. */
  readonly part: number;
  readonly stacks: PlacedStacks;
  readonly additions: PageAdditions;
  /** Rows of all events of a PFN, ascending. */
  readonly eventsOf: (pfn: number) => ArrayLike<number>;
  /** Stacks that go through the lines that the filter names; null when it names none. */
  readonly through: ReadonlySet<number> | null;
  /** What the capture says of any PFN; null when no event tells of its references. */
  readonly pageOf: (pfn: number) => Page | UnreleasedPage | null;
}
