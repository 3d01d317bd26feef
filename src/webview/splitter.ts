/** The border between the list and the details, which can be moved. */
import * as l10n from '@vscode/l10n';
import { element, setAttributes } from './dom';

const LEAST = 0.2;
const MOST = 0.9;
const STEP = 0.02;

export class Splitter {
  readonly root = element('div', {
    class: 'splitter',
    role: 'separator',
    tabindex: 0,
    'aria-label': l10n.t('Width of the list'),
    'aria-orientation': 'vertical',
    'aria-valuemin': LEAST * 100,
    'aria-valuemax': MOST * 100,
  });

  /** @param pane whose width is divided */
  constructor(
    private readonly pane: HTMLElement,
    private part: number,
    private readonly onMove: (part: number) => void,
  ) {
    this.set(part);
    this.root.addEventListener('pointerdown', (event) => {
      this.root.setPointerCapture(event.pointerId);
    });
    this.root.addEventListener('pointermove', (event) => {
      if (!this.root.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.pane.getBoundingClientRect();
      this.move((event.clientX - left) / width);
    });
    this.root.addEventListener('keydown', (event) => {
      const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (direction === undefined) return;
      event.preventDefault();
      this.move(this.part + direction * STEP);
    });
  }

  private move(part: number): void {
    this.set(part);
    this.onMove(this.part);
  }

  private set(part: number): void {
    this.part = Math.max(LEAST, Math.min(MOST, part));
    this.pane.style.setProperty('--split', `${(this.part * 100).toFixed(2)}%`);
    setAttributes(this.root, { 'aria-valuenow': Math.round(this.part * 100) });
  }
}
