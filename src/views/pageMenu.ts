/** What the menu of a row does with the page that it speaks of. */
import * as vscode from 'vscode';
import { pfnText } from '../engine/pageFacts';
import { copyText } from './copyText';
import { menuTarget } from './menuTarget';
import { inform } from './notifications';
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
        copyPfn(menuTarget(given)?.pfn ?? this.pageOf(given)),
      ),
    );
  }

  dispose(): void {
    this.commands.dispose();
  }

  private showOnly(row?: Row): void {
    const pfn = this.pageOf(row);
    if (pfn !== null) this.shown.changeFilter({ pfns: [pfn], emptyRanges: [] });
  }

  private pageOf(given?: Row): number | null {
    const pfn = pageAbove(given ?? selectedRow(this.holders));
    if (pfn === null) {
      void inform(vscode.l10n.t('Select a page in the Holders view.'));
    }
    return pfn;
  }
}

async function copyPfn(pfn: number | null): Promise<void> {
  if (pfn !== null) await copyText(pfnText(pfn), pfnText(pfn));
}

/** The page of a row, or of the row that it stands below. */
function pageAbove(row: Row | null): number | null {
  for (let at = row; at !== null; at = at.parent) {
    const pfn = at.node.place?.pfn ?? null;
    if (pfn !== null) return pfn;
  }
  return null;
}
