/**
 * The list of events: only the rows that are seen have elements, however many there are. It is made by hand because
 * no small library scrolls through more rows than an element can be high; what it needs is LongScroll and RowCache.
 */
import * as l10n from '@vscode/l10n';
import type { MenuContext } from '../engine/editorMessages';
import type { EventColumn, EventColumnId, EventRow } from '../engine/eventProtocol';
import { isByKey, NO_MENU, openMenu, setMenu } from './contextMenu';
import { element, icon, setAttributes } from './dom';
import { LongScroll } from './longScroll';
import type { RowCache } from './rowCache';

/** As in VS Code's own lists. */
const ROW_HEIGHT = 22;
/** Of a cell, in characters. */
const PADDING = 1.5;
/**
 * Names that may be cut, for which the tooltip has them whole, in characters. Not the kind, whose
 * room has what is said of no reference, and not the task, which ends in its number.
 */
const LEAST_WIDTHS: Readonly<Partial<Record<EventColumnId, number>>> = {
  caller: 20,
  event: 16,
};
const WHEEL_LINE = 3 * ROW_HEIGHT;
/** What a key scrolls sideways, in px. */
const ASIDE = 80;

interface EventListActions {
  /** The selected row is another one. */
  readonly onSelect: (index: number, row: EventRow) => void;
  /** Enter, or a double click. */
  readonly onOpen: () => void;
  /** The way to what is right of the list. */
  readonly onLeaveRight: () => void;
  /** What is seen begins that many rows behind the first. */
  readonly onScroll: (top: number) => void;
  /** What is seen begins that many pixels right of the first column. */
  readonly onScrollSideways: (left: number) => void;
}

export class EventList {
  readonly root: HTMLElement;
  private readonly header = element('div', {
    class: 'list-row list-header',
    role: 'row',
    'aria-rowindex': 1,
  });
  private readonly body = element('div', { class: 'list-body', role: 'rowgroup' });
  private readonly bar = element('div', { class: 'list-bar', 'aria-hidden': 'true', tabindex: -1 });
  private readonly barContent = element('div', { class: 'list-bar-content' });
  private readonly grid: HTMLElement;
  private readonly note = element('div', { class: 'list-note', role: 'status' });
  private readonly scroll = new LongScroll(ROW_HEIGHT);
  /**
   * Where the list itself last put the bar. The bar tells of that a frame later, when keys may have moved the list on:
   * taken for a person's hand on the bar, it would move the list back.
   */
  private ownBarTop = 0;
  private readonly rows: HTMLElement[] = [];
  private columns: readonly (EventColumn & { readonly index: number })[] = [];
  /** Place of the name of the task among the texts of a row. */
  private taskCell = -1;
  private count = 0;
  /** Place of the selected row in the list, or -1. */
  private selected = -1;
  /** Selected, but not there yet: it is told when it comes. */
  private isTold = true;
  private isDrawing = false;
  /** As it was told last, in px. */
  private toldPlace = 0;
  /** How far it was left sideways, in px, until somebody moves it. */
  private leftSideways: number | null = null;
  /** Where the list itself put it then: the columns may have less room. */
  private ownSideways = 0;
  /** How often somebody selected a row: an answer that is late must not undo it. */
  private choices = 0;

  constructor(
    private readonly cache: RowCache,
    private readonly actions: EventListActions,
  ) {
    this.grid = element(
      'div',
      {
        class: 'list',
        role: 'grid',
        tabindex: 0,
        'aria-label': l10n.t('Events'),
        'aria-description': l10n.t('Right goes to the stack, Shift with right and left scrolls sideways.'),
        'aria-multiselectable': 'false',
      },
      element('div', { role: 'rowgroup' }, this.header),
      this.body,
    );
    this.bar.append(this.barContent);
    this.root = element('div', { class: 'list-frame' }, this.grid, this.bar, this.note);
    setMenu(this.grid, NO_MENU);
    this.grid.addEventListener('contextmenu', (event) => {
      if (event.target === this.grid && isByKey(event)) this.menuOfSelected(event);
    });
    this.grid.addEventListener('keydown', (event) => {
      this.pressed(event);
    });
    this.body.addEventListener('mousedown', (event) => {
      this.clicked(event);
    });
    this.body.addEventListener('dblclick', () => {
      this.actions.onOpen();
    });
    this.root.addEventListener('wheel', (event) => {
      this.wheeled(event);
    });
    this.bar.addEventListener('scroll', () => {
      if (Math.abs(this.bar.scrollTop - this.ownBarTop) < 1) return;
      this.ownBarTop = this.bar.scrollTop;
      this.scroll.moveBar(this.bar.scrollTop);
      this.draw();
    });
    this.grid.addEventListener('scroll', () => {
      this.showSides();
      if (this.leftSideways !== null && this.grid.scrollLeft === this.ownSideways) return;
      this.leftSideways = null;
      this.actions.onScrollSideways(this.grid.scrollLeft);
    });
    new ResizeObserver(() => {
      this.resized();
    }).observe(this.body);
  }

  get choiceCount(): number {
    return this.choices;
  }

  get selectedIndex(): number {
    return this.selected;
  }

  focus(): void {
    this.grid.focus();
  }

  /** @param all every column there is, in order; rows have their texts in this order */
  showColumns(all: readonly EventColumn[], shown: ReadonlySet<string>): void {
    this.columns = all.flatMap((column, index) => (shown.has(column.id) ? [{ ...column, index }] : []));
    this.taskCell = all.findIndex(({ id }) => id === 'task');
    const last = this.columns.length - 1;
    const sizes = this.columns.map(({ id, width }, index) => {
      const most = width + (index === last ? 2 : PADDING);
      return { least: Math.min(most, LEAST_WIDTHS[id] ?? most), most };
    });
    // Names give way before anything is out of sight, and have what is left.
    const widths = sizes.map(({ least, most }, index) => {
      if (index === last) return `minmax(${least}ch, 1fr)`;
      return least === most ? `${most}ch` : `minmax(${least}ch, ${most}ch)`;
    });
    this.grid.style.setProperty('--columns', widths.join(' '));
    this.grid.style.setProperty('--least', `${sizes.reduce((sum, { least }) => sum + least, 0)}ch`);
    this.header.replaceChildren(
      ...this.columns.map(({ label, about, isNumber }, index) =>
        element(
          'div',
          {
            role: 'columnheader',
            class: isNumber ? 'cell number' : 'cell',
            title: about,
            'aria-colindex': index + 1,
          },
          label,
        ),
      ),
    );
    setAttributes(this.grid, { 'aria-colcount': this.columns.length });
    for (const row of this.rows) row.remove();
    this.rows.length = 0;
    this.goSideways();
    this.showSides();
    this.draw();
  }

  /** How many rows there are; what they are may have changed too. */
  showCount(count: number): void {
    this.count = count;
    // The header is a row too.
    setAttributes(this.grid, { 'aria-rowcount': count + 1 });
    if (this.selected >= count) this.selected = -1;
    this.resized();
  }

  /**
   * Words in place of rows, and what leads on from there; empty for none. It is always there: screen readers say what
   * changes in what they know.
   */
  showNote(text: string, ...below: readonly HTMLElement[]): void {
    this.note.replaceChildren(text, ...below);
  }

  /** Selects a row by its place and brings it into view; -1 selects none. Nobody is told of it. */
  reveal(index: number): void {
    this.selected = index;
    this.isTold = true;
    if (index >= 0) this.scroll.reveal(index);
    this.draw();
  }

  /** As {@link reveal}, with what is around the row. */
  revealInMiddle(index: number): void {
    this.selected = index;
    this.isTold = true;
    this.scroll.revealInMiddle(index);
    this.draw();
  }

  /** The selected row is at another place now: it stays in view where it was. */
  moveSelected(index: number): void {
    const wasSeen = this.isSelectedSeen;
    this.selected = index;
    this.isTold = true;
    if (wasSeen && index >= 0) this.scroll.reveal(index);
    this.draw();
  }

  /**
   * Scrolls to where it was left, as soon as there are that many rows, unless somebody scrolls or selects until then.
   *
   * @param top as it was told; null to stay where it is
   */
  restore(top: number | null): void {
    this.scroll.restore(top === null ? null : top * ROW_HEIGHT);
    this.draw();
  }

  /** As {@link restore}, once there are columns. */
  restoreSideways(left: number): void {
    this.leftSideways = left;
    this.goSideways();
  }

  private goSideways(): void {
    if (this.leftSideways === null) return;
    this.grid.scrollLeft = this.leftSideways;
    this.ownSideways = this.grid.scrollLeft;
  }

  /** Draws before the next frame. */
  draw(): void {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.drawNow();
    });
  }

  /** Says on which side there is more than is seen. */
  private showSides(): void {
    const { scrollLeft, scrollWidth, clientWidth } = this.grid;
    this.root.classList.toggle('more-left', scrollLeft >= 1);
    this.root.classList.toggle('more-right', scrollLeft + clientWidth < scrollWidth - 1);
  }

  private resized(): void {
    this.showSides();
    const wasSeen = this.isSelectedSeen;
    this.scroll.resize(this.count, this.body.clientHeight);
    // The bar is higher than the rows beside it: it goes past the header too.
    const besides = this.bar.clientHeight - this.body.clientHeight;
    this.barContent.style.height = `${this.scroll.barHeight + besides}px`;
    // The browser moves a bar that is too far down for its way by now, which is nobody's hand either.
    this.ownBarTop = Math.min(this.ownBarTop, this.bar.scrollHeight - this.bar.clientHeight);
    if (wasSeen) this.scroll.reveal(this.selected);
    this.draw();
  }

  /** Whether the selected row is in view, and stays there: in a list that goes where it was left, that is what stays. */
  private get isSelectedSeen(): boolean {
    const { first, end } = this.scroll.seen;
    return !this.scroll.isRestored && this.selected >= first && this.selected < end;
  }

  private drawNow(): void {
    const { first, end } = this.scroll.seen;
    this.cache.want(first, end);
    const shift = first * ROW_HEIGHT - this.scroll.top;
    for (let place = 0; place < Math.max(end - first, this.rows.length); place++) {
      const index = first + place;
      const row = (this.rows[place] ??= this.newRow());
      row.hidden = index >= end;
      if (row.hidden) {
        // What it was is another row by now, or will be: nothing is there twice.
        setAttributes(row, { id: null, class: 'list-row', 'aria-selected': 'false' });
        continue;
      }
      row.style.transform = `translateY(${shift + place * ROW_HEIGHT}px)`;
      this.fillRow(row, index);
    }
    if (Math.abs(this.bar.scrollTop - this.scroll.barTop) >= 1) {
      this.bar.scrollTop = this.scroll.barTop;
      this.ownBarTop = this.bar.scrollTop;
    }
    const isSeen = this.selected >= first && this.selected < end;
    setAttributes(this.grid, { 'aria-activedescendant': isSeen ? rowId(this.selected) : null });
    this.tellSelected();
    this.tellPlace();
  }

  private tellPlace(): void {
    const { place } = this.scroll;
    if (place === this.toldPlace) return;
    this.toldPlace = place;
    this.actions.onScroll(place / ROW_HEIGHT);
  }

  private newRow(): HTMLElement {
    const row = element('div', { class: 'list-row', role: 'row' });
    for (const [index, { isNumber }] of this.columns.entries()) {
      row.append(
        element('div', {
          role: 'gridcell',
          class: isNumber ? 'cell number' : 'cell',
          'aria-colindex': index + 1,
        }),
      );
    }
    this.body.append(row);
    return row;
  }

  private fillRow(row: HTMLElement, index: number): void {
    const event = this.cache.row(index);
    const isSelected = index === this.selected;
    row.dataset['index'] = String(index);
    row.id = rowId(index);
    setAttributes(row, {
      'aria-rowindex': index + 2,
      'aria-selected': isSelected ? 'true' : 'false',
      'aria-busy': event === undefined ? 'true' : null,
    });
    row.className = ['list-row', ...classesOf(event), ...(isSelected ? ['selected'] : [])].join(' ');
    row.title = event === undefined ? '' : titleOf(event);
    setMenu(row, event === undefined ? NO_MENU : this.menuOf(event));
    for (const [place, { id, index: column }] of this.columns.entries()) {
      const cell = row.children[place]!;
      const text = event?.cells[column] ?? '';
      if (id === 'what' && event !== undefined && (event.isMark || event.gap !== '')) {
        cell.replaceChildren(icon(event.isMark ? 'bookmark' : 'warning'), text);
      } else if (cell.childElementCount > 0 || cell.textContent !== text) {
        cell.textContent = text;
        if (LEAST_WIDTHS[id] !== undefined) setAttributes(cell, { title: text === '' ? null : text });
      }
    }
    this.widenWhat(row, event);
  }

  private menuOf({ row, pfn, cells }: EventRow): MenuContext {
    const page = pfn < 0 ? '' : '.page';
    const task = (cells[this.taskCell] ?? '') === '' ? '' : '.task';
    return { webviewSection: `event${page}${task}`, row, ...(pfn < 0 ? {} : { pfn }) };
  }

  /** The list has the focus, and not its selected row, which may be out of view. */
  private menuOfSelected(event: MouseEvent): void {
    if (this.selected < 0) return;
    this.scroll.reveal(this.selected);
    this.drawNow();
    const row = this.rows.find(({ id }) => id === rowId(this.selected));
    if (row === undefined) return;
    const { bottom } = row.getBoundingClientRect();
    const { left } = this.grid.getBoundingClientRect();
    openMenu(event, row, left + ROW_HEIGHT, bottom);
  }

  /** What is said of no reference may be long, and has the room of its empty kind too. */
  private widenWhat(row: HTMLElement, event: EventRow | undefined): void {
    const what = this.columns.findIndex(({ id }) => id === 'what');
    const kind = this.columns[what + 1];
    if (what < 0 || kind?.id !== 'kind') return;
    const isWide = event?.cells[kind.index] === '';
    row.children[what]!.classList.toggle('wide', isWide);
    (row.children[what + 1] as HTMLElement).hidden = isWide;
  }

  private tellSelected(): void {
    if (this.isTold || this.selected < 0) return;
    const event = this.cache.row(this.selected);
    if (event === undefined) {
      this.cache.want(this.selected, this.selected + 1);
      return;
    }
    this.isTold = true;
    this.actions.onSelect(this.selected, event);
  }

  private select(index: number): void {
    if (this.count === 0) return;
    this.selected = Math.max(0, Math.min(this.count - 1, index));
    this.isTold = false;
    this.choices++;
    this.scroll.reveal(this.selected);
    this.draw();
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const aside = event.shiftKey ? { ArrowLeft: -ASIDE, ArrowRight: ASIDE }[event.key] : undefined;
    const to = this.placeOfKey(event.key);
    if (aside !== undefined) this.grid.scrollBy({ left: aside });
    else if (to !== null) this.select(to);
    else if (event.key === 'Enter') this.actions.onOpen();
    else if (event.key === 'ArrowRight') this.actions.onLeaveRight();
    else return;
    event.preventDefault();
  }

  private placeOfKey(key: string): number | null {
    const page = this.scroll.pageRows - 1;
    switch (key) {
      case 'ArrowDown':
        return this.selected + 1;
      case 'ArrowUp':
        return this.selected < 0 ? this.count - 1 : this.selected - 1;
      case 'PageDown':
        return Math.max(0, this.selected) + page;
      case 'PageUp':
        return this.selected - page;
      case 'Home':
        return 0;
      case 'End':
        return this.count - 1;
      default:
        return null;
    }
  }

  private clicked(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('.list-row') : null;
    // The menu speaks of the row that is pressed: it is seen which one that is.
    if (row === null || event.button === 1) return;
    this.select(Number(row.dataset['index']));
  }

  private wheeled(event: WheelEvent): void {
    if (event.deltaY === 0 || event.ctrlKey || event.shiftKey) return;
    const unit = [1, WHEEL_LINE / 3, ROW_HEIGHT * this.scroll.pageRows][event.deltaMode] ?? 1;
    this.scroll.moveTo(this.scroll.top + event.deltaY * unit);
    event.preventDefault();
    this.draw();
  }
}

function rowId(index: number): string {
  return `row-${index}`;
}

function classesOf(event: EventRow | undefined): readonly string[] {
  if (event === undefined) return ['loading'];
  return [
    ...(event.isMark ? ['mark'] : []),
    ...(event.gap === '' ? [] : ['behind-gap']),
    ...(event.isMatch ? ['match'] : []),
  ];
}

function titleOf({ isMark, gap }: EventRow): string {
  return [
    isMark
      ? l10n.t('Says that a page failed to move, or was poisoned; a mark may have several such events')
      : '',
    gap === '' ? '' : l10n.t('Before it: {0}', gap),
  ]
    .filter((text) => text !== '')
    .join('\n');
}
