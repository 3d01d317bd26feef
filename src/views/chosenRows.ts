/**
 * The rows of the Holders view that a person selects, apart from those that are selected there because they were
 * chosen elsewhere: what shows the one would answer the other with another selection.
 */
import * as vscode from 'vscode';
import { rowFor } from './focusedRow';
import { isMoreRow, selectedRow, type MoreRow, type Row } from './rows';

/**
 * A row that is selected while VS Code makes its rows anew is told as no row at all, and never again: it is there as
 * soon as they are. So often, and in so many ms, it is looked for.
 */
const LOOKS = 20;
const BETWEEN_LOOKS = 100;

type SelectionView = Pick<vscode.TreeView<Row | MoreRow>, 'selection' | 'onDidChangeSelection' | 'reveal'>;

export class ChosenRows implements vscode.Disposable {
  private readonly chosen = new vscode.EventEmitter<Row>();
  readonly onDidChoose = this.chosen.event;
  private readonly subscription: vscode.Disposable;
  /** Id of the row that is being selected here. */
  private own: string | null = null;
  /** How many commands are looking for the row with the focus, for which others are selected for a moment. */
  private looking = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: SelectionView) {
    this.subscription = vscode.Disposable.from(
      this.chosen,
      view.onDidChangeSelection(({ selection: [row] }) => {
        if (this.looking > 0) return;
        clearTimeout(this.timer);
        if (row === undefined) this.lookAgain(LOOKS);
        else this.choose(row);
      }),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
  }

  /** See {@link rowFor}. */
  async rowFor(given: unknown): Promise<Row | null> {
    this.looking++;
    try {
      return await rowFor(given, this.view);
    } finally {
      this.looking--;
    }
  }

  private lookAgain(times: number): void {
    if (times === 0) return;
    this.timer = setTimeout(() => {
      const [row] = this.view.selection;
      if (row === undefined) this.lookAgain(times - 1);
      else this.choose(row);
    }, BETWEEN_LOOKS);
  }

  private choose(row: Row | MoreRow): void {
    if (!isMoreRow(row) && row.node.id !== this.own) this.chosen.fire(row);
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
