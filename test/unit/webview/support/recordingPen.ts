import type { Pen } from '../../../../src/webview/pen';

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Something that was drawn: where it is seen, and in which colour. */
export interface Drawn extends Box {
  readonly call: 'fill' | 'stroke' | 'fillRect' | 'strokeRect' | 'fillText';
  readonly colour: string;
  readonly alpha: number;
}

const EVERYWHERE: Box = { left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity };
const NOWHERE: Box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };

/** Takes down what a painter draws, in place of a canvas. What is clipped away is not drawn. */
export class RecordingPen implements Pen {
  readonly drawn: Drawn[] = [];
  fillStyle: string | object = '';
  strokeStyle: string | object = '';
  lineWidth = 1;
  globalAlpha = 1;
  font = '';
  textAlign = '';
  textBaseline = '';
  private clipped = EVERYWHERE;
  private path = NOWHERE;
  private readonly saved: Pick<RecordingPen, 'fillStyle' | 'strokeStyle' | 'lineWidth' | 'globalAlpha'>[] =
    [];
  private readonly savedClips: Box[] = [];

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha } = this;
    this.saved.push({ fillStyle, strokeStyle, lineWidth, globalAlpha });
    this.savedClips.push(this.clipped);
  }

  restore(): void {
    Object.assign(this, this.saved.pop());
    this.clipped = this.savedClips.pop() ?? EVERYWHERE;
  }

  beginPath(): void {
    this.path = NOWHERE;
  }

  closePath(): void {
    // It ends where it began.
  }

  clip(): void {
    this.clipped = common(this.clipped, this.path);
  }

  fill(): void {
    this.take('fill', this.fillStyle, this.path);
  }

  stroke(): void {
    this.take('stroke', this.strokeStyle, this.path);
  }

  moveTo(x: number, y: number): void {
    this.rect(x, y, 0, 0);
  }

  lineTo(x: number, y: number): void {
    this.rect(x, y, 0, 0);
  }

  rect(x: number, y: number, width: number, height: number): void {
    const { left, right, top, bottom } = this.path;
    this.path = {
      left: Math.min(left, x),
      right: Math.max(right, x + width),
      top: Math.min(top, y),
      bottom: Math.max(bottom, y + height),
    };
  }

  arc(x: number, y: number, radius: number): void {
    this.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  }

  clearRect(): void {
    this.drawn.length = 0;
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.take('fillRect', this.fillStyle, { left: x, right: x + width, top: y, bottom: y + height });
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.take('strokeRect', this.strokeStyle, { left: x, right: x + width, top: y, bottom: y + height });
  }

  fillText(text: string, x: number, y: number): void {
    const { width } = this.measureText(text);
    const left = this.textAlign === 'right' ? x - width : x;
    this.take('fillText', this.fillStyle, { left, right: left + width, top: y - 5, bottom: y + 5 });
  }

  measureText(text: string): { readonly width: number } {
    return { width: 6 * text.length };
  }

  setLineDash(): void {
    // A dashed line is where the whole one is.
  }

  private take(call: Drawn['call'], colour: string | object, box: Box): void {
    const seen = common(box, this.clipped);
    if (seen.left > seen.right || seen.top > seen.bottom) return;
    const alpha = this.globalAlpha;
    this.drawn.push({ call, colour: typeof colour === 'string' ? colour : 'a pattern', alpha, ...seen });
  }
}

function common(one: Box, other: Box): Box {
  return {
    left: Math.max(one.left, other.left),
    right: Math.min(one.right, other.right),
    top: Math.max(one.top, other.top),
    bottom: Math.min(one.bottom, other.bottom),
  };
}
