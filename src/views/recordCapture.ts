/**
 * Record a Capture…: asks what the target kernel offers and which pages matter, and opens the script for it as a new
 * document, to be read, changed and run by hand where it is meant for. Nothing is run from here.
 */
import * as vscode from 'vscode';
import { namesOf, parsePfnRange } from '../engine/holdersQuery';
import {
  DEFAULT_RECORDING,
  EVENT_SOURCES,
  WRITERS,
  type EventSource,
  type RecordedPages,
  type Writer,
} from '../engine/recording/recordOptions';
import { recordScript } from '../engine/recording/recordScript';
import { MIGRATE_REASONS } from '../engine/reasonFilter';
import { choiceText } from './choiceText';
import { migrateReasonText } from './fieldMeanings';
import { numberText } from './numberText';
import { pfnProblem } from './pfnInput';

const SOURCE_NAMES: Readonly<Record<EventSource, string>> = {
  auto: vscode.l10n.t('I do not know'),
  page_ref: vscode.l10n.t('page_ref events'),
  page_pin_owner: vscode.l10n.t('page_pin_owner events'),
  page_pinner: vscode.l10n.t('page_pinner events or files'),
};

const WRITER_NAMES: Readonly<Record<Writer, string>> = {
  tracefs: vscode.l10n.t('The shell alone, through tracefs'),
  'trace-cmd': 'trace-cmd',
};

/**
 * Sizes of a buffer in MB, and how many events such a one has room for: with a stack of a dozen frames one takes 165
 * bytes. The first is what people get who press Enter.
 */
const BUFFERS: readonly (readonly [megabytes: number, events: number])[] = [
  [DEFAULT_RECORDING.bufferKb / 1024, 100_000],
  [4, 25_000],
  [64, 400_000],
  [256, 1_600_000],
];

export class RecordCapture implements vscode.Disposable {
  private readonly command = vscode.commands.registerCommand('pageHolders.recordCapture', () =>
    this.record(),
  );

  dispose(): void {
    this.command.dispose();
  }

  private async record(): Promise<void> {
    const events = await chooseNamed(
      vscode.l10n.t('Record a Capture: What Does the Kernel Offer?'),
      SOURCE_NAMES,
      EVENT_SOURCES,
    );
    if (events === undefined) return;
    const writer = await chooseNamed(
      vscode.l10n.t('Record a Capture: What Writes It?'),
      WRITER_NAMES,
      WRITERS,
    );
    if (writer === undefined) return;
    const pages = await choosePages();
    if (pages === undefined) return;
    const bufferKb = await chooseBuffer();
    if (bufferKb === undefined) return;
    // Nothing else that is traced can be told to leave out the reports of other reasons.
    const reason = events === 'page_pin_owner' ? await chooseReason() : null;
    if (reason === undefined) return;
    const content = recordScript({ ...DEFAULT_RECORDING, events, writer, pages, bufferKb, reason });
    const document = await vscode.workspace.openTextDocument({ language: 'shellscript', content });
    await vscode.window.showTextDocument(document);
  }
}

/** One of a table's names, with what each means. */
async function chooseNamed<Name extends string>(
  title: string,
  names: Readonly<Record<Name, string>>,
  meanings: Readonly<Record<Name, string>>,
): Promise<Name | undefined> {
  const items = namesOf(names).map((value) => ({
    value,
    label: names[value],
    detail: choiceText(meanings[value]),
  }));
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  return picked?.value;
}

/** @returns KiB for each CPU */
async function chooseBuffer(): Promise<number | undefined> {
  const items = BUFFERS.map(([megabytes, events]) => ({
    label: vscode.l10n.t('{0} MB for each CPU', megabytes),
    detail: vscode.l10n.t('Has room for some {0} events with their stacks', numberText(events)),
    kilobytes: megabytes * 1024,
  }));
  const title = vscode.l10n.t('Record a Capture: How Large a Buffer?');
  return (await vscode.window.showQuickPick(items, { title }))?.kilobytes;
}

/** @returns null for all reasons */
async function chooseReason(): Promise<string | null | undefined> {
  const items = [
    { label: vscode.l10n.t('All reasons'), reason: null },
    ...MIGRATE_REASONS.map((reason) => ({ label: reason, detail: migrateReasonText(reason), reason })),
  ];
  const title = vscode.l10n.t('Record a Capture: Pages That Failed to Move for Which Reason?');
  return (await vscode.window.showQuickPick(items, { title, matchOnDetail: true }))?.reason;
}

async function choosePages(): Promise<RecordedPages | undefined> {
  const title = vscode.l10n.t('Record a Capture: Which Pages?');
  const picked = await vscode.window.showQuickPick(
    [
      {
        label: vscode.l10n.t('A CMA area'),
        detail: vscode.l10n.t('By its name; the script looks its PFNs up on the target (CONFIG_CMA_DEBUGFS)'),
        ask: askArea,
      },
      {
        label: vscode.l10n.t('A range of PFNs'),
        detail: vscode.l10n.t('From one page frame number to another'),
        ask: askRange,
      },
      {
        label: vscode.l10n.t('All pages'),
        detail: vscode.l10n.t('A great many events: the buffer may hold less than a second'),
        ask: (): Promise<RecordedPages> => Promise.resolve({ kind: 'all' }),
      },
    ],
    { title },
  );
  return picked?.ask(title);
}

async function askArea(title: string): Promise<RecordedPages | undefined> {
  const name = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Name of the CMA area, as in /sys/kernel/debug/cma or in cma_alloc events.'),
    placeHolder: 'reserved',
    validateInput: (given) =>
      /^[^/\s]+$/.test(given)
        ? null
        : vscode.l10n.t('Expected the name of a CMA area, like reserved, without spaces or slashes.'),
  });
  return name === undefined ? undefined : { kind: 'cma-area', name };
}

async function askRange(title: string): Promise<RecordedPages | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('First and last page frame number, hexadecimal with 0x or decimal.'),
    placeHolder: '0x12800..0x12fff',
    validateInput: pfnProblem,
  });
  const range = text === undefined ? null : parsePfnRange(text);
  return range === null ? undefined : { kind: 'pfns', range };
}
