import type * as vscode from 'vscode';
import { visibleLine } from '../engine/visibleText';

/**
 * Least time between two texts, in ms. VS Code passes on a view's message and the news of its rows through one debounce,
 * which waits for 200 ms without either (ExtHostTreeView of extHostTreeViews.ts): with a text every 100 ms neither was
 * seen before all was read. Longer than that wait, so that rows that come between two texts are shown before the second.
 */
const INTERVAL = 1000;

/** The text above the rows of a view: how far something long is. */
export class ViewMessage {
  private lastSaid = -Infinity;

  constructor(
    private readonly view: Pick<vscode.TreeView<unknown>, 'message'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Says it, unless something was said a moment ago. */
  progress(text: string): void {
    if (this.now() - this.lastSaid < INTERVAL) return;
    this.lastSaid = this.now();
    this.view.message = visibleLine(text);
  }

  clear(): void {
    this.lastSaid = -Infinity;
    this.view.message = '';
  }
}
