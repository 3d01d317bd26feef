/** The page of the capture editor: builds its parts and keeps one selection in all of them. */
import './translations';
import * as l10n from '@vscode/l10n';
import type { CaptureState } from '../engine/editorMessages';
import type {
  CaptureHeader,
  EventRow,
  EventWindow,
  FilterUse,
  FilterWish,
  TimeRange,
} from '../engine/eventProtocol';
import { HeaderView } from './captureHeader';
import { ColumnMenu } from './columnMenu';
import { DetailsPane } from './detailsPane';
import { element } from './dom';
import { EventList } from './eventList';
import { FilterBar } from './filterBar';
import { Host, Latest, Superseded, type Told } from './host';
import { checkedState, keptFor, type KeptState } from './keptState';
import { numberText } from './numberText';
import { RowCache } from './rowCache';
import { Splitter } from './splitter';
import { TimelineView } from './timelineView';

/** What changes with every frame of a scroll is kept after that, in ms: a page may be gone a moment later. */
const KEEP_DELAY = 100;

class CaptureEditorPage {
  private readonly host = new Host((message) => {
    this.hear(message);
  });
  private kept: KeptState = checkedState(this.host.kept);
  private keepTimer: number | null = null;
  /** The last filter that was understood: what is shown stays by it while another is typed. */
  private applied: { readonly filter: string; readonly use: FilterUse } = {
    filter: this.kept.understood,
    use: this.kept.use,
  };
  private header: CaptureHeader | null = null;
  /** {@link CaptureState.generation} that the header is of. */
  private headerOf: number | null = null;
  private state: CaptureState | null = null;
  /** The selected event is to be brought into view when it is in the list. */
  private seeksSelected = this.kept.top === null;
  /** The first mark is to be selected, as soon as what is read by now is in the list. */
  private seeksFirstMark = false;
  /** What was to be shown when there was no capture to show it in. */
  private sought: Pick<KeptState, 'row' | 'pfn'> | null = null;
  /** The filter that was asked for last is in force once this is done. */
  private applying: Promise<void> = Promise.resolve();
  private readonly latestHeader = new Latest();
  private readonly latestFilter = new Latest();
  private readonly latestPlace = new Latest();
  private readonly latestDetails = new Latest();

  private readonly headerView = new HeaderView({
    onOpenAgain: () => {
      this.host.tell({ type: 'openAgain' });
    },
    onStop: () => {
      this.host.tell({ type: 'stopReading' });
    },
    onShowPages: () => {
      this.host.tell({ type: 'showPages' });
    },
  });
  private readonly cache = new RowCache(
    (start, end, signal) => this.host.ask('events', { ...this.applied, start, end }, signal),
    (window) => {
      this.showCounts(window);
      this.list.draw();
    },
    (error) => {
      this.failed(error);
    },
  );
  private readonly list = new EventList(this.cache, {
    onSelect: (_index, row) => {
      this.selectedInList(row);
    },
    onOpen: () => {
      this.details.openFirst();
    },
    onLeaveRight: () => {
      this.details.focus();
    },
    onScroll: (top) => {
      this.keepSoon({ top });
    },
    onScrollSideways: (sideways) => {
      this.keepSoon({ sideways });
    },
  });
  private readonly details = new DetailsPane(
    {
      onOpenFrame: (frame, takesFocus) => {
        this.host.tell({ type: 'openFrame', frame, takesFocus });
      },
      onShowHolders: (pfn) => {
        this.host.tell({ type: 'showHolders', pfn });
      },
      onLeaveLeft: () => {
        this.list.focus();
      },
      onPlumbing: (isPlumbingShown) => {
        this.keep({ isPlumbingShown });
      },
      onScroll: (detailsTop) => {
        this.keepSoon({ detailsTop });
      },
    },
    this.kept,
  );
  private readonly timeline = new TimelineView({
    ask: (range, columns, signal) =>
      this.header === null
        ? Promise.resolve(null)
        : this.host.ask('timeline', { ...this.applied, range, columns, pfn: this.kept.pfn }, signal),
    describe: (range, signal) => this.host.ask('describeSpan', { ...this.applied, range }, signal),
    nextMark: (step) => this.host.ask('nextMark', { row: this.kept.row, step }),
    onSelectRow: async (row) => {
      this.host.tell({ type: 'selected', row });
      await this.selectRow(row);
    },
    onSelectTime: (time) => void this.selectTime(time),
    onBrush: (range) => void this.brush(range),
    onFailure: (error) => {
      this.failed(error);
    },
    onMoved: () => {
      this.keep({ range: this.timeline.view.chosen });
    },
  });
  private readonly filterBar = new FilterBar({
    onChange: (filter, use) => {
      this.keep({ filter, use });
      void this.applyFilter();
    },
    onComplete: (filter, offset) => this.host.ask('completeFilter', { filter, offset }),
    onStep: (step) => void this.stepMatch(step),
    onLeaveDown: () => {
      this.list.focus();
    },
  });
  private readonly columnMenu = new ColumnMenu((shown) => {
    this.keep({ columns: this.header!.columns.map(({ id }) => id).filter((id) => shown.has(id)) });
    this.showColumns();
  });

  start(): void {
    const panes = element('div', { class: 'panes' });
    const splitter = new Splitter(panes, this.kept.split, (split) => {
      this.keep({ split });
    });
    panes.append(this.list.root, splitter.root, this.details.root);
    this.filterBar.tail.append(this.columnMenu.root);
    document.body.append(this.headerView.root, this.timeline.root, this.filterBar.root, panes);
    this.filterBar.show(this.kept.filter, this.kept.use);
    if (this.kept.range !== null) this.timeline.view.restore(this.kept.range);
    this.list.restore(this.kept.top);
    this.list.restoreSideways(this.kept.sideways);
    document.addEventListener('keydown', (event) => {
      this.pressed(event);
    });
    document.addEventListener('copy', () => {
      this.copy();
    });
    this.keepFocus();
    this.host.tell({ type: 'ready' });
  }

  /** Chromium forgets what has the focus here when it goes to something outside, as to a menu of VS Code. */
  private keepFocus(): void {
    let last: HTMLElement | null = null;
    document.addEventListener('focusin', ({ target }) => {
      last = target instanceof HTMLElement ? target : null;
    });
    window.addEventListener('focus', () => {
      if (document.activeElement === document.body) last?.focus({ preventScroll: true });
    });
  }

  private hear(message: Told): void {
    switch (message.type) {
      case 'state':
        this.showState(message.state);
        return;
      case 'reveal':
        void this.reveal(message.row, message.pfn);
        return;
      case 'narrow':
        void this.narrow(message.wish);
        return;
      case 'placesChanged':
        void this.showDetails();
    }
  }

  private showState(state: CaptureState): void {
    const before = this.state;
    this.state = state;
    document.querySelector('.at-first')?.remove();
    this.headerView.showState(state);
    this.beginOnce();
    if (state.generation === null) {
      this.header = null;
      this.cache.clear();
      // What is read again is looked at where it was left.
      this.list.restore(this.kept.top);
      this.list.showCount(0);
      document.body.classList.toggle('without-events', state.phase !== 'reading');
      this.list.showNote(state.phase === 'reading' ? l10n.t('The first events are being read.') : '');
      this.details.showNothing('');
      void this.timeline.refresh();
    } else if (state.generation !== before?.generation) {
      void this.showCapture();
    }
  }

  /** Shows the marks of a capture that nobody has looked at yet, once it is read. */
  private beginOnce(): void {
    if (this.state?.phase !== 'open' || this.kept.hasBegun) return;
    this.keep({ hasBegun: true });
    this.timeline.beginAtMarks();
    this.seeksFirstMark = true;
    if (this.header !== null) void this.applyFilter();
  }

  /** People come for the marks; who chose something to look at while the capture was read is left there. */
  private async seekFirstMark(signal: AbortSignal): Promise<void> {
    if (!this.seeksFirstMark) return;
    const mark = await this.host.ask('nextMark', { row: null, step: 1 }, signal);
    this.seeksFirstMark = false;
    const { row, top, pfn, filter } = this.kept;
    const isLeft = row !== null || top !== null || pfn !== null || filter !== '';
    if (mark === null || isLeft) return;
    this.keep({ pfn: mark.pfn });
    this.seek(mark.row);
  }

  /** What was selected and shown is of another capture, whose file this one has taken. */
  private forgetOther({ beginning }: CaptureHeader): void {
    const kept = keptFor(this.kept, beginning);
    const isOther = this.kept.beginning !== null && kept !== this.kept;
    // What is to be shown since there was nothing to show it in is of this one.
    this.keep(isOther ? { ...kept, ...this.sought } : kept);
    this.sought = null;
    if (!isOther) return;
    // What is known of its event by now is not to come in.
    void this.latestDetails.run(() => Promise.resolve());
    this.seeksSelected = true;
    this.list.reveal(-1);
    this.list.restore(0);
    this.timeline.forget();
  }

  /** Everything anew: the capture is another one, or more of it was read. */
  private async showCapture(): Promise<void> {
    const { generation } = this.state!;
    await this.guarded(this.latestHeader, async (signal) => {
      const header = await this.host.ask('captureHeader', {}, signal);
      const before = this.header;
      this.forgetOther(header);
      this.header = header;
      this.headerOf = generation;
      if (header.span !== null) this.timeline.view.setSpan(header.span);
      this.beginOnce();
      this.headerView.showFacts(header);
      // What is read later may need more room.
      const isAsWide = before?.columns.every(({ width }, index) => width === header.columns[index]?.width);
      if (isAsWide !== true) this.showColumns();
      await this.applyFilter();
    });
  }

  private applyFilter(): Promise<void> {
    if (this.header === null) return this.applying;
    const { filter, use } = this.kept;
    this.applying = this.guarded(this.latestFilter, async (signal) => {
      const window = await this.host.ask('events', { filter, use, start: 0, end: 0 }, signal);
      this.filterBar.showProblem(window.problem);
      if (window.problem === null) this.understood(filter, use);
      const shown =
        window.problem === null
          ? window
          : await this.host.ask('events', { ...this.applied, start: 0, end: 0 }, signal);
      this.cache.clear();
      this.list.showCount(shown.shown);
      this.showCounts(shown);
      this.showNoteOf(shown);
      await this.seekFirstMark(signal);
      void this.timeline.refresh();
      await this.findSelected(signal);
      void this.showDetails();
    });
    return this.applying;
  }

  private understood(filter: string, use: FilterUse): void {
    if (filter === this.applied.filter && use === this.applied.use) return;
    this.applied = { filter, use };
    this.keep({ understood: filter });
    // Other rows are at the place where the list was left.
    this.list.restore(null);
    this.seeksSelected = true;
  }

  private showNoteOf(shown: EventWindow): void {
    const hasNone = shown.total === 0 && this.state?.phase !== 'reading';
    const isOfAllocations = hasNone && this.header?.isOfAllocations === true;
    document.body.classList.toggle('without-events', hasNone);
    if (isOfAllocations) this.list.showNote(allocationsNote(), this.allocationsButton());
    else this.list.showNote(noteOf(shown, this.state));
  }

  private allocationsButton(): HTMLElement {
    const button = element('button', { type: 'button', class: 'button' }, l10n.t('Show in Holders View'));
    button.addEventListener('click', () => {
      this.host.tell({ type: 'showAllocations' });
    });
    return button;
  }

  /** The selected event may have another place now. */
  private async findSelected(signal: AbortSignal): Promise<void> {
    const { row } = this.kept;
    if (row === null) return;
    const { choiceCount } = this.list;
    const place = await this.host.ask('eventPlace', { ...this.applied, at: { row } }, signal);
    if (this.list.choiceCount !== choiceCount) return;
    if (place?.row !== row) {
      this.list.moveSelected(-1);
      return;
    }
    if (this.seeksSelected) this.list.revealInMiddle(place.index);
    else this.list.moveSelected(place.index);
    this.seeksSelected = false;
    this.timeline.select(place.time);
  }

  private showCounts({ matching, total }: EventWindow): void {
    const { filter, use } = this.applied;
    if (filter.trim() === '') this.filterBar.showStatus(eventsText(total));
    else if (use === 'find') this.filterBar.showStatus(matchesText(matching));
    else this.filterBar.showStatus(partText(matching, total));
  }

  private showColumns(): void {
    if (this.header === null) return;
    const { columns } = this.header;
    const chosen = this.kept.columns?.filter((id) => columns.some((column) => column.id === id)) ?? [];
    const shown = new Set<string>(
      chosen.length > 0 ? chosen : columns.filter(({ isShown }) => isShown).map(({ id }) => id),
    );
    this.list.showColumns(columns, shown);
    this.columnMenu.show(columns, shown);
  }

  private selectedInList({ row, time, pfn }: EventRow): void {
    this.host.tell({ type: 'selected', row });
    this.selected(row, time, pfn);
    void this.showDetails();
  }

  /** Remembers what is selected, and shows it in the timeline. */
  private selected(row: number, time: number, pfn: number): void {
    this.seeksSelected = false;
    const isOtherPage = pfn >= 0 && pfn !== this.kept.pfn;
    const hasTime = Number.isFinite(time);
    const { view } = this.timeline;
    const before = view.range.from;
    if (hasTime) view.reveal(time);
    this.keep({ row, range: view.chosen, ...(pfn >= 0 ? { pfn } : {}) });
    this.timeline.select(hasTime ? time : null);
    if (isOtherPage || view.range.from !== before) void this.timeline.refresh();
  }

  private async selectRow(row: number): Promise<void> {
    await this.guarded(this.latestPlace, async (signal) => {
      const place = await this.host.ask('eventPlace', { ...this.applied, at: { row } }, signal);
      const isShown = place?.row === row;
      this.list.reveal(isShown ? place.index : -1);
      if (isShown) this.selected(row, place.time, place.pfn);
      else this.seek(row);
      await this.showDetails();
    });
  }

  private async selectTime(time: number): Promise<void> {
    await this.guarded(this.latestPlace, async (signal) => {
      const place = await this.host.ask('eventPlace', { ...this.applied, at: { time } }, signal);
      if (place === null) return;
      this.host.tell({ type: 'selected', row: place.row });
      this.list.reveal(place.index);
      this.selected(place.row, place.time, place.pfn);
      await this.showDetails();
    });
  }

  private async stepMatch(step: 1 | -1): Promise<void> {
    await this.applying;
    await this.guarded(this.latestPlace, async (signal) => {
      const row = this.kept.row ?? (step > 0 ? -1 : 0);
      const place = await this.host.ask('nextMatch', { ...this.applied, row, step }, signal);
      if (place === null) return;
      this.host.tell({ type: 'selected', row: place.row });
      this.list.reveal(place.index);
      this.selected(place.row, place.time, place.pfn);
      await this.showDetails();
    });
  }

  private async reveal(row: number | null, pfn: number | null): Promise<void> {
    if (this.header === null) {
      this.keep({ pfn });
      this.seek(row);
      this.sought = { row, pfn };
      return;
    }
    if (pfn !== null && pfn !== this.kept.pfn) {
      this.keep({ pfn });
      void this.timeline.refresh();
    }
    if (row !== null) await this.selectRow(row);
  }

  /** Selects an event that is not in the list, or not yet. */
  private seek(row: number | null): void {
    this.keep({ row });
    this.seeksSelected = true;
  }

  private async brush(range: TimeRange): Promise<void> {
    await this.showOnly((filter, signal) => this.host.ask('spanFilter', { filter, range }, signal));
  }

  private async narrow(wish: FilterWish): Promise<void> {
    await this.showOnly((filter, signal) => this.host.ask('narrowedFilter', { filter, wish }, signal));
  }

  /** @param changed asks for the filter that is to take the place of the one that is there */
  private async showOnly(changed: (filter: string, signal: AbortSignal) => Promise<string>): Promise<void> {
    await this.guarded(this.latestPlace, async (signal) => {
      const filter = await changed(this.kept.filter, signal);
      this.keep({ filter, use: 'filter' });
      this.filterBar.show(filter, 'filter');
      await this.applyFilter();
    });
  }

  private async showDetails(): Promise<void> {
    const { row } = this.kept;
    // Of what comes to be shown next, the row may be another event; what it is is shown with it.
    if (this.header === null || this.headerOf !== this.state?.generation) return;
    if (row === null) {
      this.details.askForEvent();
      return;
    }
    // What was selected before may lie beyond what is read by now.
    if (row >= this.header.events) return;
    await this.guarded(this.latestDetails, async (signal) => {
      const details = await this.host.ask('eventDetails', { row, waits: false }, signal);
      if (signal.aborted) return;
      this.details.show(details);
      // What is not in the list is selected all the same.
      if (this.list.selectedIndex < 0)
        this.timeline.select(Number.isFinite(details.time) ? details.time : null);
    });
  }

  private pressed(event: KeyboardEvent): void {
    const isFind = event.key === 'f' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (isFind) this.filterBar.focus();
    else if (event.key === 'F3') void this.stepMatch(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  }

  private copy(): void {
    const selection = document.getSelection()?.toString() ?? '';
    const row = this.cache.row(this.list.selectedIndex);
    if (selection !== '' || row === undefined || document.activeElement instanceof HTMLInputElement) return;
    this.host.tell({ type: 'copy', row: row.row });
  }

  private keep(part: Partial<KeptState>): void {
    this.kept = { ...this.kept, ...part };
    this.host.keep(this.kept);
  }

  private keepSoon(part: Partial<KeptState>): void {
    this.kept = { ...this.kept, ...part };
    this.keepTimer ??= window.setTimeout(() => {
      this.keepTimer = null;
      this.host.keep(this.kept);
    }, KEEP_DELAY);
  }

  private async guarded(latest: Latest, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await latest.run(work);
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (error instanceof Superseded) return;
    const message = error instanceof Error ? error.message : String(error);
    // A capture that is closed says so by its state.
    if (this.header !== null) this.list.showNote(message);
  }
}

function noteOf({ shown, total, nearMiss }: EventWindow, state: CaptureState | null): string {
  if (shown > 0) return '';
  if (total === 0)
    return state?.phase === 'reading'
      ? l10n.t('The first events are being read.')
      : l10n.t('The capture has no events.');
  if (nearMiss !== null) return l10n.t('No event matches the filter. Did you mean {0}?', nearMiss);
  return l10n.t('No event matches the filter.');
}

function allocationsNote(): string {
  return l10n.t(
    'This capture has no events: it says who allocated the pages of the machine, as of one moment. The Holders view has its allocations by stack, those with most pages first.',
  );
}

function eventsText(count: number): string {
  return count === 1 ? l10n.t('1 event') : l10n.t('{0} events', numberText(count));
}

function matchesText(count: number): string {
  return count === 1 ? l10n.t('1 match') : l10n.t('{0} matches', numberText(count));
}

function partText(matching: number, total: number): string {
  return total === 1
    ? l10n.t('{0} of 1 event', matching)
    : l10n.t('{0} of {1} events', numberText(matching), numberText(total));
}

new CaptureEditorPage().start();
