/** Hover in the text of a trace: on a PFN its holders in short, on other fields what they mean. */
import * as vscode from 'vscode';
import type { EngineApi, PageInShort } from '../engine/protocol';
import { commandLink } from './commandLink';
import { isFile, nameOf } from './fileNames';
import { fieldAt, fieldMeaning, pfnAt, type Meaning } from './fieldMeanings';
import { escapeMarkdown } from './markdown';
import type { OpenCaptures } from './openCaptures';
import type { PageRow } from './revealHolders';
import type { TreeWords } from './treeWords';

const READ_AGAIN = vscode.l10n.t(
  'The file changed since it was read. Refresh reads it again, to see who holds this page.',
);
const FILE_IS_GONE = vscode.l10n.t(
  'The file was deleted or moved since it was read. The Holders view has what was read of it.',
);

export class FieldHover implements vscode.HoverProvider {
  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly words: TreeWords,
  ) {}

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | null> {
    const { line, character } = position;
    const { text } = document.lineAt(line);
    const page = pfnAt(text, character);
    if (page !== null) {
      const range = new vscode.Range(line, page.start, line, page.end);
      return new vscode.Hover(await this.pageText(document, page.pfn), range);
    }
    const field = fieldAt(text, character);
    const meaning = field && fieldMeaning(text, field, await this.words.words());
    if (field === null || meaning === null) return null;
    return new vscode.Hover(meaningText(meaning), new vscode.Range(line, field.start, line, field.end));
  }

  private async pageText({ uri }: vscode.TextDocument, pfn: number): Promise<vscode.MarkdownString> {
    const capture = this.captures.all.find(({ path }) => path === nameOf(uri));
    const name = `**PFN 0x${pfn.toString(16)}** (${pfn})`;
    if (capture === undefined) {
      const text = new vscode.MarkdownString(`${name}\n\n`);
      if (!isFile(uri)) return text;
      const open = commandLink('pageHolders.openResource', [uri.toString()]);
      text.isTrusted = { enabledCommands: ['pageHolders.openResource'] };
      return text.appendMarkdown(
        vscode.l10n.t('[Open this trace in Page Holders]({0}) to see who holds it', open),
      );
    }
    // It stands for other pages now, or for none.
    if (capture.changed !== null) {
      const why = capture.changed.kind === 'gone' ? FILE_IS_GONE : READ_AGAIN;
      return new vscode.MarkdownString(`${name}\n\n${why}`);
    }
    const page = await this.engine.pageInShort({ id: capture.id, pfn });
    if (page === null) {
      return new vscode.MarkdownString(
        `${name}\n\n${vscode.l10n.t('No event of the capture tells of its references.')}`,
      );
    }
    return pageText(page, pfn);
  }
}

function pageText(page: PageInShort, pfn: number): vscode.MarkdownString {
  const text = new vscode.MarkdownString(`**${escapeMarkdown(page.label)}**\n\n`);
  if (page.sum !== null) text.appendMarkdown(`${markText(page.sum, page.markTime)}\n\n`);
  for (const holder of page.holders) text.appendMarkdown(`- ${escapeMarkdown(holder)}\n`);
  if (page.moreHolders > 0) text.appendMarkdown(`- ${vscode.l10n.t('and {0} more', page.moreHolders)}\n`);
  if (page.heldAtOtherMarks > 0) {
    text.appendMarkdown(`\n${vscode.l10n.t('Held at other marks: {0}', page.heldAtOtherMarks)}\n`);
  }
  if (page.node === null) return text;
  const row: PageRow = { node: page.node, pfn };
  text.isTrusted = { enabledCommands: ['pageHolders.showPage'] };
  return text.appendMarkdown(
    `\n[${vscode.l10n.t('Show the holders')}](${commandLink('pageHolders.showPage', [row])})`,
  );
}

/** With its time: what was freed and allocated between the line and the mark is another page to the reader. */
function markText(sum: string, time: string | null): string {
  const said = escapeMarkdown(sum);
  return time === null
    ? vscode.l10n.t('At the last mark: {0}', said)
    : vscode.l10n.t('At the last mark, {0}: {1}', time, said);
}

function meaningText({ title, lines }: Meaning): vscode.MarkdownString {
  const text = new vscode.MarkdownString(`**${escapeMarkdown(title)}**\n\n`);
  const bullet = lines.length > 1 ? '- ' : '';
  for (const line of lines) text.appendMarkdown(`${bullet}${escapeMarkdown(line)}\n`);
  return text;
}
