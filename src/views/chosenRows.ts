/**
 * The rows of the Holders view that a person selects, apart from those that are selected there because they were
 * chosen elsewhere: what shows the one would answer the other with another selection.
 */
import * as vscode from 'vscode';
import { isMoreRow, selectedRow, type MoreRow, type Row } from './rows';

type SelectionView = Pick<vscode.TreeView<Row | MoreRow>, 'selection' | 'onDidChangeSelection' | 'reveal'>;

export class ChosenRows implements vscode.Disposable {
  private readonly chosen = new vscode.EventEmitter<Row>();
  readonly onDidChoose = this.chosen.event;
  private readonly subscription: vscode.Disposable;
  /** Id of the row that is being selected here. */
  private own: string | null = null;

  constructor(private readonly view: SelectionView) {
    this.subscription = vscode.Disposable.from(
      this.chosen,
      view.onDidChangeSelection(({ selection: [row] }) => {
        if (row !== undefined && !isMoreRow(row) && row.node.id !== this.own) this.chosen.fire(row);
      }),
    );
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** Selects a row of which nobody is told: neither the focus nor what is unfolded changes. */
  async select(row: Row): Promise<void> {
    const { id } = row.node;
    if (selectedRow(this.view)?.node.id === id) return;
    this.own = id;
    try {
      await this.view.reveal(row, { select: true, focus: false, expand: false });
    } finally {
      this.own = null;
    }
  }
}
