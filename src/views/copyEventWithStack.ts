/**
 * Copy Event with Stack: one event as traces have it, for a mail. It is that of a row of the Holders view, or the one
 * that is selected in the capture editor.
 */
import * as vscode from 'vscode';
import type { EngineApi } from '../engine/protocol';
import type { CaptureEditor } from './captureEditor';
import type { ChosenRows } from './chosenRows';
import { copyText } from './copyText';
import { showFailure } from './failures';
import { BY_KEY } from './focusedRow';
import { menuTarget } from './menuTarget';
import { inform } from './notifications';
import { eventOf, type EventId } from './rowPlace';
import { isRow } from './rows';
import { waitShown } from './waitShown';

export class CopyEventWithStack implements vscode.Disposable {
  private readonly command = vscode.commands.registerCommand(
    'pageHolders.copyEventWithStack',
    (given: unknown) => this.copy(given),
  );

  constructor(
    private readonly engine: EngineApi,
    private readonly editor: CaptureEditor,
    private readonly chosen: ChosenRows,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  dispose(): void {
    this.command.dispose();
  }

  private async copy(given: unknown): Promise<void> {
    const event = await this.eventFor(given);
    if (event === null) {
      void inform(
        vscode.l10n.t(
          'Select an event in the capture editor, or a mark, a reference, its get or put, or an event in the Holders view.',
        ),
      );
      return;
    }
    try {
      const title = vscode.l10n.t('Copying the event with its stack');
      await copyText(await waitShown(title, (options) => this.engine.eventWithStack(event, options)));
    } catch (error) {
      showFailure(this.log, error);
    }
  }

  private async eventFor(given: unknown): Promise<EventId | null> {
    const target = menuTarget(given);
    if (target !== null) return eventIn(this.editor.panel(target.panel)?.captureId, target.row);
    const { active } = this.editor;
    // The key is that of the Holders view: the editor beside it may have an event selected, too.
    const isOfEditor = !isRow(given) && given !== BY_KEY && active !== undefined;
    if (isOfEditor) return eventIn(active.captureId, active.selectedRow);
    const row = await this.chosen.rowFor(given);
    return row === null ? null : eventOf(row);
  }
}

function eventIn(capture: string | undefined, row: number | null): EventId | null {
  return capture === undefined || row === null ? null : { capture, row };
}
