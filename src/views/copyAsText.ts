/** Puts a row with what is below it, or the whole holders tree, on the clipboard as text for a mail. */
import * as vscode from 'vscode';
import type { EngineApi } from '../engine/protocol';
import type { ChosenRows } from './chosenRows';
import { copyText } from './copyText';
import { showFailure } from './failures';
import type { ShownHolders } from './shownHolders';
import type { Row } from './rows';

export class CopyAsText implements vscode.Disposable {
  private readonly commands: vscode.Disposable;

  constructor(
    private readonly engine: EngineApi,
    private readonly shown: ShownHolders,
    private readonly chosen: ChosenRows,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      registerCommand('pageHolders.copyAsText', async (given: unknown) =>
        this.copy(await this.chosen.rowFor(given)),
      ),
      registerCommand('pageHolders.copyAllAsText', () => this.copy(null)),
    );
  }

  dispose(): void {
    this.commands.dispose();
  }

  private async copy(row: Row | null): Promise<void> {
    try {
      const { query } = this.shown;
      await copyText(await this.engine.text({ node: row?.node.id ?? null, query }));
    } catch (error) {
      showFailure(this.log, error);
    }
  }
}
