/**
 * In the text of a capture every frame is a link to its line in the kernel tree.
 *
 * A link is resolved when it is followed: together with the frames that it called, which tell which of several calls
 * in the function is meant.
 */
import * as vscode from 'vscode';
import type { EngineApi, FrameTarget, PrintedFrame } from '../engine/protocol';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { placeUri } from './openFrame';

/**
 * ` => func+0x12/0x34 [module] <ffffffff81234567>` of the kernel and `=> func (ffffffff81234567)` of trace-cmd report
 * (kernel/trace/trace_output.c, trace-cmd's plugin_function.c).
 */
const FRAME = /^\s*=> ([A-Za-z_][\w.$]*)(?:\+0x([0-9a-f]+)(?:\/0x[0-9a-f]+)?)?(?: \[(\w+)\])?(?:\s|$)/;

class FrameLink extends vscode.DocumentLink {
  constructor(
    range: vscode.Range,
    readonly document: vscode.TextDocument,
    /** A frame of each function of the document. */
    readonly functions: ReadonlyMap<string, PrintedFrame>,
  ) {
    super(range);
    this.tooltip = 'Open in the kernel tree';
  }
}

export class FtraceLinks implements vscode.DocumentLinkProvider<FrameLink> {
  constructor(
    private readonly engine: EngineApi,
    private readonly kernelTree: KernelTreeChoice,
  ) {}

  provideDocumentLinks(document: vscode.TextDocument, token: vscode.CancellationToken): FrameLink[] {
    const links: FrameLink[] = [];
    const functions = new Map<string, PrintedFrame>();
    for (let line = 0; line < document.lineCount && !token.isCancellationRequested; line++) {
      const { text } = document.lineAt(line);
      const frame = printedFrame(text);
      if (frame === null) continue;
      const name = frame.function;
      functions.set(name, frame);
      const start = text.indexOf(name);
      const range = new vscode.Range(line, start, line, start + name.length);
      links.push(new FrameLink(range, document, functions));
    }
    return links;
  }

  async resolveDocumentLink(link: FrameLink): Promise<FrameLink> {
    // The engine must have its tree before it is asked for places in it.
    await this.kernelTree.tree();
    const stack = stackUpTo(link.document, link.range.start.line);
    const others = [...link.functions.values()];
    const frame = (await this.engine.resolveFrames({ stack, others })).at(-1);
    if (frame !== undefined) link.target = await this.linkTarget(frame);
    return link;
  }

  /** Straight to the line where it is sure; the command asks or explains where it is not. */
  private async linkTarget(frame: FrameTarget): Promise<vscode.Uri> {
    const root = (await this.kernelTree.tree())?.root;
    if (root !== undefined && frame.file !== null && frame.candidates.length < 2) {
      const uri = await placeUri(root, frame.file).catch(() => null);
      if (uri !== null) return uri.with({ fragment: `L${frame.line ?? 1}` });
    }
    const given = encodeURIComponent(JSON.stringify([frame]));
    return vscode.Uri.parse(`command:pageHolders.openFrame?${given}`);
  }
}

/** Frames of the stack from its innermost one down to the given line. */
function stackUpTo(document: vscode.TextDocument, line: number): readonly PrintedFrame[] {
  const frames: PrintedFrame[] = [];
  for (let at = line; at >= 0; at--) {
    const frame = printedFrame(document.lineAt(at).text);
    if (frame === null) break;
    frames.unshift(frame);
  }
  return frames;
}

/** The frame that a line prints, or null. */
function printedFrame(line: string): PrintedFrame | null {
  const match = FRAME.exec(line);
  if (match === null) return null;
  const [, name = '', offset, module] = match;
  return {
    function: name,
    offset: offset === undefined ? null : Number.parseInt(offset, 16),
    module: module ?? null,
  };
}
