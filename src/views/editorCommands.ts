/** From the trees to the capture editor: opening it, and showing in it what is selected in the Holders view. */
import * as vscode from 'vscode';
import type { CaptureEditor } from './captureEditor';
import type { ChosenRows } from './chosenRows';
import { inform } from './notifications';
import type { OpenCaptures } from './openCaptures';
import { placeOf } from './rowPlace';
import { selectedRow, type MoreRow, type Row } from './rows';
import { visibleItem } from './visibleItem';

export class EditorCommands implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly editor: CaptureEditor,
    private readonly captures: OpenCaptures,
    private readonly holders: vscode.TreeView<Row | MoreRow>,
    chosen: ChosenRows,
  ) {
    const { registerCommand } = vscode.commands;
    this.subscriptions = vscode.Disposable.from(
      registerCommand('pageHolders.openEditor', (row?: Row) => this.open(row)),
      registerCommand('pageHolders.revealInEditor', (row?: Row) => this.reveal(row)),
      // One selection: an editor that is seen goes along, and none is opened for it.
      chosen.onDidChoose((row) => {
        const found = placeOf(row);
        if (found !== null && holders.visible) editor.reveal(found.capture, found.place);
      }),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private async open(row?: Row): Promise<void> {
    const { withEvents: all, nameOf } = this.captures;
    const given = all.find(({ id }) => id === row?.node.id) ?? (all.length === 1 ? all[0] : undefined);
    const chosen =
      given ??
      (
        await vscode.window.showQuickPick(
          all.map((facts) => visibleItem({ label: nameOf(facts.path), description: facts.path, facts })),
          { title: vscode.l10n.t('Open Capture Editor') },
        )
      )?.facts;
    if (chosen !== undefined) await this.editor.open(chosen.path);
  }

  private async reveal(given?: Row): Promise<void> {
    const selected = selectedRow(this.holders);
    const row = given ?? selected;
    const found = row === null ? null : placeOf(row);
    const facts = this.captures.all.find(({ id }) => id === found?.capture);
    if (found === null || facts === undefined) {
      void inform(vscode.l10n.t('Select a page, a mark, a reference or an event in the Holders view.'));
      return;
    }
    await this.editor.open(facts.path, found.place);
    // The Stack view knows the selected row already, and of no other one.
    if (row !== selected && found.place.row !== null) {
      await vscode.commands.executeCommand('pageHolders.showStackOfEvent', found.capture, found.place.row);
    }
  }
}
