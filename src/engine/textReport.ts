/**
 * The holders tree as text, fit for a mail: what is open in the tree is printed, what is folded there is one line with
 * its count.
 */
import type { Pause } from '../capture/turns';
import type { Branch } from './lazyTree';
import type { NodeKind, TreeNode } from './protocol';
import { joined } from './wording';

/** Ways to set words apart; the identity where there are no colours. */
export interface Styles {
  readonly strong: (text: string) => string;
  readonly alarm: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain = (text: string): string => text;
export const NO_STYLES: Styles = { strong: plain, alarm: plain, dim: plain };

export interface TextOptions {
  readonly styles?: Styles;
  /** Prints what is folded as well, and the events that each row rests on. */
  readonly full?: boolean;
  /** Longest line, {@link MAIL_COLUMNS} unless given; Infinity for lines without breaks. */
  readonly columns?: number;
  /** Called before each row: the text of a recording of hours takes seconds. */
  readonly pause?: Pause;
  /** Characters that are enough, for who cuts the text there: a longer one ends with the row that goes beyond. */
  readonly enough?: number;
}

const INDENT = '  ';
/** Mails are read at 72 to 80 columns; a word that is longer stays whole. */
export const MAIL_COLUMNS = 78;
/** Lines that go on stand deeper than the children that follow. */
const CONTINUATION = '    ';

/** Printed as one line unless they are opened: with each reference they would hide the answer. */
const FOLDED: ReadonlySet<NodeKind> = new Set([
  'frames',
  'role',
  'held-page',
  'section',
  'left-out',
  'event',
  'allocation',
  'capture',
  'symbol-file',
]);

/**
 * Lines of `branches` and of what is open below them.
 *
 * @param branches rows at the same level
 * @param depth their indentation, in steps
 * @throws CancelledError where the pause does
 */
export async function textLines(
  branches: readonly Branch[],
  options: TextOptions = {},
  depth = 0,
): Promise<readonly string[]> {
  const text = new ReportText(options);
  await text.add(branches, depth);
  return text.lines;
}

class ReportText {
  readonly lines: string[] = [];
  /** Of the lines and the breaks between them. */
  private length = -1;
  /** Subjects of the rows so far. */
  private readonly printed = new Set<string>();

  constructor(private readonly options: TextOptions) {}

  async add(branches: readonly Branch[], depth: number): Promise<void> {
    const {
      styles = NO_STYLES,
      full = false,
      columns = MAIL_COLUMNS,
      pause,
      enough = Infinity,
    } = this.options;
    const indent = INDENT.repeat(depth);
    const width = columnWidth(branches, columns - indent.length);
    for (const { node: given, children, subject } of branches) {
      await pause?.();
      if (this.length > enough) return;
      const isPrinted = subject !== undefined && this.printed.has(subject);
      const node = textNode(given, isPrinted);
      if (subject !== undefined) this.printed.add(subject);
      if (isLeftOut(node, full)) continue;
      const own =
        node.kind === 'frame'
          ? [indent + frameText(node, width, styles)]
          : rowLines(node, indent, columns, styles);
      for (const line of own) this.put(line);
      if (children === null || isPrinted || isFolded(node, full)) continue;
      await this.add(await children(), depth + 1);
      if (node.kind === 'page') this.put('');
    }
  }

  private put(line: string): void {
    this.lines.push(line);
    this.length += line.length + 1;
  }
}

/** The names of folded frames would take more lines than the frames. */
function textNode(node: TreeNode, isPrinted: boolean): TreeNode {
  if (node.kind === 'frames' && !node.expanded) return { ...node, description: '' };
  return isPrinted ? { ...node, description: joined([node.description, 'as above']) } : node;
}

/** What was recorded is for those who check a claim: it would be longer than the answer. */
export function isLeftOut(node: TreeNode, full: boolean): boolean {
  return node.kind === 'events' && !node.expanded && !full;
}

/** Folded also where all is asked for: a get and a put have their stacks above these, and a filter is to leave out. */
const NEVER_PRINTED: ReadonlySet<NodeKind> = new Set(['event', 'left-out']);

/**
 * Expected, temporary and earlier references, the plumbing frames and allocations that prove nothing stay folded unless
 * all is asked for.
 */
export function isFolded(node: TreeNode, full: boolean): boolean {
  if (!FOLDED.has(node.kind) || node.expanded) return false;
  return !full || NEVER_PRINTED.has(node.kind);
}

/**
 * Frames stand in two columns, as far as these fit on a line.
 *
 * @param room columns behind the indentation
 */
function columnWidth(branches: readonly Branch[], room: number): number {
  const frames = branches.filter(({ node }) => node.kind === 'frame');
  const longest = (lengths: readonly number[]): number => Math.max(0, ...lengths);
  const names = longest(frames.map(({ node }) => node.label.length));
  const places = longest(frames.map(({ node }) => node.description.length));
  return Math.min(names, 40, Math.max(24, room - INDENT.length - places));
}

function frameText(node: TreeNode, width: number, styles: Styles): string {
  if (node.description === '') return node.label;
  return `${node.label.padEnd(width)}${INDENT}${styles.dim(node.description)}`;
}

/** Label, and the description in parentheses, broken between their parts where they are longer than a line. */
function rowLines(node: TreeNode, indent: string, columns: number, styles: Styles): readonly string[] {
  const pieces = [
    ...piecesOf(node.label, '', '', columns / 2, labelStyle(node, styles)),
    ...(node.description === '' ? [] : piecesOf(node.description, '(', ')', columns / 2, styles.dim)),
  ];
  const lines: string[] = [];
  let line = indent;
  let length = indent.length;
  let isStart = true;
  for (const { text, style } of pieces) {
    if (!isStart && length + 1 + text.length > columns) {
      lines.push(line);
      line = indent + CONTINUATION;
      length = line.length;
      isStart = true;
    }
    line += (isStart ? '' : ' ') + style(text);
    length += (isStart ? 0 : 1) + text.length;
    isStart = false;
  }
  return [...lines, line];
}

interface Piece {
  readonly text: string;
  readonly style: (text: string) => string;
}

/**
 * A line may break behind ` · `; where a part alone is longer than `longest`, between what it lists or sums up; and where
 * that is too long, between words.
 */
function piecesOf(
  text: string,
  open: string,
  close: string,
  longest: number,
  style: Piece['style'],
): readonly Piece[] {
  const parts = `${open}${text}${close}`.split(' · ');
  return parts
    .map((part, index) => (index < parts.length - 1 ? `${part} ·` : part))
    .flatMap((part) => (part.length > longest ? part.split(/(?<=,) | (?=[+=] )/) : [part]))
    .flatMap((part) => (part.length > longest ? part.split(' ') : [part]))
    .map((part) => ({ text: part, style }));
}

function labelStyle(node: TreeNode, styles: Styles): (text: string) => string {
  const { kind, mood } = node;
  if (STRONG.has(kind)) return styles.strong;
  if (kind === 'reference' && (mood === 'held' || mood === 'still-held')) return styles.alarm;
  return plain;
}

const STRONG: ReadonlySet<NodeKind> = new Set([
  'page',
  'capture',
  'symbol-file',
  'attempt',
  'holder-kind',
  'task',
]);
