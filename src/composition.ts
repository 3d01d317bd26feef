/** Builds the parts of the extension, registers them and has them disposed, wherever it runs. */
import './views/translations';
import * as vscode from 'vscode';
import { EngineClient, type StartWorker } from './engine/client';
import { CaptureEditor } from './views/captureEditor';
import { CaptureEditorMenu } from './views/captureEditorMenu';
import { CapturesOfBefore } from './views/capturesOfBefore';
import { CaptureStatus } from './views/captureStatus';
import { ChooseShown } from './views/chooseShown';
import { ChosenRows } from './views/chosenRows';
import { CompareCaptures } from './views/compareCaptures';
import { CopyAsText } from './views/copyAsText';
import { CopyEventWithStack } from './views/copyEventWithStack';
import { EditorCommands } from './views/editorCommands';
import { EditorFiles } from './views/editorFiles';
import { DebugInfoChoice } from './views/debugInfoChoice';
import { EngineRecovery } from './views/engineRecovery';
import { EventFollower } from './views/eventFollower';
import { ExportHolders } from './views/exportHolders';
import { FieldHover } from './views/fieldHover';
import { FileChecks } from './views/fileChecks';
import { FileMenu } from './views/fileMenu';
import { FindPageHoldersTool } from './views/findPageHoldersTool';
import { FrameDefinition } from './views/frameDefinition';
import { FrameHover } from './views/frameHover';
import { FrameLinks } from './views/frameLinks';
import { FtraceLanguage } from './views/ftraceLanguage';
import { HeldInSource, SOURCE_DOCUMENTS } from './views/heldInSource';
import { KernelTreeChoice } from './views/kernelTreeChoice';
import { LargeTraces } from './views/largeTraces';
import { registerMapSourcePath } from './views/mapSourcePath';
import { registerNameFrames } from './views/nameFrames';
import { NodeTree } from './views/nodeTree';
import { OpenCaptures } from './views/openCaptures';
import { OpenCommands } from './views/openCommands';
import { OpenFrame } from './views/openFrame';
import { PageMenu } from './views/pageMenu';
import { ProblemPlace } from './views/problemPlace';
import { RecordCapture } from './views/recordCapture';
import { RevealHolders } from './views/revealHolders';
import { ShowHoldersOfPfn } from './views/showHoldersOfPfn';
import { StackView } from './views/stackView';
import { ShownHolders } from './views/shownHolders';
import { StackFolding } from './views/stackFolding';
import { TerminalFrames } from './views/terminalFrames';
import { FRAME_DOCUMENTS, TextFrames } from './views/textFrames';
import { TraceMarks } from './views/traceMarks';
import { TreeWords } from './views/treeWords';
import { ViewMessage } from './views/viewMessage';
import type { MoreRow, Row } from './views/rows';

/** For the tests of the extension: the trees that the views show. */
export interface PageHoldersApi {
  readonly holders: NodeTree;
  readonly captures: NodeTree;
  readonly stack: StackView;
}

/** What the parts need of where the extension runs. */
export interface Machine {
  readonly startEngine: StartWorker;
  /** Absolute name of a file or folder that stands in the settings. */
  absolutePath(given: string): string;
  /** The first `length` bytes of a file, as Latin-1; null where files can only be read whole. */
  readonly headOf: ((file: string, length: number) => Promise<string>) | null;
}

export function compose(context: vscode.ExtensionContext, machine: Machine): PageHoldersApi {
  const { subscriptions, extensionUri } = context;
  const log = vscode.window.createOutputChannel('Page Holders', { log: true });
  const engine = new EngineClient(machine.startEngine, new EditorFiles());
  const captures = new OpenCaptures(engine);
  const shown = new ShownHolders(context.workspaceState);
  const holdersTree = new NodeTree('holders', engine, captures, shown, log);
  const capturesTree = new NodeTree('captures', engine, captures, shown, log);
  const holders = vscode.window.createTreeView<Row | MoreRow>('pageHolders.holders', {
    treeDataProvider: holdersTree,
    showCollapseAll: true,
  });
  const captureList = vscode.window.createTreeView('pageHolders.captures', {
    treeDataProvider: capturesTree,
  });
  const debugInfo = new DebugInfoChoice(engine, context.workspaceState, log, (given) =>
    machine.absolutePath(given),
  );
  const kernelTree = new KernelTreeChoice(
    engine,
    captures,
    debugInfo,
    context.workspaceState,
    new ViewMessage(captureList),
    log,
  );
  const chosen = new ChosenRows(holders);
  const stack = new StackView(engine, shown, captures, chosen, log);
  const sample = vscode.Uri.joinPath(extensionUri, 'media/sample/trace.txt');
  const opening = new OpenCommands(captures, kernelTree, new ViewMessage(holders), sample, log);
  const recovery = new EngineRecovery(captures, kernelTree, opening, log);
  engine.onStopped((reason) => void recovery.recover(reason));
  const frames = new OpenFrame(engine, kernelTree, log);
  const pageFolder = vscode.Uri.joinPath(extensionUri, 'dist/webview');
  const follower = new EventFollower(engine, holdersTree, holders, chosen, log);
  const editor = new CaptureEditor({ engine, captures, opening, frames, follower, holders, log, pageFolder });

  subscriptions.push(
    log,
    { dispose: () => void engine.dispose() },
    captures,
    debugInfo,
    kernelTree,
    stack,
    registerMapSourcePath(),
    registerNameFrames(machine.headOf !== null),
    holdersTree,
    capturesTree,
    holders,
    chosen,
    captureList,
    opening,
    new CapturesOfBefore(captures, opening, context.workspaceState, extensionUri),
    new FileChecks(captures, log),
    new FileMenu(),
    frames,
    follower,
    editor,
    new EditorCommands(editor, captures, holders, chosen),
    new CaptureEditorMenu(editor, frames),
    new PageMenu(shown, holders),
    shown,
    new RevealHolders(holdersTree, holders, shown, capturesTree, captureList),
    heldInSource(context, engine, captures, kernelTree, log),
    new CopyAsText(engine, shown, chosen, captureList, log),
    new CopyEventWithStack(engine, editor, chosen, log),
    new ExportHolders(engine, captures, shown, extensionUri, log),
    new CompareCaptures(engine, captures, log),
    new ShowHoldersOfPfn(engine, shown, log),
    new RecordCapture(),
    new CaptureStatus(engine, captures, kernelTree),
    new FindPageHoldersTool(engine, captures).register(),
    new ChooseShown(engine, captures, shown, holders, log),
    new ProblemPlace(captures, log),
    new FtraceLanguage(),
    ...(machine.headOf === null ? [] : [new LargeTraces(log, machine.headOf)]),
    tracesInText(engine, captures, kernelTree),
    framesInText(new TextFrames(engine, kernelTree), log),
    vscode.commands.registerCommand('pageHolders.showLog', () => {
      log.show();
    }),
    vscode.commands.registerCommand('pageHolders.showMore', (row: MoreRow) => {
      holdersTree.showMore(row);
      capturesTree.showMore(row);
    }),
  );
  return { holders: holdersTree, captures: capturesTree, stack };
}

function heldInSource(
  { extensionUri }: vscode.ExtensionContext,
  engine: EngineClient,
  captures: OpenCaptures,
  kernelTree: KernelTreeChoice,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const media = vscode.Uri.joinPath(extensionUri, 'media');
  const held = new HeldInSource(engine, captures, kernelTree, media, log);
  return vscode.Disposable.from(held, vscode.languages.registerCodeLensProvider(SOURCE_DOCUMENTS, held));
}

/** Folding, outline, lenses and hovers in the text of traces. */
function tracesInText(
  engine: EngineClient,
  captures: OpenCaptures,
  kernelTree: KernelTreeChoice,
): vscode.Disposable {
  const traces: vscode.DocumentSelector = { language: 'ftrace' };
  return vscode.Disposable.from(
    new TraceMarks(engine, captures, traces),
    vscode.languages.registerHoverProvider(
      traces,
      new FieldHover(engine, captures, new TreeWords(kernelTree)),
    ),
    vscode.languages.registerFoldingRangeProvider(traces, new StackFolding()),
  );
}

/** Everything that makes a frame in a text or a terminal lead to its line. */
function framesInText(texts: TextFrames, log: vscode.LogOutputChannel): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerDocumentLinkProvider(FRAME_DOCUMENTS, new FrameLinks(texts)),
    vscode.languages.registerDefinitionProvider(FRAME_DOCUMENTS, new FrameDefinition(texts)),
    vscode.languages.registerHoverProvider(FRAME_DOCUMENTS, new FrameHover(texts)),
    vscode.window.registerTerminalLinkProvider(new TerminalFrames(texts, log)),
  );
}
