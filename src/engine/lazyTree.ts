/** A tree whose rows are made when they are asked for, and answered by node id and range. */
import type { PlacedFrame } from './frames';
import { kept } from '../source/keptPromises';
import type { NodePage, TreeNode } from './protocol';
import { visibleLine } from './visibleText';

export interface Branch {
  readonly node: TreeNode;
  /** Null for a leaf. Called at most once a {@link LazyTree}. */
  readonly children: (() => readonly Branch[] | Promise<readonly Branch[]>) | null;
  /** Equal for rows that have the same below them: text prints that once. */
  readonly subject?: string;
  /** Present where the children may be too many to be made at once. */
  readonly range?: RowRange;
  /** Frames of the stack that the row is of; absent where it is of none, or of the one of a row that it lies below. */
  readonly stack?: () => Promise<readonly PlacedFrame[]>;
}

/** Rows that are made by range, each time they are asked for; row `i` has the id of its parent and `/i`. */
interface RowRange {
  readonly total: number;
  /** From `start` up to, not including, `end`; both lie within {@link total}. */
  readonly rows: (start: number, end: number) => readonly Branch[];
}

const EMPTY_TOOLTIP = { title: '', rows: [], notes: [] };

/**
 * A row with what most rows lack filled in; `id` is the parent's with one more step. Its words are made visible here, for
 * the views and all that is printed of them: names in them are of captures, and of files.
 */
export function branch(
  given: Pick<TreeNode, 'id' | 'kind' | 'label'> & Partial<TreeNode>,
  children: Branch['children'] = null,
): Branch {
  const label = visibleLine(given.label);
  const description = visibleLine(given.description ?? '');
  const node: TreeNode = {
    mood: 'plain',
    tooltip: EMPTY_TOOLTIP,
    spoken: spokenText(label, description),
    expanded: false,
    frame: null,
    captureLine: null,
    place: null,
    file: null,
    ...given,
    label,
    description,
    hasChildren: children !== null,
  };
  return { node, children };
}

/** A row with children that are made by range. */
export function rangeBranch(given: Parameters<typeof branch>[0], range: RowRange): Branch {
  const made = branch(given, range.total === 0 ? null : () => range.rows(0, range.total));
  return { ...made, range };
}

function spokenText(label: string, description: string): string {
  const text = description === '' ? label : `${label}, ${description}`;
  return text.replaceAll(' · ', ', ').replaceAll(/× ?/g, 'times ').replaceAll('…', ' to ');
}

export class LazyTree {
  private readonly known = new Map<string | null, Promise<readonly Branch[]>>();

  constructor(private readonly roots: () => readonly Branch[] | Promise<readonly Branch[]>) {}

  /** Children of `id` (null: the roots) from `start` up to, not including, `end`; none for an id that is no row. */
  async page(id: string | null, start: number, end: number): Promise<NodePage> {
    const range = id === null ? undefined : (await this.find(id))?.range;
    if (range !== undefined) {
      const rows = range.rows(Math.min(start, range.total), Math.min(end, range.total));
      return { nodes: rows.map((child) => child.node), total: range.total };
    }
    const branches = await this.branches(id);
    return { nodes: branches.slice(start, end).map((child) => child.node), total: branches.length };
  }

  /** All children of `id`; none for an id that is no row. */
  async branches(id: string | null): Promise<readonly Branch[]> {
    return kept(this.known, id, () => this.make(id));
  }

  async find(id: string): Promise<Branch | undefined> {
    const last = (await this.way(id)).at(-1);
    return last?.node.id === id ? last : undefined;
  }

  /** The rows from a root down to `id`, as far as there are any. */
  async way(id: string): Promise<readonly Branch[]> {
    const way: Branch[] = [];
    let level = await this.branches(null);
    for (;;) {
      const step = level.find((child) => id === child.node.id || id.startsWith(`${child.node.id}/`));
      if (step === undefined) return way;
      way.push(step);
      if (step.node.id === id) return way;
      level = step.range === undefined ? await this.branches(step.node.id) : rowOnWay(step, step.range, id);
    }
  }

  private async make(id: string | null): Promise<readonly Branch[]> {
    if (id === null) return this.roots();
    const parent = await this.find(id);
    return (await parent?.children?.()) ?? [];
  }
}

/** The one row of a range that `id` is or lies below. */
function rowOnWay({ node }: Branch, range: RowRange, id: string): readonly Branch[] {
  const index = Number(id.slice(node.id.length + 1).split('/', 1)[0]);
  return Number.isInteger(index) && index >= 0 && index < range.total ? range.rows(index, index + 1) : [];
}
