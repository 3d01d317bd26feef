/** Which captures are open in this window, and what has to happen when one is opened, read again or closed. */
import * as vscode from 'vscode';
import type { CaptureFacts, EngineApi, ProgressReport } from '../engine/protocol';

export class OpenCaptures implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Captures, the reason filter or the kernel tree changed: rows must be asked for again. */
  readonly onDidChange = this.changed.event;
  private readonly opening = new Set<AbortController>();
  private list: readonly CaptureFacts[] = [];
  private shownReason: string | null = null;

  constructor(private readonly engine: EngineApi) {}

  get all(): readonly CaptureFacts[] {
    return this.list;
  }

  /** The migrate reason whose marks alone are shown; null for all. */
  get reason(): string | null {
    return this.shownReason;
  }

  set reason(reason: string | null) {
    this.shownReason = reason;
    this.notify();
  }

  /** Reads a capture; one that is open already is read again and takes the place of the old. */
  async open(path: string, onProgress: (report: ProgressReport) => void): Promise<CaptureFacts> {
    const controller = new AbortController();
    this.opening.add(controller);
    this.setOpening();
    try {
      const facts = await this.engine.openCapture({ path }, { signal: controller.signal, onProgress });
      const before = this.list.find((capture) => capture.path === path);
      if (before !== undefined) await this.engine.closeCapture({ id: before.id });
      this.list =
        before === undefined
          ? [...this.list, facts]
          : this.list.map((capture) => (capture === before ? facts : capture));
      this.notify();
      return facts;
    } finally {
      this.opening.delete(controller);
      this.setOpening();
    }
  }

  cancelOpening(): void {
    for (const controller of this.opening) controller.abort();
  }

  async close(id: string): Promise<void> {
    await this.engine.closeCapture({ id });
    this.list = this.list.filter((capture) => capture.id !== id);
    const reasons = this.list.flatMap((capture) => capture.reasons.map(([reason]) => reason));
    if (!reasons.includes(this.shownReason)) this.shownReason = null;
    this.notify();
  }

  /** The engine ended and took its captures with it. Returns the paths of those that were open. */
  forgetAll(): readonly string[] {
    const paths = this.list.map((capture) => capture.path);
    this.list = [];
    this.notify();
    return paths;
  }

  /** Tells the views to ask again, for example after the kernel tree changed. */
  notify(): void {
    const pages = this.list.reduce((sum, capture) => sum + capture.pages, 0);
    const pageEvents = this.list.reduce((sum, capture) => sum + capture.pageEvents, 0);
    setContext('hasCaptures', this.list.length > 0);
    setContext('nothingFound', this.list.length > 0 && pages === 0);
    setContext('noPageEvents', this.list.length > 0 && pageEvents === 0);
    setContext('filtered', this.shownReason !== null);
    this.changed.fire();
  }

  dispose(): void {
    this.cancelOpening();
    this.changed.dispose();
  }

  private setOpening(): void {
    setContext('opening', this.opening.size > 0);
  }
}

function setContext(key: string, value: boolean): void {
  void vscode.commands.executeCommand('setContext', `pageHolders.${key}`, value);
}
