/** Frames that a terminal prints are links. Each is looked up by itself: a terminal gives one line at a time. */
import * as vscode from 'vscode';
import type { PrintedFrame } from '../engine/protocol';
import { showFailure } from './failures';
import { frameInText } from './frameLines';
import type { TextFrames } from './textFrames';

class FrameLink extends vscode.TerminalLink {
  constructor(
    start: number,
    length: number,
    readonly frame: PrintedFrame,
  ) {
    super(start, length, vscode.l10n.t('Open in the kernel tree'));
  }
}

export class TerminalFrames implements vscode.TerminalLinkProvider<FrameLink> {
  constructor(
    private readonly texts: TextFrames,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  provideTerminalLinks({ line }: vscode.TerminalLinkContext): FrameLink[] {
    const found = frameInText(line);
    return found === null ? [] : [new FrameLink(found.start, found.end - found.start, found.frame)];
  }

  async handleTerminalLink({ frame }: FrameLink): Promise<void> {
    try {
      const target = await this.texts.targetAlone(frame);
      if (target !== null) await vscode.commands.executeCommand('pageHolders.openFrame', target);
    } catch (error) {
      showFailure(this.log, error);
    }
  }
}
