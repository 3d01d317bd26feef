/** All that is inlined into a function, kept to be asked for one address after the other. */
import { Tag } from './constants';
import { inlinedNode, outermostNode, saysNoCode, type FunctionNode } from './functionTree';
import type { FunctionEntry, Unit } from './unit';

export class InlineTree {
  private constructor(
    private readonly outermost: FunctionNode,
    /** In the order of the debug info: what is inlined into one follows it. */
    private readonly nodes: readonly FunctionNode[],
    /** By node, where those behind it begin that are not inlined into it. */
    private readonly behind: Uint32Array,
    /** By node, its first number in {@link pieces}; one more ends the last. */
    private readonly firstPiece: Uint32Array,
    /** Begin and end of one piece of code after the other. */
    private readonly pieces: Float64Array,
    /** By node, 1 when it does not say where its code is: what is inlined into it may. */
    private readonly isUnplaced: Uint8Array,
  ) {}

  /** Rejects as reading the file does. */
  static async read(unit: Unit, { start, end }: FunctionEntry): Promise<InlineTree> {
    const outermost = outermostNode(unit, start);
    const nodes: FunctionNode[] = [];
    const behind: number[] = [];
    const firstPiece: number[] = [];
    const pieces: number[] = [];
    const isUnplaced: number[] = [];
    const add = (low: number, high: number): void => {
      pieces.push(low, high);
    };
    const entries = unit.entriesFrom(start, end);
    let reader = entries instanceof Promise ? await entries : entries;
    const isThere = reader.next();
    if (isThere) reader.skip();
    // By depth below the function: what entries there belong to, and the node that ends with them; -1 for none.
    const owners: FunctionNode[] = isThere && reader.hasChildren ? [outermost] : [];
    const ending: number[] = [-1];
    const descend = (owner: FunctionNode, ends: number): void => {
      owners.push(owner);
      ending.push(ends);
    };
    while (owners.length > 0 && !reader.isAtEnd) {
      const owner = owners[owners.length - 1]!;
      if (!reader.next()) {
        owners.pop();
        const ended = ending.pop()!;
        if (ended >= 0) behind[ended] = nodes.length;
      } else if (reader.tag === Tag.LexicalBlock) {
        reader.skip();
        if (reader.hasChildren) descend(owner, -1);
      } else if (reader.tag !== Tag.InlinedSubroutine) {
        if (reader.skipWithChildren()) descend(owner, -1);
      } else {
        reader.read();
        const node = inlinedNode(unit, reader, owner);
        const index = nodes.push(node) - 1;
        behind.push(index + 1);
        firstPiece.push(pieces.length);
        isUnplaced.push(saysNoCode(reader) ? 1 : 0);
        if (reader.hasChildren) descend(node, index);
        if (isUnplaced[index] === 1) continue;
        const next = reader.position;
        const added = unit.addEntryRanges(reader, add);
        if (added instanceof Promise) {
          await added;
          reader = await unit.entriesFrom(next, end);
        } else {
          reader.position = next;
        }
      }
    }
    // What is cut off ends with the function.
    for (const open of ending) if (open >= 0) behind[open] = nodes.length;
    firstPiece.push(pieces.length);
    return new InlineTree(
      outermost,
      nodes,
      Uint32Array.from(behind),
      Uint32Array.from(firstPiece),
      Float64Array.from(pieces),
      Uint8Array.from(isUnplaced),
    );
  }

  /** Bytes it keeps, about. */
  get size(): number {
    return 500 + this.nodes.length * 80 + this.pieces.length * 8;
  }

  /** The innermost function that an address of the function is of: the last that claims it. */
  find(address: number): FunctionNode {
    const { nodes, behind, isUnplaced } = this;
    let innermost = this.outermost;
    for (let i = 0; i < nodes.length;) {
      const isClaimed = this.has(i, address);
      if (isClaimed) innermost = nodes[i]!;
      i = isClaimed || isUnplaced[i] === 1 ? i + 1 : behind[i]!;
    }
    return innermost;
  }

  private has(node: number, address: number): boolean {
    const { pieces } = this;
    const end = this.firstPiece[node + 1]!;
    for (let i = this.firstPiece[node]!; i < end; i += 2) {
      if (address >= pieces[i]! && address < pieces[i + 1]!) return true;
    }
    return false;
  }
}
