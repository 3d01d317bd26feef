/** Show Holders of PFN…: pages and those of ranges, whether or not they failed to move. */
import * as vscode from 'vscode';
import { NO_FILTER, parseBarePfnRange, parsePfnRange } from '../engine/holdersQuery';
import { pfnText } from '../engine/pageFacts';
import type { EngineApi } from '../engine/protocol';
import { showFailure } from './failures';
import type { PfnRange } from '../holders/model';
import { inform } from './notifications';
import { listedPfns, pagesInRange, pfnsProblem, rangeText } from './pfnInput';
import type { ShownHolders } from './shownHolders';

export class ShowHoldersOfPfn implements vscode.Disposable {
  private readonly command: vscode.Disposable;

  constructor(
    private readonly engine: EngineApi,
    private readonly shown: ShownHolders,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.command = vscode.commands.registerCommand('pageHolders.showHoldersOfPfn', (given?: unknown) =>
      this.show(given),
    );
  }

  dispose(): void {
    this.command.dispose();
  }

  /** @param given PFNs and ranges that a key binding or another extension names, as text */
  private async show(given: unknown): Promise<void> {
    const text = typeof given === 'string' ? given : await ask();
    if (text === undefined) return;
    const problem = pfnsProblem(text);
    if (problem !== null) {
      showFailure(this.log, problem);
      return;
    }
    try {
      const pfns = new Set<number>();
      const missing: string[] = [];
      for (const each of listedPfns(text)) {
        const range = parsePfnRange(each);
        if (range === null) continue;
        const found = await this.pagesOf(each, range);
        if (found.length === 0) missing.push(nothing(range));
        for (const pfn of found) pfns.add(pfn);
      }
      if (missing.length > 0) void inform(missing.join(' '));
      if (pfns.size === 0) return;
      this.shown.lead({ groupBy: 'page', filter: { ...NO_FILTER, pfns: [...pfns] } }, null);
      await vscode.commands.executeCommand('pageHolders.holders.focus');
    } catch (error) {
      showFailure(this.log, error);
    }
  }

  private async pagesOf(text: string, range: PfnRange): Promise<readonly number[]> {
    const asWritten = await pagesInRange(this.engine, range);
    return asWritten.length > 0 ? asWritten : this.pagesAsPrinted(text, range);
  }

  /** Of digits that name no page in decimal: pages in hexadecimal, as kernels print them, and says so; else none. */
  private async pagesAsPrinted(text: string, asWritten: PfnRange): Promise<readonly number[]> {
    const range = parseBarePfnRange(text);
    if (range === null) return [];
    const pfns = await pagesInRange(this.engine, range);
    if (pfns.length > 0) {
      const message = vscode.l10n.t(
        'No event tells of {0}, which {1} is in decimal. Holders of {2} are shown: kernels print PFNs in hexadecimal without 0x.',
        rangeText(asWritten),
        text,
        rangeText(range),
      );
      void inform(message);
    }
    return pfns;
  }
}

function ask(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Show Holders of PFN'),
    prompt: vscode.l10n.t(
      'Pages and ranges, hexadecimal with 0x or decimal, with spaces or commas between; {0} is 512 pages from there on, and a range may be [12800, 13000) as the kernel prints it.',
      '0x12c00+512',
    ),
    placeHolder: vscode.l10n.t('{0} or {1}', '0x12f98', '0x12800..0x12fff'),
    validateInput: (text) => (text === '' ? null : pfnsProblem(text)),
  });
}

function nothing({ first, last }: PfnRange): string {
  return first === last
    ? vscode.l10n.t('No event tells of page {0}.', pfnText(first))
    : vscode.l10n.t('No event tells of pages {0} to {1}.', pfnText(first), pfnText(last));
}
