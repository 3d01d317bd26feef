/**
 * What happens when the worker ends by itself, for example out of memory: it is said, and the captures that it took
 * with it are opened again. What it was reading when it ended may be what ended it, and so may any capture when it
 * ends twice in a short time: those are opened again only when the user says so.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import { SHOW_LOG } from './failures';
import { uriOf } from './fileNames';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { tellError } from './notifications';
import type { OpenCaptures } from './openCaptures';
import type { OpenCommands } from './openCommands';

/** Two ends within this time have one cause, in ms. */
const SHORT_TIME = 120_000;

const OPEN_AGAIN = vscode.l10n.t('Open Again');

export class EngineRecovery {
  private lastEnd = -Infinity;

  constructor(
    private readonly captures: OpenCaptures,
    private readonly kernelTree: KernelTreeChoice,
    private readonly opening: OpenCommands,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The worker ended, for `reason`. */
  async recover(reason: string): Promise<void> {
    const { open, reading } = this.captures.forgetAll();
    this.kernelTree.engineIsNew();
    this.log.error(
      `The worker that reads captures stopped: ${reason}. Open: ${open.join(', ') || 'none'}; being read: ` +
        (reading.join(', ') || 'none'),
    );
    const isAgain = performance.now() - this.lastEnd < SHORT_TIME;
    this.lastEnd = performance.now();
    const suspects = isAgain ? [...new Set([...open, ...reading])] : reading;
    const others = open.filter((each) => !suspects.includes(each));
    const outcome = [
      ...(others.length > 0 ? [openedText(others)] : []),
      ...(suspects.length > 0 ? [closedText(suspects)] : []),
    ];
    const stopped = vscode.l10n.t('Reading captures stopped unexpectedly ({0}).', reason);
    const message = [stopped, ...outcome].join(' ');
    void this.tell(message, suspects);
    await this.open(others);
  }

  private async tell(message: string, suspects: readonly string[]): Promise<void> {
    const choices = suspects.length > 0 ? [OPEN_AGAIN, SHOW_LOG] : [SHOW_LOG];
    const chosen = await tellError(message, ...choices);
    if (chosen === OPEN_AGAIN) await this.open(suspects);
    if (chosen === SHOW_LOG) this.log.show();
  }

  private open(paths: readonly string[]): Promise<void> {
    return this.opening.open(paths.map((each) => uriOf(each)));
  }
}

function openedText(paths: readonly string[]): string {
  return paths.length === 1
    ? vscode.l10n.t('{0} is opened again.', names(paths))
    : vscode.l10n.t('{0} are opened again.', names(paths));
}

function closedText(paths: readonly string[]): string {
  return paths.length === 1
    ? vscode.l10n.t('{0} was closed.', names(paths))
    : vscode.l10n.t('{0} were closed.', names(paths));
}

function names(paths: readonly string[]): string {
  return paths.map((each) => baseName(each)).join(', ');
}
