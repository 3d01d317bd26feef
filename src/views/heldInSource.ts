/**
 * In the files of the kernel tree: a lens on functions and a mark on lines through which pages are held, leading to
 * the holders. Nothing is asked as long as no capture is open.
 */
import * as vscode from 'vscode';
import type { EngineApi, HeldFunction, HeldInCapture, HeldLine, HeldLines } from '../engine/protocol';
import type { SourceLines } from '../engine/holdersQuery';
import { visibleLine } from '../engine/visibleText';
import { CERTAINTY_NAMES, sentence, UNSURE_LINE_NAME } from '../engine/wording';
import { commandLink } from './commandLink';
import { uriOf } from './fileNames';
import { escapeMarkdown } from './markdown';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { lensTitle } from './lensTitle';
import { withoutIcons } from './notifications';
import type { OpenCaptures } from './openCaptures';
import { relocatedLine } from './relocateLine';
import { documentLines } from './textFrames';

const SETTING = 'pageHolders.sourceLens';
const COMMAND = 'pageHolders.showHeldThrough';
/** Headers are C++ to the editor. */
export const SOURCE_DOCUMENTS: vscode.DocumentSelector = [{ language: 'c' }, { language: 'cpp' }];
const LANGUAGES = new Set(['c', 'cpp']);
/** While a capture is read, or text is typed, there is news many times a second. */
const PAUSE = 300;

export class HeldInSource implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly subscriptions: vscode.Disposable;
  private readonly marked: vscode.TextEditorDecorationType;
  /** What is held by file, as long as captures and tree are the same. */
  private readonly known = new Map<string, Promise<HeldLines | null>>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly kernelTree: KernelTreeChoice,
    media: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.marked = vscode.window.createTextEditorDecorationType({
      gutterIconSize: 'contain',
      light: { gutterIconPath: vscode.Uri.joinPath(media, 'held-line-light.svg') },
      dark: { gutterIconPath: vscode.Uri.joinPath(media, 'held-line-dark.svg') },
      overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.warningForeground'),
      overviewRulerLane: vscode.OverviewRulerLane.Left,
      after: { color: new vscode.ThemeColor('editorCodeLens.foreground'), margin: '0 0 0 3em' },
    });
    this.subscriptions = vscode.Disposable.from(
      this.marked,
      this.changed,
      captures.onDidChange(() => {
        this.known.clear();
        this.refreshSoon();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.refreshSoon();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (LANGUAGES.has(document.languageId)) this.refreshSoon();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SETTING)) this.refreshSoon();
      }),
    );
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.subscriptions.dispose();
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const held = await this.heldIn(document);
    if (held === null) return [];
    const { file, functions } = held;
    return functions.flatMap((each) => {
      const line = relocatedLine(documentLines(document), each.line - 1, each.text);
      if (line === null) return [];
      const command = {
        command: COMMAND,
        title: lensTitle(`$(lock) ${withoutIcons(each.label)}`),
        arguments: [ofFunction(file, each)],
      };
      return [new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command)];
    });
  }

  private refreshSoon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.changed.fire();
      for (const editor of vscode.window.visibleTextEditors) void this.mark(editor);
    }, PAUSE);
  }

  private async mark(editor: vscode.TextEditor): Promise<void> {
    if (!LANGUAGES.has(editor.document.languageId)) return;
    const held = await this.heldIn(editor.document);
    const marks = held?.lines.flatMap((each) => decoration(editor.document, held.file, each)) ?? [];
    editor.setDecorations(this.marked, marks);
  }

  private async heldIn(
    document: vscode.TextDocument,
  ): Promise<(HeldLines & { readonly file: string }) | null> {
    if (this.captures.all.length === 0) return null;
    if (!vscode.workspace.getConfiguration().get<boolean>(SETTING, true)) return null;
    const file = await this.fileInTree(document.uri);
    if (file === null) return null;
    const asked = this.known.get(file) ?? this.ask(file);
    this.known.set(file, asked);
    const held = await asked;
    return held && { ...held, file };
  }

  private async ask(file: string): Promise<HeldLines | null> {
    try {
      return await this.engine.heldLines({ file });
    } catch (error) {
      this.log.error(`What is held through ${file} cannot be shown.`, String(error));
      return null;
    }
  }

  /** Path in the kernel tree, as the engine names files; null outside of it. */
  private async fileInTree({ scheme, authority, path }: vscode.Uri): Promise<string | null> {
    const root = (await this.kernelTree.tree())?.root;
    if (root === undefined) return null;
    const tree = uriOf(root);
    const folder = tree.path.replace(/\/*$/, '/');
    if (scheme !== tree.scheme || authority !== tree.authority || !path.startsWith(folder)) return null;
    return path.slice(folder.length);
  }
}

function ofFunction(file: string, { function: name, line, lastLine }: HeldFunction): SourceLines {
  return { file, first: line, last: lastLine, function: name };
}

function decoration(
  document: vscode.TextDocument,
  file: string,
  held: HeldLine,
): readonly vscode.DecorationOptions[] {
  const line = relocatedLine(documentLines(document), held.line - 1, held.text);
  if (line === null) return [];
  const isSure = held.certainty !== 'one-of-several';
  return [
    {
      range: document.lineAt(line).range,
      hoverMessage: lineHover(file, held),
      renderOptions: {
        after: {
          contentText: visibleLine(isSure ? held.label : vscode.l10n.t('{0}, if through here', held.label)),
        },
      },
    },
  ];
}

function lineHover(file: string, held: HeldLine): vscode.MarkdownString {
  const lines: SourceLines = { file, first: held.line, last: held.line, function: held.function };
  const text = new vscode.MarkdownString();
  text.isTrusted = { enabledCommands: [COMMAND] };
  return text.appendMarkdown(
    [
      vscode.l10n.t(
        '**{0}** through this line of {1}',
        escapeMarkdown(sentence(held.label)),
        escapeMarkdown(held.function),
      ),
      '\n\n',
      ...captureRows(held.captures),
      `- ${escapeMarkdown(vscode.l10n.t('How sure: {0}', certaintyOf(held)))}\n`,
      `\n[${vscode.l10n.t('Show the holders')}](${commandLink(COMMAND, [lines])})`,
    ].join(''),
  );
}

function certaintyOf({ certainty }: HeldLine): string {
  return certainty === 'one-of-several' ? UNSURE_LINE_NAME : CERTAINTY_NAMES[certainty];
}

/** Each capture has its own answer; which it is goes without saying of the only one. */
function captureRows(captures: readonly HeldInCapture[]): readonly string[] {
  const [first, ...others] = captures;
  if (first === undefined) return [];
  if (others.length === 0) return detailRows(first);
  return captures.flatMap((each) => [
    `**${escapeMarkdown(each.name)}**: ${escapeMarkdown(each.label)}\n`,
    ...detailRows(each),
    '\n',
  ]);
}

function detailRows({ details }: HeldInCapture): readonly string[] {
  return details.map(([name, value]) => `- ${escapeMarkdown(`${name}: ${value}`)}\n`);
}
