/** Hover on a frame of a text: where it is, how sure that is, and the source there. */
import * as vscode from 'vscode';
import type { FrameTarget, SourcePlace } from '../engine/protocol';
import type { InlinedFrame } from '../source/location';
import { CERTAINTY_NAMES, doubtfulName, joined, sentence, UNPROVEN_NAME } from '../engine/wording';
import { escapeMarkdown } from './markdown';
import { uriInTree } from './openFrame';
import { sourcePreview } from './sourcePreview';
import type { TextFrames } from './textFrames';

/** Larger files are no source that one reads. */
const LARGEST_FILE = 4 * 1024 * 1024;
/** Further places that are listed. */
const MOST_OTHERS = 4;

export class FrameHover implements vscode.HoverProvider {
  constructor(private readonly texts: TextFrames) {}

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | null> {
    const found = this.texts.frameAt(document, position);
    if (found === null) return null;
    const target = await this.texts.target(document, position.line, true);
    if (target === null) return null;
    const range = new vscode.Range(position.line, found.start, position.line, found.end);
    return new vscode.Hover(await this.contents(target), range);
  }

  private async contents(target: FrameTarget): Promise<vscode.MarkdownString> {
    const root = (await this.texts.kernelTree.tree())?.root;
    const text = new vscode.MarkdownString();
    // Debug info says where a frame is without a tree, too.
    if (root === undefined && target.file === null) return sayNoTree(text, target);
    const [first, ...others] = target.candidates;
    text.appendMarkdown(`**${escapeMarkdown(target.function)}**`);
    if (first === undefined && target.pending !== undefined) {
      text.appendMarkdown(`\n\n${vscode.l10n.t('The kernel tree is being indexed; point here again soon.')}`);
      return text;
    }
    if (first === undefined) {
      text.appendMarkdown(
        `\n\n${escapeMarkdown(joined([vscode.l10n.t('Not found in the kernel tree'), target.note]))}`,
      );
      return text;
    }
    text.appendMarkdown(` · ${await placeLink(root, first)}\n\n`);
    text.appendMarkdown(escapeMarkdown(sentence(certaintyOf(target))));
    const preview = await previewOf(root, first);
    if (preview !== null) text.appendCodeblock(preview, 'c');
    for (const inlined of target.inlined.toReversed()) {
      const place = await linksOf(root, inlined);
      text.appendMarkdown(
        `\n- ${vscode.l10n.t('calls {0}, inlined · {1}', escapeMarkdown(inlined.function), place)}`,
      );
    }
    for (const other of others.slice(0, MOST_OTHERS)) {
      text.appendMarkdown(`\n- ${vscode.l10n.t('or {0}', await placeLink(root, other))}`);
    }
    const left = others.length - MOST_OTHERS;
    if (left > 0) text.appendMarkdown(`\n- ${vscode.l10n.t('and {0} more', left)}`);
    if (target.note !== '') text.appendMarkdown(`\n\n${escapeMarkdown(target.note)}`);
    return text;
  }
}

function certaintyOf({ certainty, candidates, isDoubtful }: FrameTarget): string {
  const isUnproven = certainty === 'one-of-several' && candidates.length < 2;
  const name = isUnproven ? UNPROVEN_NAME : CERTAINTY_NAMES[certainty];
  return isDoubtful === true ? doubtfulName(name) : name;
}

function sayNoTree(text: vscode.MarkdownString, target: FrameTarget): vscode.MarkdownString {
  text.isTrusted = { enabledCommands: ['pageHolders.chooseKernelTree'] };
  return text.appendMarkdown(
    vscode.l10n.t(
      '**{0}** · no kernel tree is open to look it up in. [Choose the kernel tree…]({1})',
      escapeMarkdown(target.function),
      'command:pageHolders.chooseKernelTree',
    ),
  );
}

/** @param root of the kernel tree, if there is one */
async function placeLink(root: string | undefined, place: SourcePlace): Promise<string> {
  const { file, line, outside } = place;
  const name = escapeMarkdown(
    joined([`${file}:${line}`, outside === 'build' ? vscode.l10n.t('not in the kernel tree') : null]),
  );
  const uri = await uriInTree(root, place);
  return uri === null ? name : `[${name}](${uri.with({ fragment: `L${line}` }).toString()})`;
}

/** `mm/gup.c:2817 or mm/gup.c:2944` */
async function linksOf(root: string | undefined, { others = [], ...place }: InlinedFrame): Promise<string> {
  const links = await Promise.all(
    [place, ...others.slice(0, MOST_OTHERS)].map((each) => placeLink(root, each)),
  );
  const [first, ...further] = links;
  return [first, ...further.map((link) => vscode.l10n.t('or {0}', link))].join(' ');
}

async function previewOf(root: string | undefined, place: SourcePlace): Promise<string | null> {
  const uri = await uriInTree(root, place);
  if (uri === null) return null;
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > LARGEST_FILE) return null;
    return sourcePreview(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)), place.line);
  } catch {
    return null;
  }
}
