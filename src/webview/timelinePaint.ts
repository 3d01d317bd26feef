/** Draws the timeline: density, gaps, marks, held spans, the count of a page, axis. */
import * as l10n from '@vscode/l10n';
import type { HeldSpan, PageCounts, Timeline, TimelineLane, TimelineMark } from '../engine/eventProtocol';
import type { Pen } from './pen';
import { isSame } from './targetWalk';
import type { TimeView } from './timeView';

/** Bands from top to bottom, in px; some are lower where there is little room, so that all of them are seen. */
const AXIS = 18;
const DENSITY = { full: 44, least: 22 };
const MARKS = 16;
const LANE = { full: 18, least: 12 };
const COUNTS = { full: 84, least: 46 };
const BETWEEN = 4;

/** At the left, for names; the rest is time. */
export const GUTTER = 92;

/** A span that is alone in its lane is no higher. */
const MOST_HEIGHT = 7;

/** Width of a mark's sign. */
const SIGN = 9;

/** What the ring of the focus leaves free around what it stands around. */
const RING = 3;

export interface Palette {
  readonly foreground: string;
  readonly dim: string;
  readonly line: string;
  readonly all: string;
  readonly matching: string;
  readonly gap: string;
  readonly held: string;
  readonly stillHeld: string;
  readonly get: string;
  readonly put: string;
  readonly expected: string;
  readonly selection: string;
  readonly focus: string;
  readonly font: string;
  readonly marks: Readonly<Record<MarkColour, string>>;
}

type MarkColour = 'red' | 'orange' | 'yellow' | 'green' | 'blue' | 'purple';
type MarkSign = 'triangle' | 'diamond' | 'square' | 'cross' | 'circle' | 'ring';

/** Reasons are told apart by sign and colour: neither alone does for everybody. */
export function markStyle(reason: string | null): { readonly colour: MarkColour; readonly sign: MarkSign } {
  switch (reason) {
    case 'contig_range':
    case 'cma':
      return { colour: 'red', sign: 'triangle' };
    case 'compaction':
      return { colour: 'orange', sign: 'diamond' };
    case 'memory_hotplug':
      return { colour: 'purple', sign: 'square' };
    case 'memory_failure':
      return { colour: 'yellow', sign: 'cross' };
    case 'longterm_pin':
      return { colour: 'blue', sign: 'circle' };
    case null:
      return { colour: 'red', sign: 'ring' };
    default:
      return { colour: 'green', sign: 'circle' };
  }
}

export type TargetKind = 'gap' | 'mark' | 'span' | 'left-out' | 'get' | 'put' | 'expected';

/** Something in the drawing that can be pointed at, and reached by keys: where it is, in px, and when. */
export interface Target {
  readonly kind: TargetKind;
  readonly time: number;
  /** When it ended, the same time for what has no length; null where its label says the time, or it has none. */
  readonly until: number | null;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly label: string;
  readonly row: number;
  readonly pfn: number;
}

/** A band of the drawing, from one side to the other, that is of one page. */
interface PageBand {
  readonly pfn: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Painted {
  /** What can be pointed at, foremost last. */
  readonly targets: readonly Target[];
  readonly pages: readonly PageBand[];
}

interface Drawing {
  readonly width: number;
  /** Height that it is to have at most, if it can. */
  readonly room: number;
  readonly view: TimeView;
  readonly data: Timeline;
  /** Time of the selected event, or null. */
  readonly selected: number | null;
  /** Both ends of what is brushed, in px. */
  readonly brush: readonly [number, number] | null;
  /** What keys have led to, as it was when it was drawn last; null where they led nowhere, or have no effect now. */
  readonly reached: Target | null;
}

interface Bands {
  readonly density: number;
  readonly lane: number;
  readonly counts: number;
  /** Of all bands together. */
  readonly height: number;
}

type Drawn = Pick<Timeline, 'lanes' | 'page'>;

/** @param room in px; what needs more even at its lowest is higher than that */
export function heightOf(data: Drawn, room = Infinity): number {
  return bandsIn(data, room).height;
}

function bandsIn(data: Drawn, room: number): Bands {
  const full = bandsBy(data, 1);
  const least = bandsBy(data, 0);
  if (room >= full.height) return full;
  return bandsBy(data, Math.max(0, (room - least.height) / (full.height - least.height)));
}

/** @param part of the way from the least heights to the full ones, from 0 to 1 */
function bandsBy({ lanes, page }: Drawn, part: number): Bands {
  const of = (band: typeof LANE): number => Math.floor(band.least + (band.full - band.least) * part);
  const [density, lane, counts] = [of(DENSITY), of(LANE), of(COUNTS)];
  const lanesHeight = lanes.length > 0 ? (1 + lanes.length) * lane + BETWEEN : 0;
  const height = AXIS + density + MARKS + lanesHeight + (page === null ? 0 : counts + BETWEEN) + BETWEEN;
  return { density, lane, counts, height };
}

export class TimelinePainter {
  private readonly targets: Target[] = [];
  private readonly pages: PageBand[] = [];
  private top = 0;
  private readonly bands: Bands;

  constructor(
    private readonly context: Pen,
    private readonly palette: Palette,
    private readonly drawing: Drawing,
  ) {
    this.bands = bandsIn(drawing.data, drawing.room);
  }

  /** Draws everything. */
  paint(): Painted {
    const { context, drawing, palette } = this;
    const { width, data } = drawing;
    context.clearRect(0, 0, width, this.bands.height);
    context.font = palette.font;
    context.textBaseline = 'middle';
    this.inTime(() => {
      this.axis();
    });
    this.density();
    this.inTime(() => {
      this.gaps();
    });
    this.marks();
    this.lanes();
    if (data.page !== null) this.counts(data.page);
    this.inTime(() => {
      this.selection();
      this.brushed();
    });
    this.reached();
    const { targets, pages } = this;
    return { targets, pages };
  }

  private x(time: number): number {
    return GUTTER + this.drawing.view.xOf(time, this.drawing.width - GUTTER);
  }

  /** Whether a point is in the part that is time: what was answered for another range may lie beside it. */
  private isSeen(x: number): boolean {
    return x >= GUTTER - 1 && x <= this.drawing.width + 1;
  }

  /** Draws within the part that is time. */
  private inTime(draw: () => void): void {
    const { context, drawing } = this;
    context.save();
    context.beginPath();
    context.rect(GUTTER, 0, drawing.width - GUTTER, this.bands.height);
    context.clip();
    draw();
    context.restore();
  }

  private name(text: string, middle: number): void {
    const { context, palette } = this;
    context.textAlign = 'left';
    context.fillStyle = palette.foreground;
    context.fillText(text, 0, middle, GUTTER - 6);
  }

  private band(pfn: number, height: number): void {
    this.pages.push({ pfn, top: this.top, bottom: this.top + height });
  }

  private axis(): void {
    const { context, palette, drawing } = this;
    const height = this.bands.height;
    let labelled = GUTTER;
    for (const { time, label } of drawing.data.ticks) {
      const x = Math.round(this.x(time)) + 0.5;
      context.globalAlpha = 0.4;
      context.fillStyle = palette.dim;
      context.fillRect(x, AXIS - 4, 1, height);
      context.globalAlpha = 1;
      context.fillStyle = palette.dim;
      const { width } = context.measureText(label);
      const isRoom = x + 4 + width <= drawing.width;
      // A label before its line is taken for that of the line before, where there is one: it is left out.
      if (!isRoom && labelled > GUTTER) continue;
      const left = isRoom ? x + 4 : x - 4 - width;
      if (left < labelled) continue;
      context.textAlign = 'left';
      context.fillText(label, left, AXIS / 2);
      labelled = left + width;
    }
    this.top = AXIS;
  }

  private density(): void {
    const { palette, drawing } = this;
    const { all, matching } = drawing.data;
    const most = all.reduce((highest, count) => Math.max(highest, count), 1);
    const isFiltered = matching.some((count, column) => count !== all[column]);
    this.name(l10n.t('Events'), this.top + this.bands.density / 2);
    this.columns(all, most, isFiltered ? palette.all : palette.matching);
    if (isFiltered) this.columns(matching, most, palette.matching);
    this.top += this.bands.density;
  }

  /** Heights by the square root: single events are seen beside thousands. */
  private columns(counts: Uint32Array, most: number, colour: string): void {
    const { context, drawing, top } = this;
    const { range } = drawing.data;
    const step = (range.to - range.from) / counts.length;
    const bottom = top + this.bands.density;
    context.fillStyle = colour;
    context.beginPath();
    for (const [column, count] of counts.entries()) {
      if (count === 0) continue;
      const left = this.x(range.from + column * step);
      const right = this.x(range.from + (column + 1) * step);
      if (right < GUTTER || left > drawing.width) continue;
      const height = Math.max(2, Math.sqrt(count / most) * (this.bands.density - 2));
      context.rect(Math.max(GUTTER, left), bottom - height, Math.max(1, right - left), height);
    }
    context.fill();
  }

  private gaps(): void {
    const { context, palette, drawing } = this;
    const { data, width } = drawing;
    const top = AXIS;
    const bottom = this.bands.height;
    for (const { from, to, label } of data.gaps) {
      const left = Math.max(GUTTER, this.x(from ?? data.span.from));
      const right = Math.max(left + 3, Math.min(width, this.x(to ?? data.span.to)));
      if (left > width || right < GUTTER) continue;
      context.save();
      context.beginPath();
      context.rect(left, top, right - left, bottom - top);
      context.clip();
      context.strokeStyle = palette.gap;
      context.lineWidth = 1;
      context.beginPath();
      // One pattern for all gaps: hatches of neighbours fit together.
      const height = bottom - top;
      for (let x = Math.floor((left - height) / 8) * 8; x < right; x += 8) {
        context.moveTo(x, bottom);
        context.lineTo(x + height, top);
      }
      context.stroke();
      context.restore();
      this.targets.push({
        kind: 'gap',
        time: from ?? data.span.from,
        until: null,
        left,
        right,
        top,
        bottom: top + this.bands.density,
        label,
        row: -1,
        pfn: -1,
      });
    }
  }

  private marks(): void {
    this.name(l10n.t('Marks'), this.top + MARKS / 2);
    for (const mark of this.drawing.data.marks) this.mark(mark, this.top + MARKS / 2);
    this.top += MARKS;
  }

  private mark({ time, reason, label, row, pfn }: TimelineMark, middle: number): void {
    const { context, palette } = this;
    const x = this.x(time);
    if (!this.isSeen(x)) return;
    const { colour, sign } = markStyle(reason);
    context.fillStyle = palette.marks[colour];
    context.strokeStyle = palette.marks[colour];
    drawSign(context, sign, x, middle, SIGN);
    const half = SIGN / 2 + 1;
    this.targets.push({
      kind: 'mark',
      time,
      until: time,
      left: x - half,
      right: x + half,
      top: middle - half,
      bottom: middle + half,
      label,
      row,
      pfn,
    });
  }

  private lanes(): void {
    const { context, palette, drawing } = this;
    if (drawing.data.lanes.length === 0) return;
    this.name(
      l10n.t({ message: 'Held', comment: ['Above the names of the pages that were held longest'] }),
      this.top + this.bands.lane / 2,
    );
    this.top += this.bands.lane;
    for (const lane of drawing.data.lanes) {
      const middle = Math.floor(this.top + this.bands.lane / 2);
      context.fillStyle = palette.line;
      context.fillRect(GUTTER, middle, drawing.width - GUTTER, 1);
      this.inTime(() => {
        for (const span of lane.spans) this.heldSpan(span, lane);
      });
      this.name(lane.label, middle);
      if (lane.left > 0) this.leftOut(lane, middle);
      this.band(lane.pfn, this.bands.lane);
      this.top += this.bands.lane;
    }
    this.top += BETWEEN;
  }

  /** One of the spans of a lane, which share its height. */
  private heldSpan(span: HeldSpan, { pfn, levels }: TimelineLane): void {
    const { context, palette, drawing } = this;
    const left = Math.max(GUTTER, this.x(span.from));
    const right = Math.max(left + 2, Math.min(drawing.width, this.x(span.to)));
    if (left > drawing.width || this.x(span.to) < GUTTER) return;
    const height = Math.max(1, Math.min(MOST_HEIGHT, Math.floor((this.bands.lane - 2) / levels) - 1));
    const top =
      Math.floor(this.top + (this.bands.lane - levels * (height + 1)) / 2) + span.level * (height + 1);
    context.fillStyle = span.isOpenAfter ? palette.stillHeld : palette.held;
    if (span.isAssumed) drawHollowBar(context, left, top, right - left, height);
    else context.fillRect(left, top, right - left, height);
    // An end that is not in the capture is open.
    if (span.isOpenAfter) arrow(context, right, top, height, 1);
    if (span.isOpenBefore) arrow(context, left, top, height, -1);
    this.targets.push({
      kind: 'span',
      time: span.from,
      until: span.to,
      left,
      right,
      top,
      bottom: top + height,
      label: span.label,
      row: span.row,
      pfn,
    });
  }

  /** How many spans have no place in a lane, behind its name. */
  private leftOut({ left, pfn }: TimelineLane, middle: number): void {
    const { context, palette, drawing } = this;
    context.textAlign = 'right';
    context.fillStyle = palette.dim;
    context.fillText(`+${left}`, GUTTER - 6, middle);
    this.targets.push({
      kind: 'left-out',
      time: drawing.data.range.from,
      until: null,
      left: 0,
      right: GUTTER - 6,
      top: middle - this.bands.lane / 2,
      bottom: middle + this.bands.lane / 2,
      label: left === 1 ? l10n.t('1 more was held meanwhile') : l10n.t('{0} more were held meanwhile', left),
      row: -1,
      pfn,
    });
  }

  private counts(page: PageCounts): void {
    const { context, palette, drawing } = this;
    const { counts, expected } = page;
    const top = this.top + 6;
    const bottom = this.top + this.bands.counts - 8;
    // One by one: as arguments of one call, the marks of a page that failed a hundred thousand times are too many.
    let highest = counts.reduce((most, count) => Math.max(most, count), 1);
    for (const { count } of expected) highest = Math.max(highest, count);
    // A pin adds 1024: by the logarithm single references are seen beside it.
    const y = (count: number): number =>
      bottom - (Math.log2(1 + Math.max(0, count)) / Math.log2(1 + highest)) * (bottom - top);
    context.fillStyle = palette.line;
    context.fillRect(GUTTER, bottom, drawing.width - GUTTER, 1);
    this.name(
      l10n.t({ message: 'Refcount of', comment: ['Above the name of a page, such as PFN 0x12f98'] }),
      top + 12,
    );
    this.name(page.label, top + 27);
    context.textAlign = 'right';
    context.fillStyle = palette.dim;
    context.fillText(String(highest), GUTTER - 4, top);
    context.fillText('0', GUTTER - 4, bottom);
    this.inTime(() => {
      this.countLine(page, top, y);
    });
    this.band(page.pfn, this.bands.counts);
    this.top += this.bands.counts + BETWEEN;
  }

  private countLine(page: PageCounts, top: number, y: (count: number) => number): void {
    const { context, palette } = this;
    const { times, counts, changes, expected } = page;
    this.stepLine(times, counts, y);
    for (const { time, row, count, change } of changes) {
      const x = this.x(time);
      if (!this.isSeen(x)) continue;
      context.fillStyle = change > 0 ? palette.get : palette.put;
      drawSign(context, change > 0 ? 'up' : 'down', x, y(count), 6);
      const label =
        change > 0
          ? l10n.t('get +{0}: count {1}', change, count)
          : l10n.t('put {0}: count {1}', change, count);
      const kind = change > 0 ? 'get' : 'put';
      this.targets.push({ kind, time, until: time, label, row, pfn: page.pfn, ...around(x, y(count)) });
    }
    for (const { time, row, expected: level, label } of expected) {
      const x = this.x(time);
      if (!this.isSeen(x)) continue;
      context.fillStyle = palette.expected;
      context.strokeStyle = palette.expected;
      drawExpected(context, x, y(level), top - 4, 8);
      this.targets.push({
        kind: 'expected',
        time,
        until: time,
        label: l10n.t('expected {0} · {1}', level, label),
        row,
        pfn: page.pfn,
        ...around(x, y(level)),
      });
    }
  }

  private stepLine(times: Float64Array, counts: Float64Array, y: (count: number) => number): void {
    const { context, palette, drawing } = this;
    if (times.length === 0) return;
    context.strokeStyle = palette.matching;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(this.x(times[0]!), y(counts[0]!));
    for (let point = 1; point < times.length; point++) {
      const x = this.x(times[point]!);
      context.lineTo(x, y(counts[point - 1]!));
      context.lineTo(x, y(counts[point]!));
    }
    // What the last event left goes on to the end of the capture.
    context.lineTo(
      Math.max(this.x(times.at(-1)!), Math.min(drawing.width, this.x(drawing.data.span.to))),
      y(counts.at(-1)!),
    );
    context.stroke();
  }

  private selection(): void {
    const { context, palette, drawing } = this;
    if (drawing.selected === null) return;
    const x = Math.round(this.x(drawing.selected));
    context.fillStyle = palette.selection;
    context.fillRect(x - 0.5, AXIS - 4, 1.5, this.bands.height);
    drawSign(context, 'down', x, AXIS - 4, 8);
  }

  private brushed(): void {
    const { context, palette, drawing } = this;
    if (drawing.brush === null) return;
    const [one, other] = drawing.brush;
    const left = Math.min(one, other);
    context.globalAlpha = 0.25;
    context.fillStyle = palette.focus;
    context.fillRect(left, 0, Math.abs(other - one), this.bands.height);
    context.globalAlpha = 1;
    context.strokeStyle = palette.focus;
    context.strokeRect(left + 0.5, 0.5, Math.abs(other - one), this.bands.height - 1);
  }

  /** A ring with some room within, so that the smallest sign is still told by its form. */
  private reached(): void {
    const { context, palette, drawing } = this;
    const { reached } = drawing;
    const target = reached === null ? undefined : this.targets.find((each) => isSame(each, reached));
    if (target === undefined) return;
    const left = Math.max(1, Math.round(target.left) - RING);
    const right = Math.min(drawing.width - 1, Math.round(target.right) + RING);
    const top = Math.round(target.top) - RING;
    const bottom = Math.min(this.bands.height - 1, Math.round(target.bottom) + RING);
    context.strokeStyle = palette.focus;
    context.lineWidth = 2;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}

function around(x: number, y: number): Pick<Target, 'left' | 'right' | 'top' | 'bottom'> {
  return { left: x - 4, right: x + 4, top: y - 4, bottom: y + 4 };
}

/** A bar of what is assumed: no colour is needed to tell it. One that is hardly more than edge is a whole one, so that it is seen. */
export function drawHollowBar(context: Pen, left: number, top: number, width: number, height: number): void {
  const hasInside = width >= 6 && height >= 3;
  context.globalAlpha = hasInside ? 0.35 : 1;
  context.fillRect(left, top, width, height);
  context.globalAlpha = 1;
  if (!hasInside) return;
  context.fillRect(left, top, width, 1);
  context.fillRect(left, top + height - 1, width, 1);
  context.fillRect(left, top + 1, 1, height - 2);
  context.fillRect(left + width - 1, top + 1, 1, height - 2);
}

/** An end of a bar that goes on. */
function arrow(context: Pen, x: number, top: number, height: number, direction: 1 | -1): void {
  const back = x - 3 * direction;
  context.beginPath();
  polygon(context, [back, top - 1], [x + 3 * direction, top + height / 2], [back, top + height + 1]);
  context.fill();
}

/** A tick at an expected count, and the way from there up to the mark. */
export function drawExpected(context: Pen, x: number, y: number, top: number, half: number): void {
  context.fillRect(x - half, y - 1, 2 * half, 2);
  context.setLineDash([2, 2]);
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x, top);
  context.stroke();
  context.setLineDash([]);
}

/** Draws a sign around a point, in the styles that the context has. */
export function drawSign(
  context: Pen,
  sign: MarkSign | 'up' | 'down',
  x: number,
  y: number,
  size: number,
): void {
  const half = size / 2;
  context.beginPath();
  switch (sign) {
    case 'triangle':
    case 'down':
      polygon(context, [x - half, y - half], [x + half, y - half], [x, y + half]);
      break;
    case 'up':
      polygon(context, [x - half, y + half], [x + half, y + half], [x, y - half]);
      break;
    case 'diamond':
      polygon(context, [x, y - half - 1], [x + half + 1, y], [x, y + half + 1], [x - half - 1, y]);
      break;
    case 'square':
      context.rect(x - half + 0.5, y - half + 0.5, size - 1, size - 1);
      break;
    case 'cross':
      context.rect(x - half, y - 1.5, size, 3);
      context.rect(x - 1.5, y - half, 3, size);
      break;
    case 'circle':
      context.arc(x, y, half, 0, 2 * Math.PI);
      break;
    case 'ring':
      context.arc(x, y, half - 1, 0, 2 * Math.PI);
      context.lineWidth = 2;
      context.stroke();
      return;
  }
  context.fill();
}

function polygon(context: Pen, ...points: readonly (readonly [number, number])[]): void {
  for (const [index, [x, y]] of points.entries()) {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.closePath();
}
