/**
 * The timeline: drawn by hand on a canvas, because what makes it worth looking at (marks by reason, hatched gaps, lanes
 * of held spans, gets and puts on the count) is what chart libraries leave to their plug-ins. The engine counts by
 * columns of the drawing, so that any span of any capture costs the same.
 */
import * as l10n from '@vscode/l10n';
import type { PageCounts, Timeline, TimelineMark, TimeRange } from '../engine/eventProtocol';
import { isByKey, NO_MENU, openMenu, setMenu } from './contextMenu';
import { element, iconButton, setAttributes } from './dom';
import { Latest } from './host';
import { numberText } from './numberText';
import { onThemeChange, themePalette } from './palette';
import { isSame, stepTo } from './targetWalk';
import {
  drawExpected,
  drawHollowBar,
  drawSign,
  GUTTER,
  heightOf,
  markStyle,
  TimelinePainter,
  type Painted,
  type Palette,
  type Target,
} from './timelinePaint';
import { rangeOfMarks, TimeView } from './timeView';

const ZOOM = 0.75;
const PAN = 0.2;
/** A press that moves less is a click, in px. */
const STILL = 4;
/** Of the height of the page it takes no more than that, as long as it can be that low; the rest is the list's. */
const MOST_PART = 0.45;
/** Room that is left for the line that says what keys led to, in px. */
const LABEL_ROOM = 32;

interface TimelineActions {
  readonly ask: (range: TimeRange | null, columns: number, signal: AbortSignal) => Promise<Timeline | null>;
  readonly describe: (range: TimeRange, signal: AbortSignal) => Promise<readonly string[]>;
  /** The next mark of the whole capture behind what is selected, or the one before. */
  readonly nextMark: (step: 1 | -1) => Promise<TimelineMark | null>;
  readonly onSelectRow: (row: number) => Promise<void>;
  readonly onSelectTime: (time: number) => void;
  /** Events of this span alone are wanted. */
  readonly onBrush: (range: TimeRange) => void;
  readonly onFailure: (error: unknown) => void;
  /** What is shown is another part. */
  readonly onMoved: () => void;
}

interface Drag {
  readonly startX: number;
  lastX: number;
  readonly isBrush: boolean;
}

export class TimelineView {
  readonly root: HTMLElement;
  readonly view = new TimeView();
  private readonly canvas = element('canvas', {
    class: 'timeline-canvas',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': l10n.t('timeline'),
  });
  private readonly legend = element('div', { class: 'legend' });
  /** Where the part that is shown is in the whole. */
  private readonly partShown = element('span', { class: 'overview-part' });
  private readonly partText = element('span');
  private readonly part = element('div', { class: 'part', hidden: true });
  private readonly tooltip = element('div', { class: 'timeline-tooltip', role: 'tooltip', hidden: true });
  private readonly spoken = element('div', { class: 'spoken', role: 'status' });
  private readonly latest = new Latest();
  private readonly latestTooltip = new Latest();
  private palette: Palette = themePalette();
  private data: Timeline | null = null;
  private painted: Painted = { targets: [], pages: [] };
  private selected: number | null = null;
  /** What keys led to last, as it was then. */
  private reached: Target | null = null;
  private drag: Drag | null = null;
  /** Done when all steps from mark to mark are. */
  private stepping: Promise<void> = Promise.resolve();
  private isDrawing = false;
  /** Height that the drawing may have, in px. */
  private room = Infinity;
  /** What is shown first is still to be chosen. */
  private beginsAtMarks = false;

  constructor(private readonly actions: TimelineActions) {
    const button = (name: string, says: string, key: string): HTMLElement =>
      iconButton(name, says, () => {
        this.act(key);
      });
    const wholeText = l10n.t('Show the whole capture (0)');
    this.root = element(
      'section',
      { class: 'timeline', 'aria-label': l10n.t('Timeline'), hidden: true },
      element(
        'div',
        { class: 'timeline-bar' },
        this.legend,
        element(
          'div',
          { class: 'timeline-tools' },
          this.part,
          element(
            'div',
            { class: 'timeline-buttons' },
            button('arrow-left', l10n.t('Previous mark (P)'), 'p'),
            button('arrow-right', l10n.t('Next mark (N)'), 'n'),
            button('zoom-in', l10n.t('Zoom in (+)'), '+'),
            button('zoom-out', l10n.t('Zoom out (-)'), '-'),
            button('screen-full', wholeText, '0'),
            button(
              'filter',
              l10n.t('Only events of the part that is shown (F); Shift and drag: of the part dragged over'),
              'f',
            ),
          ),
        ),
      ),
      this.canvas,
      this.tooltip,
      this.spoken,
    );
    const showAll = element(
      'button',
      { type: 'button', class: 'link', title: wholeText },
      l10n.t('Show all'),
    );
    showAll.addEventListener('click', () => {
      this.act('0');
    });
    this.part.append(
      element('span', { class: 'overview', 'aria-hidden': 'true' }, this.partShown),
      this.partText,
      showAll,
    );
    this.listen();
    // Higher windows leave more room, which what is lower than its room does not hear of.
    window.addEventListener('resize', () => {
      this.fit();
    });
    new ResizeObserver(() => {
      this.fit();
      // What is drawn would be stretched until the answer comes.
      this.draw();
      void this.refresh();
    }).observe(this.root);
    onThemeChange(() => {
      this.palette = themePalette();
      this.drawLegend();
      this.draw();
    });
  }

  /** Asks anew for what is seen. */
  async refresh(): Promise<void> {
    const columns = this.timeWidth;
    if (columns <= 0 && !this.root.hidden) return;
    try {
      await this.latest.run(async (signal) => {
        const data = await this.actions.ask(this.view.part, Math.max(1, columns), signal);
        if (signal.aborted) return;
        this.show(data);
      });
    } catch (error) {
      this.actions.onFailure(error);
    }
  }

  /** @param time of the selected event, or null */
  select(time: number | null): void {
    this.selected = time;
    this.draw();
  }

  /** What is shown from now on is another capture. */
  forget(): void {
    this.view.forget();
    this.drag = null;
    this.reached = null;
    this.hideTooltip();
    this.select(null);
  }

  /** Has the part around the marks shown, once they are known: most of a capture is the way there. */
  beginAtMarks(): void {
    this.beginsAtMarks = true;
  }

  focus(): void {
    this.canvas.focus();
  }

  private show(data: Timeline | null): void {
    const wasHidden = this.root.hidden;
    this.data = data;
    this.root.hidden = data === null;
    if (data === null) return;
    this.view.setSpan(data.span);
    if (this.beginsAtMarks) this.begin(data);
    this.drawLegend();
    this.showPart(data);
    this.fit();
    this.draw();
    setAttributes(this.canvas, { 'aria-label': summary(data) });
    // Only now it has a width to ask for.
    if (wasHidden) void this.refresh();
  }

  /** What is shown may be taken for the whole. */
  private showPart({ part, range, span }: Timeline): void {
    this.part.hidden = part === '';
    const whole = span.to - span.from;
    this.partText.textContent = l10n.t({
      message: 'Shown: {0}',
      args: [part],
      comment: ['{0} is such as: 110 ms of 3.22 s'],
    });
    this.partShown.style.left = `${(100 * (range.from - span.from)) / whole}%`;
    this.partShown.style.width = `${(100 * (range.to - range.from)) / whole}%`;
  }

  private begin({ marks, span }: Timeline): void {
    this.beginsAtMarks = false;
    const range = rangeOfMarks(
      marks.map(({ time }) => time),
      span,
    );
    if (range === null || this.view.part !== null) return;
    this.view.show(range);
    if (this.selected !== null) this.view.reveal(this.selected);
    this.changed();
  }

  /** Has the drawing as high as there is room for it. */
  private fit(): void {
    const { data, canvas } = this;
    if (data === null) return;
    this.room = Math.floor(window.innerHeight * MOST_PART) - canvas.offsetTop;
    const height = `${heightOf(data, this.room)}px`;
    if (canvas.style.height === height) return;
    canvas.style.height = height;
    this.draw();
  }

  private draw(): void {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.drawNow();
    });
  }

  private drawNow(): void {
    const { data, canvas, view, selected, drag, room } = this;
    const context = canvas.getContext('2d');
    if (data === null || context === null) return;
    const ratio = window.devicePixelRatio;
    const width = canvas.clientWidth;
    const height = heightOf(data, room);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    const brush = drag?.isBrush === true ? ([drag.startX, drag.lastX] as const) : null;
    const reached = document.activeElement === canvas ? this.reached : null;
    const drawing = { width, room, view, data, selected, brush, reached };
    this.painted = new TimelinePainter(context, this.palette, drawing).paint();
  }

  private drawLegend(): void {
    const reasons = [...new Set(this.data?.marks.map(({ reason }) => reason) ?? [])];
    this.legend.replaceChildren(
      ...reasons.map((reason) =>
        element('span', {}, this.markSign(reason), reason ?? l10n.t('reason unknown')),
      ),
      ...this.heldLegend(),
      ...this.expectedLegend(),
    );
  }

  /** The colours of what is held, of those that are there. */
  private heldLegend(): readonly HTMLElement[] {
    const spans = this.data?.lanes.flatMap((lane) => lane.spans) ?? [];
    const { stillHeld, held } = this.palette;
    return [
      ...(spans.some(({ isOpenAfter }) => isOpenAfter)
        ? [element('span', {}, barSign(stillHeld), l10n.t('held, not released'))]
        : []),
      ...(spans.some(({ isOpenAfter }) => !isOpenAfter)
        ? [element('span', {}, barSign(held), l10n.t('held, released'))]
        : []),
      ...(spans.some(({ isAssumed }) => isAssumed)
        ? [element('span', {}, hollowSign(held), l10n.t('match assumed'))]
        : []),
    ];
  }

  /** What stands beside the count of a page at its marks. */
  private expectedLegend(): readonly HTMLElement[] {
    if ((this.data?.page?.expected.length ?? 0) === 0) return [];
    const sign = legendSign(this.palette.expected, (context) => {
      drawExpected(context, 6, 10, 0, 6);
    });
    return [element('span', {}, sign, l10n.t('expected refcount'))];
  }

  private markSign(reason: string | null): HTMLCanvasElement {
    const { colour, sign } = markStyle(reason);
    return legendSign(this.palette.marks[colour], (context) => {
      drawSign(context, sign, 6, 6, 9);
    });
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener('wheel', (event) => {
      this.wheeled(event);
    });
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.drag = { startX: event.offsetX, lastX: event.offsetX, isBrush: event.shiftKey };
    });
    canvas.addEventListener('pointermove', (event) => {
      this.moved(event);
    });
    canvas.addEventListener('pointerup', (event) => {
      this.released(event);
    });
    canvas.addEventListener('pointercancel', () => {
      this.drag = null;
      this.draw();
    });
    canvas.addEventListener('contextmenu', (event) => {
      this.menuAsked(event);
    });
    canvas.addEventListener('pointerleave', () => {
      this.hideTooltip();
    });
    canvas.addEventListener('focus', () => {
      this.draw();
    });
    canvas.addEventListener('blur', () => {
      this.hideTooltip();
      this.draw();
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.act(event.key.toLowerCase())) event.preventDefault();
    });
  }

  private act(key: string): boolean {
    const { view } = this;
    const { from, to } = view.range;
    const middle =
      this.selected !== null && this.selected >= from && this.selected <= to
        ? this.selected
        : (from + to) / 2;
    switch (key) {
      case '+':
      case '=':
      case 'arrowup':
        view.zoom(ZOOM, middle);
        break;
      case '-':
      case 'arrowdown':
        view.zoom(1 / ZOOM, middle);
        break;
      case 'arrowleft':
        view.pan(-PAN);
        break;
      case 'arrowright':
        view.pan(PAN);
        break;
      case '0':
      case 'home':
        view.showAll();
        break;
      case 'n':
      case 'p':
        this.step(key === 'n' ? 1 : -1);
        return true;
      // Not the brackets: where a keyboard has them on a third level, Windows says that Ctrl and Alt are held.
      case '.':
      case ',':
        this.walk(key === '.' ? 1 : -1);
        return true;
      case 'enter':
        this.chooseReached();
        return true;
      case 'f':
        this.actions.onBrush(view.range);
        return true;
      case 'escape':
        this.drag = null;
        this.reached = null;
        break;
      default:
        return false;
    }
    this.hideTooltip();
    this.changed();
    return true;
  }

  /** A press that comes before the last one is answered goes on from where that one leads. */
  private step(direction: 1 | -1): void {
    this.stepping = this.stepping
      .then(() => this.stepNow(direction))
      .catch((error: unknown) => {
        this.actions.onFailure(error);
      });
  }

  /** To the next mark, or the one before, which may lie beside the part that is shown. */
  private async stepNow(direction: 1 | -1): Promise<void> {
    const next = await this.actions.nextMark(direction);
    if (next === null) {
      this.spoken.textContent = direction > 0 ? l10n.t('No mark after') : l10n.t('No mark before');
      return;
    }
    this.spoken.textContent = next.label;
    // What is drawn is then walked through from there.
    this.reached = null;
    // Not left to the list: one that is filtered out is not in it.
    this.bringTimeIntoView(next.time);
    await this.actions.onSelectRow(next.row);
  }

  private bringTimeIntoView(time: number): void {
    const before = this.view.range.from;
    this.view.reveal(time);
    if (this.view.range.from === before) return;
    this.hideTooltip();
    this.changed();
  }

  /** To the next thing of those that are drawn, or the one before, which is neither selected nor moved to yet. */
  private walk(direction: 1 | -1): void {
    const { reached } = this;
    const { from, to } = this.view.range;
    const time = reached?.time ?? this.selected;
    const begin = time !== null && time >= from && time <= to ? time : null;
    const step = stepTo(this.painted.targets, direction, reached, begin);
    if (step === null) {
      this.spoken.textContent =
        direction > 0
          ? l10n.t('Nothing after in the part that is shown')
          : l10n.t('Nothing before in the part that is shown');
      return;
    }
    const { target, place, count } = step;
    this.reached = target;
    // Said again where the next is called the same: its place is another.
    this.spoken.textContent = l10n.t({
      message: '{0}, {1} of {2}',
      args: [target.label, numberText(place), numberText(count)],
      comment: ['A screen reader says it: {0} is what stands there in the timeline, the {1}th of {2}'],
    });
    this.bringIntoView(target);
    this.hideTooltip();
    this.showTooltip((target.left + target.right) / 2, target.bottom - 8, [target.label]);
    this.draw();
  }

  /** The timeline may be higher than the room it has. */
  private bringIntoView({ top, bottom }: Target): void {
    const { root, canvas } = this;
    const first = canvas.offsetTop + top - LABEL_ROOM;
    const last = canvas.offsetTop + bottom + LABEL_ROOM;
    if (last > root.scrollTop + root.clientHeight) root.scrollTop = last - root.clientHeight;
    if (first < root.scrollTop) root.scrollTop = first;
  }

  /** What a click on its middle does. */
  private chooseReached(): void {
    const target = this.reachedNow();
    if (target === null) return;
    this.hideTooltip();
    this.choose(target, (target.left + target.right) / 2);
  }

  /** What keys led to, where it is drawn now. */
  private reachedNow(): Target | null {
    const { reached } = this;
    return reached === null ? null : (this.painted.targets.find((each) => isSame(each, reached)) ?? null);
  }

  /** What is drawn of the page of the selected event, such as the mark that a key led to. */
  private selectedNow(): Target | null {
    const at = this.painted.targets.filter(({ time, pfn }) => pfn >= 0 && time === this.selected);
    return at.find(({ kind }) => kind === 'mark') ?? at.at(-1) ?? null;
  }

  private wheeled(event: WheelEvent): void {
    if (this.data === null) return;
    event.preventDefault();
    const { view } = this;
    const isPan = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (isPan) {
      view.pan((event.deltaX === 0 ? event.deltaY : event.deltaX) / this.timeWidth);
    } else {
      const lines = event.deltaMode === 0 ? event.deltaY / 100 : event.deltaY;
      view.zoom(ZOOM ** -Math.max(-3, Math.min(3, lines)), this.timeAt(event.offsetX));
    }
    this.hideTooltip();
    this.changed();
  }

  private moved(event: PointerEvent): void {
    const { drag } = this;
    if (drag === null) {
      void this.hover(event.offsetX, event.offsetY);
      return;
    }
    this.hideTooltip();
    if (!drag.isBrush) {
      this.view.pan((drag.lastX - event.offsetX) / this.timeWidth);
      this.changed();
    }
    drag.lastX = event.offsetX;
    this.draw();
  }

  private released(event: PointerEvent): void {
    const { drag } = this;
    this.drag = null;
    if (drag === null) return;
    if (Math.abs(event.offsetX - drag.startX) < STILL) {
      this.clicked(event.offsetX, event.offsetY);
    } else if (drag.isBrush) {
      const [from, to] = [drag.startX, event.offsetX].sort((a, b) => a - b).map((x) => this.timeAt(x));
      this.actions.onBrush({ from: from!, to: to! });
    }
    this.draw();
  }

  private clicked(x: number, y: number): void {
    this.reached = null;
    // What is selected may have the chart moved from under it.
    this.hideTooltip();
    this.choose(this.targetAt(x, y), x);
  }

  /** What is drawn has no element: the canvas says what is meant before VS Code asks it. */
  private menuAsked(event: MouseEvent): void {
    // It was answered already.
    if (!event.isTrusted) return;
    this.hideTooltip();
    const isKey = isByKey(event);
    const target = isKey
      ? (this.reachedNow() ?? this.selectedNow())
      : this.targetAt(event.offsetX, event.offsetY);
    const pfn = target?.pfn ?? (isKey ? -1 : this.pageAt(event.offsetY));
    setMenu(this.canvas, pfn < 0 ? NO_MENU : { webviewSection: 'page', pfn });
    if (target === null || !isKey) return;
    const { left, top } = this.canvas.getBoundingClientRect();
    openMenu(event, this.canvas, left + (target.left + target.right) / 2, top + target.bottom);
  }

  private choose(target: Target | null, x: number): void {
    if (target !== null && target.row >= 0) void this.actions.onSelectRow(target.row);
    else this.actions.onSelectTime(this.timeAt(x));
  }

  private targetAt(x: number, y: number): Target | null {
    return (
      this.painted.targets.findLast(
        ({ left, right, top, bottom }) => x >= left && x <= right && y >= top && y <= bottom,
      ) ?? null
    );
  }

  /** The page whose row of the drawing it is, its name and what is between the signs included; -1 for no page's. */
  private pageAt(y: number): number {
    return this.painted.pages.find(({ top, bottom }) => y >= top && y < bottom)?.pfn ?? -1;
  }

  private async hover(x: number, y: number): Promise<void> {
    const target = this.targetAt(x, y);
    this.canvas.style.cursor = target !== null && target.row >= 0 ? 'pointer' : '';
    if (target !== null) this.showTooltip(x, y, [target.label]);
    await this.latestTooltip
      .run(async (signal) => {
        const lines = await this.linesAt(target, x, signal);
        if (!signal.aborted) this.showTooltip(x, y, lines);
      })
      .catch(() => undefined);
  }

  /** Of a thing its own time, which is another one than that under the mouse; elsewhere what is there. */
  private async linesAt(target: Target | null, x: number, signal: AbortSignal): Promise<readonly string[]> {
    const { describe } = this.actions;
    if (target === null) return describe({ from: this.timeAt(x), to: this.timeAt(x + 1) }, signal);
    const { label, time, until } = target;
    if (until === null) return [label];
    const [times] = await describe({ from: time, to: until }, signal);
    return [label, ...(times === undefined ? [] : [times])];
  }

  private showTooltip(x: number, y: number, lines: readonly string[]): void {
    const { tooltip, canvas, root } = this;
    tooltip.replaceChildren(...lines.map((line) => element('div', {}, line)));
    tooltip.hidden = false;
    const left = Math.min(x + 12, canvas.clientWidth - tooltip.offsetWidth - 4);
    const below = canvas.offsetTop + y + 18;
    // What is at the lower edge, as a count near 0 is, has it above: the timeline is cut where its room ends.
    const isRoom = below + tooltip.offsetHeight <= root.scrollTop + root.clientHeight;
    const top = isRoom ? below : canvas.offsetTop + y - tooltip.offsetHeight - 8;
    tooltip.style.transform = `translate(${Math.max(0, left)}px, ${top}px)`;
  }

  private hideTooltip(): void {
    void this.latestTooltip.run(() => Promise.resolve());
    this.tooltip.hidden = true;
  }

  /** Width of the part of the drawing that is time, in px. */
  private get timeWidth(): number {
    return this.canvas.clientWidth - GUTTER;
  }

  private timeAt(x: number): number {
    return this.view.timeAt(Math.max(0, x - GUTTER), this.timeWidth);
  }

  private changed(): void {
    this.draw();
    void this.refresh();
    this.actions.onMoved();
  }
}

function barSign(colour: string): HTMLCanvasElement {
  return legendSign(colour, (context) => {
    context.fillRect(0, 4, 12, 4);
  });
}

function hollowSign(colour: string): HTMLCanvasElement {
  return legendSign(colour, (context) => {
    drawHollowBar(context, 0, 3, 12, 6);
  });
}

/** A drawing 12 px high and wide. */
function legendSign(colour: string, draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const sign = element('canvas', { width: 24, height: 24, class: 'legend-sign', 'aria-hidden': 'true' });
  const context = sign.getContext('2d');
  if (context === null) return sign;
  context.scale(2, 2);
  context.fillStyle = colour;
  context.strokeStyle = colour;
  draw(context);
  return sign;
}

/** For those who hear it. */
function summary({ marks, lanes, gaps, ticks, page, range }: Timeline): string {
  const count = marks.reduce((sum, mark) => sum + mark.count, 0);
  const name =
    ticks.length > 1
      ? l10n.t('Timeline, {0} to {1}', ticks[0]!.label, ticks.at(-1)!.label)
      : l10n.t('Timeline');
  const counts = [
    marksText(count),
    gapsText(gaps.length),
    lanesText(lanes.length),
    ...(page === null ? [] : refcountText(page, range)),
  ].join(', ');
  const keys = l10n.t(
    'Plus and minus zoom, left and right move, N and P go to the next and previous mark, period and comma to the next and previous thing that is drawn, Enter selects it, 0 shows the whole, F filters to what is shown. With Shift, a drag of the mouse filters to the part dragged over.',
  );
  return `${name}: ${counts}. ${keys}`;
}

/** Where the line of the refcount ends; empty where it does not begin before the end of what is shown. */
function refcountText({ label, times, counts }: PageCounts, { to }: TimeRange): readonly string[] {
  const last = times.findLastIndex((time) => time <= to);
  return last < 0 ? [] : [l10n.t('refcount of {0} at the end {1}', label, numberText(counts[last]!))];
}

function marksText(count: number): string {
  return count === 1 ? l10n.t('1 mark') : l10n.t('{0} marks', numberText(count));
}

function gapsText(count: number): string {
  return count === 1 ? l10n.t('1 gap') : l10n.t('{0} gaps', numberText(count));
}

function lanesText(count: number): string {
  return count === 1 ? l10n.t('1 page held longest') : l10n.t('{0} pages held longest', count);
}
