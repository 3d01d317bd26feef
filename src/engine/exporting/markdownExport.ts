/**
 * The report as Markdown, fit for a mail or a bug: what is folded in the tree is one line with its count. It can be
 * read without being rendered, and nothing that a capture says is taken for markup.
 */
import type { Branch } from '../lazyTree';
import type { NodeKind, TreeNode } from '../protocol';
import { isFolded, isLeftOut } from '../textReport';
import { joined } from '../wording';

/** Rows that begin a part of the text; their children are headings below it or paragraphs. */
const HEADINGS: ReadonlySet<NodeKind> = new Set([
  'capture',
  'symbol-file',
  'page',
  'attempt',
  'holder-kind',
  'task',
  'section',
  'left-out',
]);
/** HTML has six. */
const DEEPEST_HEADING = 6;
const INDENT = '  ';

/**
 * Lines of `branches` and of what is open below them.
 *
 * @param depth of the headings among them: 1 for the title
 * @param printed subjects of rows above: what is below these is printed once
 */
export async function markdownLines(
  branches: readonly Branch[],
  depth = 1,
  printed = new Set<string>(),
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const row of branches) {
    const { node, children } = row;
    if (isLeftOut(node, false)) continue;
    const isHeading = HEADINGS.has(node.kind) && depth <= DEEPEST_HEADING;
    if (!isHeading) {
      // One by one: as arguments of one call, a hundred thousand lines are too many for the stack.
      for (const line of await itemLines(row, '', printed)) lines.push(line);
      continue;
    }
    // A list that goes on into a heading would swallow it.
    if (lines.length > 0) lines.push('');
    lines.push(`${'#'.repeat(depth)} ${escaped(node.label)}`, '');
    if (node.description !== '') lines.push(escaped(node.description), '');
    if (children === null || isFolded(node, false)) continue;
    for (const line of await markdownLines(await children(), depth + 1, printed)) lines.push(line);
  }
  return lines;
}

/** A row as an item of a list, with what is below it; stacks are blocks of code. */
async function itemLines(
  { node, children, subject }: Branch,
  indent: string,
  printed: Set<string>,
): Promise<readonly string[]> {
  if (isLeftOut(node, false)) return [];
  const isPrinted = subject !== undefined && printed.has(subject);
  if (subject !== undefined) printed.add(subject);
  const text = joined([node.label, descriptionOf(node), isPrinted ? 'as above' : null]);
  const lines = [`${indent}- ${node.kind === 'mark' ? `**${escaped(text)}**` : escaped(text)}`];
  if (children === null || isPrinted || isFolded(node, false)) return lines;
  const below = await children();
  const isStack = below.some((child) => child.node.kind === 'frame');
  // What is counted behind a stack is no part of it.
  const isInCode = ({ node: { kind } }: Branch): boolean => isStack && kind !== 'section';
  if (isStack) lines.push(...codeLines(below.filter(isInCode), indent + INDENT));
  for (const child of below) {
    if (isInCode(child)) continue;
    for (const line of await itemLines(child, indent + INDENT, printed)) lines.push(line);
  }
  return lines;
}

/** Of folded frames the names would take more room than the frames. */
function descriptionOf({ kind, description }: TreeNode): string {
  return kind === 'frames' ? '' : description;
}

function codeLines(frames: readonly Branch[], indent: string): readonly string[] {
  const names = frames.map(({ node }) => (node.kind === 'frame' ? node.label : `(${node.label})`));
  const width = Math.min(40, Math.max(...names.map((name) => name.length)));
  const text = frames.map(({ node }, index) => {
    const place = node.kind === 'frame' ? node.description : '';
    return place === '' ? names[index]! : `${names[index]!.padEnd(width)}  ${place}`;
  });
  // A name may be any bytes, and must not end the block.
  return ['```text', ...text.map((line) => line.replaceAll('`', "'")), '```'].map((line) => indent + line);
}

/**
 * Text that stands as it is in the output of a CommonMark reader. Only what would be markup is escaped, so that the
 * source can be read too: an underscore within a word is none.
 */
function escaped(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*<>[\]|~]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])/g, (run) => run.replaceAll('_', '\\_'))
    .replace(/&(?=#?\w+;)/g, '\\&')
    .replace(/^(?=[-+#])/, '\\')
    .replace(/^(\d+)([.)])/, '$1\\$2');
}
