/** Places of the frames in an open document, looked up together with the stack that they are of. */
import type * as vscode from 'vscode';
import type { EngineApi, FrameTarget, PrintedFrame } from '../engine/protocol';
import { frameOnLine, stackAround, type FrameOnLine, type Lines } from './frameLines';
import type { KernelTreeChoice } from './kernelTreeChoice';

/** In which documents frames are looked for. */
export const FRAME_DOCUMENTS: vscode.DocumentSelector = [
  { language: 'ftrace' },
  { language: 'plaintext' },
  { language: 'log' },
];

export class TextFrames {
  /** One frame of each function of a document. */
  private readonly functions = new WeakMap<
    vscode.TextDocument,
    { readonly version: number; readonly frames: readonly PrintedFrame[] }
  >();

  constructor(
    private readonly engine: EngineApi,
    readonly kernelTree: KernelTreeChoice,
  ) {}

  /** The frame whose name or offset is at `position`, or null. */
  frameAt(document: vscode.TextDocument, position: vscode.Position): FrameOnLine | null {
    const found = frameOnLine(documentLines(document), position.line, isTrace(document));
    if (found === null) return null;
    return position.character >= found.start && position.character <= found.end ? found : null;
  }

  /** The frames of a document with their lines. */
  *frames(document: vscode.TextDocument): Generator<readonly [number, FrameOnLine]> {
    const lines = documentLines(document);
    const isOfTrace = isTrace(document);
    for (let line = 0; line < lines.count; line++) {
      const found = frameOnLine(lines, line, isOfTrace);
      if (found !== null) yield [line, found];
    }
  }

  /**
   * Where the frame of a line is; null when it has none.
   *
   * @param atOnce says what is known by now rather than wait for the kernel tree to be looked through
   */
  async target(document: vscode.TextDocument, line: number, atOnce = false): Promise<FrameTarget | null> {
    const found = stackAround(documentLines(document), line);
    if (found === null) return null;
    // The engine must have its tree before it is asked for places in it.
    await this.kernelTree.tree();
    const { stack, index } = found;
    const others = this.functionsOf(document);
    const targets = await this.engine.resolveFrames({ stack, others, ...(atOnce ? { atOnce } : {}) });
    return targets[index] ?? null;
  }

  /** Where a frame is of whose stack nothing else is known. */
  async targetAlone(frame: PrintedFrame): Promise<FrameTarget | null> {
    await this.kernelTree.tree();
    return (await this.engine.resolveFrames({ stack: [frame], others: [] }))[0] ?? null;
  }

  private functionsOf(document: vscode.TextDocument): readonly PrintedFrame[] {
    const known = this.functions.get(document);
    if (known?.version === document.version) return known.frames;
    const byName = new Map<string, PrintedFrame>();
    for (const [, { frame }] of this.frames(document)) byName.set(frame.function, frame);
    const frames = [...byName.values()];
    this.functions.set(document, { version: document.version, frames });
    return frames;
  }
}

export function documentLines(document: vscode.TextDocument): Lines {
  return { count: document.lineCount, at: (line) => document.lineAt(line).text };
}

function isTrace(document: vscode.TextDocument): boolean {
  return document.languageId === 'ftrace';
}
