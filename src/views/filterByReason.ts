/** Shows the marks of one migrate reason alone, so that one user of migrate_pages is not lost among the others. */
import * as vscode from 'vscode';
import type { OpenCaptures } from './openCaptures';

export class FilterByReason implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly captures: OpenCaptures,
    private readonly holders: vscode.TreeView<unknown>,
  ) {
    const { registerCommand } = vscode.commands;
    this.subscriptions = vscode.Disposable.from(
      registerCommand('pageHolders.filterByReason', () => this.choose()),
      registerCommand('pageHolders.clearFilter', () => {
        captures.reason = null;
      }),
      captures.onDidChange(() => {
        this.describe();
      }),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private async choose(): Promise<void> {
    const pages = this.pagesByReason();
    const all = { label: 'All reasons', description: '', reason: null };
    const items = Array.from(pages, ([reason, count]) => ({
      label: reason,
      description: `${count} ${count === 1 ? 'page' : 'pages'}`,
      reason,
    }));
    const picked = await vscode.window.showQuickPick([all, ...items], {
      title: 'Filter by Migrate Reason',
      placeHolder: 'Show only pages that failed to move for this reason',
    });
    if (picked !== undefined) this.captures.reason = picked.reason;
  }

  /** Pages by the reasons that the captures give; marks without a reason can only be seen with all. */
  private pagesByReason(): ReadonlyMap<string, number> {
    const pages = new Map<string, number>();
    for (const facts of this.captures.all) {
      for (const [reason, count] of facts.reasons) {
        if (reason !== null) pages.set(reason, (pages.get(reason) ?? 0) + count);
      }
    }
    return pages;
  }

  private describe(): void {
    const { reason, all } = this.captures;
    if (reason === null) {
      this.holders.description = '';
      return;
    }
    const total = all.reduce((sum, facts) => sum + facts.pages, 0);
    this.holders.description = `${reason}: ${this.pagesByReason().get(reason) ?? 0} of ${total} pages`;
  }
}
