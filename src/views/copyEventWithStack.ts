/**
 * Copy Event with Stack: one event as traces have it, for a mail. It is that of a row of the Holders view, or the one
 * that is selected in the capture editor.
 */
import * as vscode from 'vscode';
import type { EngineApi } from '../engine/protocol';
import type { CaptureEditor } from './captureEditor';
import { copyText } from './copyText';
import { showFailure } from './failures';
import { menuTarget } from './menuTarget';
import { inform } from './notifications';
import { eventOf, type EventId } from './rowPlace';
import { isRow, selectedRow, type MoreRow, type Row } from './rows';

/** What the key of the Holders view gives: the editor beside it may have an event selected, too. */
const OF_HOLDERS = 'holders';

export class CopyEventWithStack implements vscode.Disposable {
  private readonly command = vscode.commands.registerCommand(
    'pageHolders.copyEventWithStack',
    (given: unknown) => this.copy(given),
  );

  constructor(
    private readonly engine: EngineApi,
    private readonly editor: CaptureEditor,
    private readonly holders: vscode.TreeView<Row | MoreRow>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  dispose(): void {
    this.command.dispose();
  }

  private async copy(given: unknown): Promise<void> {
    const event = this.eventFor(given);
    if (event === null) {
      void inform(
        vscode.l10n.t(
          'Select an event in the capture editor, or a mark, a reference, its get or put, or an event in the Holders view.',
        ),
      );
      return;
    }
    try {
      await copyText(await this.engine.eventWithStack(event));
    } catch (error) {
      showFailure(this.log, error);
    }
  }

  private eventFor(given: unknown): EventId | null {
    const target = menuTarget(given);
    if (target !== null) return eventIn(this.editor.panel(target.panel)?.captureId, target.row);
    if (isRow(given)) return eventOf(given);
    const { active } = this.editor;
    if (given !== OF_HOLDERS && active !== undefined) return eventIn(active.captureId, active.selectedRow);
    const selected = selectedRow(this.holders);
    return selected === null ? null : eventOf(selected);
  }
}

function eventIn(capture: string | undefined, row: number | null): EventId | null {
  return capture === undefined || row === null ? null : { capture, row };
}
