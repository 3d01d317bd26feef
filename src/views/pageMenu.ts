/** What the menu of a row does with the page that it speaks of. */
import * as vscode from 'vscode';
import { pfnText } from '../engine/pageFacts';
import { copyText } from './copyText';
import { menuTarget } from './menuTarget';
import { inform } from './notifications';
import { pageOf } from './rowPlace';
import { selectedRow, type MoreRow, type Row } from './rows';
import type { ShownHolders } from './shownHolders';

export class PageMenu implements vscode.Disposable {
  private readonly commands: vscode.Disposable;

  constructor(
    private readonly shown: ShownHolders,
    private readonly holders: vscode.TreeView<Row | MoreRow>,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      registerCommand('pageHolders.showOnlyPage', (row?: Row) => {
        this.showOnly(row);
      }),
      // The menus of the capture editor have it too.
      registerCommand('pageHolders.copyPfn', (given?: Row) =>
        copyPfn(menuTarget(given)?.pfn ?? this.pageFor(given)),
      ),
    );
  }

  dispose(): void {
    this.commands.dispose();
  }

  private showOnly(row?: Row): void {
    const pfn = this.pageFor(row);
    if (pfn !== null) this.shown.changeFilter({ pfns: [pfn], emptyRanges: [] });
  }

  private pageFor(given?: Row): number | null {
    const row = given ?? selectedRow(this.holders);
    const pfn = row === null ? null : pageOf(row);
    if (pfn === null) {
      void inform(vscode.l10n.t('Select a page in the Holders view.'));
    }
    return pfn;
  }
}

async function copyPfn(pfn: number | null): Promise<void> {
  if (pfn !== null) await copyText(pfnText(pfn), pfnText(pfn));
}
