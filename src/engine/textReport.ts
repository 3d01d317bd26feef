/**
 * The holders tree as text, fit for a mail: what is open in the tree is printed, what is folded there is one line with
 * its count.
 */
import type { Branch } from './lazyTree';
import type { NodeKind, TreeNode } from './protocol';

/** Ways to set words apart; the identity where there are no colours. */
export interface Styles {
  readonly strong: (text: string) => string;
  readonly alarm: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain = (text: string): string => text;
export const NO_STYLES: Styles = { strong: plain, alarm: plain, dim: plain };

const INDENT = '  ';

/**
 * Lines of `branches` and of what is open below them.
 *
 * @param branches rows at the same level
 * @param depth their indentation, in steps
 */
export async function textLines(
  branches: readonly Branch[],
  styles: Styles = NO_STYLES,
  depth = 0,
): Promise<readonly string[]> {
  const width = columnWidth(branches);
  const lines: string[] = [];
  for (const { node, children } of branches) {
    lines.push(INDENT.repeat(depth) + rowText(node, width, styles));
    if (children === null || isFolded(node)) continue;
    lines.push(...(await textLines(await children(), styles, depth + 1)));
    if (node.kind === 'page') lines.push('');
  }
  return lines;
}

/** Expected, temporary and earlier references, the plumbing frames and allocations that prove nothing stay folded. */
const FOLDABLE: ReadonlySet<NodeKind> = new Set<NodeKind>(['frames', 'role', 'allocation', 'capture']);

function isFolded(node: TreeNode): boolean {
  return FOLDABLE.has(node.kind) && !node.expanded;
}

/** Frames stand in two columns; a column of at most 40 keeps most lines below 100 characters. */
function columnWidth(branches: readonly Branch[]): number {
  const lengths = branches.filter(({ node }) => node.kind === 'frame').map(({ node }) => node.label.length);
  return Math.min(40, Math.max(0, ...lengths));
}

function rowText(node: TreeNode, width: number, styles: Styles): string {
  const label = styled(node, styles);
  if (node.description === '') return label;
  if (node.kind !== 'frame') return `${label} ${styles.dim(`(${node.description})`)}`;
  return `${label}${' '.repeat(Math.max(0, width - node.label.length))}  ${styles.dim(node.description)}`;
}

function styled(node: TreeNode, styles: Styles): string {
  if (node.kind === 'page' || node.kind === 'capture') return styles.strong(node.label);
  if (node.kind === 'reference' && (node.mood === 'held' || node.mood === 'still-held')) {
    return styles.alarm(node.label);
  }
  return node.label;
}
