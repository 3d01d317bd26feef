/**
 * Every frame in a text is a link to its line in the kernel tree. A link is resolved when it is followed, together with
 * the frames that it called, which tell which of several calls in the function is meant.
 */
import * as vscode from 'vscode';
import type { FrameTarget } from '../engine/protocol';
import { commandLink } from './commandLink';
import { uriInTree, type PlaceInText } from './openFrame';
import type { TextFrames } from './textFrames';

/**
 * A text with more frames has no links: a trace of 45 MB has a million, which all would go to the window. F12 and
 * Ctrl-click lead to their definitions all the same.
 */
const MOST_LINKS = 20_000;

class FrameLink extends vscode.DocumentLink {
  constructor(
    range: vscode.Range,
    readonly document: vscode.TextDocument,
  ) {
    super(range);
    this.tooltip = vscode.l10n.t('Open in the kernel tree');
  }
}

export class FrameLinks implements vscode.DocumentLinkProvider<FrameLink> {
  constructor(private readonly texts: TextFrames) {}

  provideDocumentLinks(document: vscode.TextDocument, token: vscode.CancellationToken): FrameLink[] {
    const links: FrameLink[] = [];
    for (const [line, { start, nameEnd }] of this.texts.frames(document)) {
      if (token.isCancellationRequested || links.length >= MOST_LINKS) return [];
      links.push(new FrameLink(new vscode.Range(line, start, line, nameEnd), document));
    }
    return links;
  }

  async resolveDocumentLink(link: FrameLink): Promise<FrameLink> {
    const target = await this.texts.target(link.document, link.range.start.line);
    if (target !== null) link.target = await this.linkTarget(link, target);
    return link;
  }

  /** Straight to the line where it is sure; several are shown in a peek; the command explains where there is none. */
  private async linkTarget({ document, range }: FrameLink, target: FrameTarget): Promise<vscode.Uri> {
    const root = (await this.texts.kernelTree.tree())?.root;
    const [place] = target.candidates;
    if (place !== undefined) {
      if (target.candidates.length > 1) {
        const { line, character } = range.start;
        const at: PlaceInText = { document: document.uri.toString(), line, character };
        return vscode.Uri.parse(commandLink('pageHolders.peekPlaces', [target, at]));
      }
      const uri = await uriInTree(root, place);
      if (uri !== null) return uri.with({ fragment: `L${place.line}` });
    }
    return vscode.Uri.parse(commandLink('pageHolders.openFrame', [target]));
  }
}
