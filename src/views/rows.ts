/**
 * How a row of the engine's trees looks: icon, tooltip, what a click does and which menu it has. Its words are those of
 * the command line and of the kernel, English in every language.
 */
import * as vscode from 'vscode';
import type { Certainty } from '../source/location';
import { escapeMarkdown } from './markdown';
import { NAME_FRAMES } from './nameFrames';
import { numberText } from './numberText';
import { eventOf, pageOf, placeOf } from './rowPlace';
import type { NodeKind, NodeMood, Tooltip, TreeName, TreeNode } from '../engine/protocol';

/** A row on the screen; it knows the row that it was opened from. */
export interface Row {
  readonly node: TreeNode;
  readonly parent: Row | null;
}

/** Stands for the children that are not shown yet. */
export interface MoreRow {
  readonly tree: TreeName;
  readonly parent: Row | null;
  readonly left: number;
}

export function isMoreRow(row: Row | MoreRow): row is MoreRow {
  return 'left' in row;
}

/** Whether a command was given a row of a tree; others may run the commands, too. */
export function isRow(given: unknown): given is Row {
  return typeof given === 'object' && given !== null && 'node' in given && 'parent' in given;
}

/** The row that a command is meant for when it comes from the palette or by key, and so has none. */
export function selectedRow({
  selection: [row],
}: Pick<vscode.TreeView<Row | MoreRow>, 'selection'>): Row | null {
  return row === undefined || isMoreRow(row) ? null : row;
}

export function rowItem(row: Row): vscode.TreeItem {
  const { node } = row;
  const item = new vscode.TreeItem(node.label, collapsibleState(node));
  item.id = node.id;
  item.description = node.description;
  item.iconPath = rowIcon(node);
  item.contextValue = contextValue(row);
  item.accessibilityInformation = { label: node.spoken };
  const command = rowCommand(node);
  if (command !== null) item.command = command;
  return item;
}

export function moreItem(row: MoreRow): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Show more ({0} left)', numberText(row.left)));
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.command = { command: 'pageHolders.showMore', title: vscode.l10n.t('Show More'), arguments: [row] };
  return item;
}

/** A capture is not to be trusted with markup: every word of it is escaped. */
export function tooltipText(tooltip: Tooltip): vscode.MarkdownString | undefined {
  if (tooltip.title === '') return undefined;
  const rows = tooltip.rows.map(([name, value]) => `- ${escapeMarkdown(`${name}: ${value}`)}\n`);
  const notes = tooltip.notes.map((note) => `\n${escapeMarkdown(note)}\n`);
  return new vscode.MarkdownString([`**${escapeMarkdown(tooltip.title)}**\n\n`, ...rows, ...notes].join(''));
}

function collapsibleState(node: TreeNode): vscode.TreeItemCollapsibleState {
  if (!node.hasChildren) return vscode.TreeItemCollapsibleState.None;
  return node.expanded ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
}

/** Id of the row of the kernel tree; it has functions that were not found below it, or there is no tree. */
const KERNEL_TREE = 'kernel-tree';
/** Rows of the debug info in use, by id, and what the menus of the manifest call them. */
const DEBUG_INFO: ReadonlyMap<string, string> = new Map([
  ['debug-info', 'debugInfo'],
  ['debug-info/modules', 'debugInfoModules'],
]);

const ICONS: Readonly<Record<NodeKind, string>> = {
  capture: 'graph-line',
  'symbol-file': 'symbol-key',
  page: 'file-binary',
  mark: 'bookmark',
  role: 'list-flat',
  'held-page': 'file-binary',
  'holder-kind': 'layers',
  'code-path': 'symbol-method',
  attempt: 'target',
  task: 'account',
  section: 'fold',
  'left-out': 'fold',
  events: 'list-ordered',
  event: 'pulse',
  reference: 'circle-outline',
  acquired: 'arrow-small-right',
  released: 'arrow-small-left',
  frames: 'ellipsis',
  frame: 'symbol-method',
  allocation: 'package',
  note: 'info',
  'missing-names': 'symbol-key',
  fact: 'circle-small',
  problem: 'warning',
};

/** The sidebar is often too narrow for the words that say how sure a line is. */
const FRAME_ICONS: Readonly<Record<Certainty, string>> = {
  exact: 'verified',
  'one-call-site': 'symbol-method',
  'one-of-several': 'question',
  'function-only': 'symbol-misc',
  unknown: 'circle-slash',
};

const MOOD_COLOURS: Readonly<Partial<Record<NodeMood, string>>> = {
  'still-held': 'problemsErrorIcon.foreground',
  held: 'problemsWarningIcon.foreground',
};

function rowIcon(node: TreeNode): vscode.ThemeIcon {
  const colour = MOOD_COLOURS[node.mood];
  return new vscode.ThemeIcon(
    iconName(node),
    colour === undefined ? undefined : new vscode.ThemeColor(colour),
  );
}

function iconName(node: TreeNode): string {
  // Rows of one kind differ in whether they are still held, and a sidebar has no room for the words.
  if (node.kind === 'reference' && node.mood === 'still-held') return 'lock';
  if (node.kind === 'reference' && node.mood === 'held') return 'unlock';
  if (node.kind === 'role' && node.mood === 'held') return 'lock';
  if (node.kind === 'released' && node.mood === 'still-held') return 'lock';
  if (node.frame !== null) return frameIcon(node.frame.certainty, node.mood);
  if (node.mood === 'doubt') return node.kind === 'acquired' ? 'question' : 'warning';
  return ICONS[node.kind];
}

/** Without a kernel tree no frame is marked: nothing was looked for. */
function frameIcon(certainty: Certainty, mood: NodeMood): string {
  if (certainty === 'unknown' && mood !== 'doubt') return ICONS.frame;
  return mood === 'doubt' && certainty !== 'unknown' ? 'warning' : FRAME_ICONS[certainty];
}

/**
 * What the menus of the manifest ask for, in words with dots between: what the row is (`frame.located.several`,
 * `problem.located`, or the kind alone), then what it speaks of: a `place` in the capture editor, a `page`, an `event`,
 * and a `text` and a `file`.
 */
function contextValue(row: Row): string {
  const { file } = row.node;
  return [
    kindForMenus(row.node),
    ...(placeOf(row) === null ? [] : ['place']),
    ...(pageOf(row) === null ? [] : ['page']),
    ...(eventOf(row) === null ? [] : ['event']),
    ...(file === null ? [] : file.isText ? ['text', 'file'] : ['file']),
  ].join('.');
}

function kindForMenus(node: TreeNode): string {
  const { frame } = node;
  if (frame !== null && frame.candidates.length > 1) return 'frame.located.several';
  const located = frame !== null ? frame.file !== null : node.captureLine !== null;
  if (located) return `${node.kind}.located`;
  return node.id === KERNEL_TREE ? 'kernelTree' : (DEBUG_INFO.get(node.id) ?? node.kind);
}

function rowCommand(node: TreeNode): vscode.Command | null {
  if (node.frame !== null) {
    return { command: 'pageHolders.openFrame', title: vscode.l10n.t('Open Frame'), arguments: [node.frame] };
  }
  if (node.id === KERNEL_TREE && node.mood === 'doubt' && !node.hasChildren) {
    return { command: 'pageHolders.chooseKernelTree', title: vscode.l10n.t('Choose Kernel Tree') };
  }
  if (node.kind === 'missing-names') {
    return { command: NAME_FRAMES, title: vscode.l10n.t('Name Frames') };
  }
  if (node.kind === 'problem' && node.captureLine !== null) {
    return {
      command: 'pageHolders.openProblem',
      title: vscode.l10n.t('Show in Capture'),
      arguments: [node.id, node.captureLine],
    };
  }
  return null;
}
