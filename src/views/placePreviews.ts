/** Places that are shown while one is chosen among them, and what was in their stead before. */
import * as vscode from 'vscode';

/** What an editor showed. */
interface Shown {
  readonly document: vscode.TextDocument;
  readonly selection: vscode.Selection;
  readonly visible: vscode.Range | undefined;
  readonly isPreview: boolean;
}

export class PlacePreviews {
  private readonly before = new Map<vscode.ViewColumn, Shown>();
  private readonly tabsBefore = new Set<string>();
  /** The editor of the last place that was shown, and the files of all. */
  private last: vscode.TextEditor | null = null;
  private readonly files = new Set<string>();
  /** How many were asked for: of those that wait, the last one alone is shown. */
  private asked = 0;
  private showing: Promise<void> = Promise.resolve();

  constructor() {
    for (const { document, selection, visibleRanges, viewColumn } of vscode.window.visibleTextEditors) {
      if (viewColumn === undefined) continue;
      const isPreview = tabsOf(viewColumn).some((tab) => tab.isActive && tab.isPreview);
      this.before.set(viewColumn, { document, selection, visible: visibleRanges[0], isPreview });
    }
    for (const { viewColumn } of vscode.window.tabGroups.all) {
      for (const tab of tabsOf(viewColumn)) this.tabsBefore.add(tabKey(viewColumn, tab));
    }
  }

  /** Has a place shown once the one before it is: whoever goes over many sees the last, however long others take. */
  show(open: () => Promise<vscode.TextEditor>): void {
    const turn = ++this.asked;
    this.showing = this.showing.then(async () => {
      if (turn !== this.asked) return;
      try {
        this.last = await open();
        this.files.add(this.last.document.uri.toString());
      } catch {
        // It is said when the place is chosen.
      }
    });
  }

  /** Nothing more is shown when it resolves. */
  async end(): Promise<void> {
    this.asked++;
    await this.showing;
  }

  /** Ends, and shows what was there before in place of the previews. */
  async takeBack(): Promise<void> {
    await this.end();
    const viewColumn = this.last?.viewColumn;
    if (viewColumn === undefined) return;
    const before = this.before.get(viewColumn);
    if (before !== undefined) await showAgain(before, viewColumn);
    const left = tabsOf(viewColumn).filter(
      (tab) => this.files.has(fileOf(tab)) && !this.tabsBefore.has(tabKey(viewColumn, tab)),
    );
    await vscode.window.tabGroups.close(left, true);
  }
}

async function showAgain(
  { document, selection, visible, isPreview: preview }: Shown,
  viewColumn: vscode.ViewColumn,
): Promise<void> {
  const options = { viewColumn, preserveFocus: true, preview, selection };
  const editor = await vscode.window.showTextDocument(document, options);
  if (visible !== undefined) editor.revealRange(visible, vscode.TextEditorRevealType.AtTop);
}

function tabsOf(viewColumn: vscode.ViewColumn): readonly vscode.Tab[] {
  return vscode.window.tabGroups.all.find((group) => group.viewColumn === viewColumn)?.tabs ?? [];
}

/** Address of the text that a tab shows; empty for other tabs. */
function fileOf({ input }: vscode.Tab): string {
  return input instanceof vscode.TabInputText ? input.uri.toString() : '';
}

function tabKey(viewColumn: vscode.ViewColumn, tab: vscode.Tab): string {
  return `${viewColumn} ${fileOf(tab)}`;
}
