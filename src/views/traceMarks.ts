/**
 * Marks and attempts in the text of a trace: outline, and a lens above each mark that leads to its holders. They come
 * from the engine when the file is open as a capture; until then the events of the text itself are listed, and the lens
 * offers to open it.
 */
import * as vscode from 'vscode';
import type { AttemptInText, CaptureFacts, CaptureMarks, EngineApi, MarkInText } from '../engine/protocol';
import { visibleLine } from '../engine/visibleText';
import { isFile, nameOf } from './fileNames';
import { lensTitle } from './lensTitle';
import type { OpenCaptures } from './openCaptures';
import type { PageRow } from './revealHolders';
import { documentLines } from './textFrames';
import { linesAtOffsets, linesInBytes, tellingEvents, type TraceEvent } from './traceText';

/** More lenses than this are slow to lay out, and no person reads them. */
const MOST_LENSES = 2000;
const MOST_DETAIL = 120;

interface MarkOnLine extends MarkInText {
  readonly line: number;
  readonly furtherLines: readonly number[];
}

interface AttemptOnLines extends AttemptInText {
  readonly first: number;
  readonly last: number;
}

interface MarkedText {
  /** Marks name theirs by its index; null for one that begins on no line. */
  readonly attempts: readonly (AttemptOnLines | null)[];
  readonly marks: readonly MarkOnLine[];
}

export class TraceMarks implements vscode.CodeLensProvider, vscode.DocumentSymbolProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly subscription: vscode.Disposable;
  private outline: vscode.Disposable;
  /** What the outline was made from. */
  private outlined = '';

  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly documents: vscode.DocumentSelector,
  ) {
    this.outline = this.registerOutline();
    this.subscription = vscode.Disposable.from(
      this.changed,
      vscode.languages.registerCodeLensProvider(documents, this),
      captures.onDidChange(() => {
        this.changed.fire();
        this.outlineAgain();
      }),
    );
  }

  dispose(): void {
    this.outline.dispose();
    this.subscription.dispose();
  }

  /** The editor keeps an outline until the text changes, or the provider. */
  private outlineAgain(): void {
    const now = JSON.stringify(
      this.captures.all.map(({ id, path, part, events, changed }) => [
        id,
        path,
        part === 1,
        part < 1 || events,
        changed?.text,
      ]),
    );
    if (now === this.outlined) return;
    this.outlined = now;
    this.outline.dispose();
    this.outline = this.registerOutline();
  }

  private registerOutline(): vscode.Disposable {
    const label = vscode.l10n.t('Attempts and marks');
    return vscode.languages.registerDocumentSymbolProvider(this.documents, this, { label });
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const capture = this.captureOf(document);
    if (capture === null) return offersToOpen(document);
    if (capture.changed !== null)
      return [capture.changed.kind === 'gone' ? fileIsGone() : offerToReadAgain()];
    const { marks } = await this.marked(document);
    return marks.slice(0, MOST_LENSES).flatMap(({ line, furtherLines, label, description, node, pfn }) => {
      const row: PageRow = { node, pfn };
      const command: vscode.Command = {
        command: 'pageHolders.showPage',
        title: vscode.l10n.t('$(lock) {0} → show', label),
        tooltip: visibleLine(description),
        arguments: [row],
      };
      return [line, ...furtherLines].map((each) => lens(each, command));
    });
  }

  async provideDocumentSymbols(document: vscode.TextDocument): Promise<vscode.DocumentSymbol[]> {
    if (this.captureOf(document)?.changed !== null) {
      return tellingEvents(documentLines(document)).map((event) => eventSymbol(document, event));
    }
    const { attempts, marks } = await this.marked(document);
    const symbols = attempts.map((attempt) => (attempt === null ? null : attemptSymbol(document, attempt)));
    const alone: vscode.DocumentSymbol[] = [];
    for (const mark of marks) {
      const attempt = symbols[mark.attempt ?? -1] ?? null;
      if (attempt === null) alone.push(markSymbol(document, mark));
      else {
        const symbol = markSymbol(document, mark);
        attempt.children.push(symbol);
        attempt.range = attempt.range.union(symbol.range);
      }
    }
    return [...symbols.filter((each) => each !== null), ...alone];
  }

  private async marked(document: vscode.TextDocument): Promise<MarkedText> {
    const capture = this.captureOf(document);
    // Offsets of the file say nothing of a text that was changed, here or on disk.
    const isOther = document.isDirty || capture?.changed !== null;
    const marks = isOther ? null : await this.engine.captureMarks({ id: capture.id });
    return marks === null ? { attempts: [], marks: [] } : onLines(document, marks);
  }

  /** The capture that a document is the text of; null when it is not open. */
  private captureOf({ uri }: vscode.TextDocument): CaptureFacts | null {
    return this.captures.all.find(({ path }) => path === nameOf(uri)) ?? null;
  }
}

async function onLines(
  document: vscode.TextDocument,
  { attempts, marks }: CaptureMarks,
): Promise<MarkedText> {
  const offsets = [
    ...new Set([
      ...marks.flatMap(({ offset, furtherOffsets }) => [offset, ...furtherOffsets]),
      ...attempts.flatMap(({ from, to }) => [from, to]),
    ]),
  ].sort((one, other) => one - other);
  const found = await linesOf(document, offsets);
  const lineOf = new Map(offsets.map((offset, index) => [offset, found[index] ?? null]));
  return {
    attempts: attempts.map((attempt) => {
      const first = lineOf.get(attempt.from) ?? null;
      return first === null ? null : { ...attempt, first, last: lineOf.get(attempt.to) ?? first };
    }),
    marks: marks.flatMap((mark) => {
      const line = lineOf.get(mark.offset) ?? null;
      const furtherLines = mark.furtherOffsets.flatMap((offset) => lineOf.get(offset) ?? []);
      return line === null ? [] : [{ ...mark, line, furtherLines }];
    }),
  };
}

/** By the text, which is at hand; the file is read where it has other bytes, as of a name that was cut within a letter. */
async function linesOf(
  document: vscode.TextDocument,
  offsets: readonly number[],
): Promise<readonly (number | null)[]> {
  const lines = documentLines(document);
  const endLength = document.eol === vscode.EndOfLine.CRLF ? 2 : 1;
  const plain = linesAtOffsets(lines, offsets, endLength);
  if (!plain.includes(null)) return plain;
  const marked = linesAtOffsets(lines, offsets, endLength, BYTE_ORDER_MARK);
  if (!marked.includes(null)) return marked;
  return vscode.workspace.fs.readFile(document.uri).then(
    (bytes) =>
      linesInBytes(bytes, offsets).map((line) => ((line ?? lines.count) < lines.count ? line : null)),
    () => plain,
  );
}

/** Of UTF-8, which the editor leaves out of the first line. */
const BYTE_ORDER_MARK = 3;

function offerToReadAgain(): vscode.CodeLens {
  return lens(0, {
    command: 'pageHolders.refresh',
    title: vscode.l10n.t('$(refresh) The file changed since it was read. Refresh to see who held each page'),
  });
}

/** There is nothing to read again, and the text in the editor may be another one by now. */
function fileIsGone(): vscode.CodeLens {
  return lens(0, {
    command: 'pageHolders.holders.focus',
    title: vscode.l10n.t(
      '$(warning) The file was deleted or moved since it was read. The Holders view has what was read of it',
    ),
  });
}

function offersToOpen(document: vscode.TextDocument): vscode.CodeLens[] {
  if (!isFile(document.uri)) return [];
  const open = (line: number, title: string): vscode.CodeLens =>
    lens(line, { command: 'pageHolders.openResource', title, arguments: [document.uri] });
  const marks = tellingEvents(documentLines(document)).filter(({ spokenOf }) => spokenOf === 'mark');
  return [
    open(0, vscode.l10n.t('$(symbol-structure) Open in Page Holders to see who held each page')),
    ...marks
      .slice(0, MOST_LENSES)
      .map(({ line }) => open(line, vscode.l10n.t('$(lock) Who holds it? Open in Page Holders'))),
  ];
}

function lens(line: number, command: vscode.Command): vscode.CodeLens {
  const titled = { ...command, title: lensTitle(command.title) };
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), titled);
}

function eventSymbol(document: vscode.TextDocument, { line, name, fields, spokenOf }: TraceEvent) {
  const kind = spokenOf === 'attempt' ? vscode.SymbolKind.Event : vscode.SymbolKind.Key;
  return symbol(kind, name, fields.slice(0, MOST_DETAIL), document.lineAt(line).range);
}

function attemptSymbol(document: vscode.TextDocument, attempt: AttemptOnLines): vscode.DocumentSymbol {
  const { label, description, first, last } = attempt;
  const { range } = document.lineAt(first);
  const whole = range.union(document.lineAt(Math.max(first, last)).range);
  return symbol(vscode.SymbolKind.Event, label, description, range, whole);
}

function markSymbol(document: vscode.TextDocument, mark: MarkOnLine): vscode.DocumentSymbol {
  const { label, description, line } = mark;
  return symbol(vscode.SymbolKind.Key, label, description, document.lineAt(line).range);
}

function symbol(
  kind: vscode.SymbolKind,
  name: string,
  detail: string,
  range: vscode.Range,
  whole = range,
): vscode.DocumentSymbol {
  return new vscode.DocumentSymbol(visibleLine(name), visibleLine(detail), kind, whole, range);
}
