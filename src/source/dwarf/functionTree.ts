/** What is inlined into a function, and what it calls from where. */
import { then, type Now } from '../elf/rangeSource';
import { Form, Slot, Tag } from './constants';
import { NO_ENTRY, type EntryReader } from './entryReader';
import type { FunctionEntry, Unit } from './unit';

/** A function as it was compiled into the code of another, or the outermost one itself. */
export interface FunctionNode {
  /** The function that it was inlined into; null for the outermost one. */
  readonly parent: FunctionNode | null;
  /** The entry in .debug_info that names it. */
  readonly entry: number;
  /** Where it is called in its parent: number of a file of the unit, line and column (0: not known). */
  readonly callFile: number;
  readonly callLine: number;
  readonly callColumn: number;
}

/** A call in the machine code. */
interface CallEntry {
  /** The function that the call was written in. */
  readonly node: FunctionNode;
  /** Address behind the call instruction. */
  readonly returnAddress: number;
  /** The entry of what is called; NO_ENTRY for a call through a pointer. */
  readonly origin: number;
  readonly isTailCall: boolean;
}

/**
 * The innermost function that an address is of, within an outermost one: the last entry that claims it, as the deeper
 * follow the others. It passes over what has not the address; of a function that is asked again there is an InlineTree.
 */
export async function innermostAt(
  unit: Unit,
  { start, end }: FunctionEntry,
  address: number,
): Promise<FunctionNode> {
  const entries = unit.entriesFrom(start, end);
  let reader = entries instanceof Promise ? await entries : entries;
  const outermost = outermostNode(unit, start);
  if (!reader.next()) return outermost;
  reader.skip();
  let innermost = outermost;
  // By depth below the function, the function that entries there belong to; null where it does not have the address.
  const owners: (FunctionNode | null)[] = reader.hasChildren ? [outermost] : [];
  while (owners.length > 0 && !reader.isAtEnd) {
    if (!reader.next()) {
      owners.pop();
      continue;
    }
    const owner = owners[owners.length - 1] ?? null;
    if (reader.tag === Tag.LexicalBlock) {
      reader.skip();
      if (reader.hasChildren) owners.push(owner);
    } else if (reader.tag !== Tag.InlinedSubroutine || owner === null) {
      if (reader.skipWithChildren()) owners.push(owner);
    } else {
      reader.read();
      const node = inlinedNode(unit, reader, owner);
      if (saysNoCode(reader)) {
        // DWARF 2 cannot say where code in several pieces is; what is inlined into it may be in one.
        if (reader.hasChildren) owners.push(node);
        continue;
      }
      const mustDescend = reader.hasChildren;
      const behind = reader.position;
      const sibling = mustDescend && reader.goToSibling() ? reader.position : -1;
      const claims = unit.entryHas(reader, address);
      const isClaimed = typeof claims === 'boolean' ? claims : await claims;
      if (isClaimed) innermost = node;
      const next = !isClaimed && sibling >= 0 ? sibling : behind;
      if (claims instanceof Promise) reader = await unit.entriesFrom(next, end);
      else reader.position = next;
      if (mustDescend && (isClaimed || sibling < 0)) owners.push(isClaimed ? node : null);
    }
  }
  return innermost;
}

export function saysNoCode({ forms, values }: EntryReader): boolean {
  if (forms[Slot.Ranges] !== 0) return false;
  const high = values[Slot.HighPc]!;
  if (forms[Slot.HighPc] === 0) return true;
  return forms[Slot.HighPc] === Form.Addr ? high === values[Slot.LowPc] : high === 0;
}

/** The calls in a function, in the order of the debug info. */
export function callsOf(unit: Unit, { start, end }: FunctionEntry): Now<readonly CallEntry[]> {
  return then(unit.entriesFrom(start, end), (reader) => {
    const calls: CallEntry[] = [];
    const waiting = addCalls(unit, start, reader, calls);
    return waiting.length === 0 ? calls : Promise.all(waiting).then(() => calls);
  });
}

function addCalls(unit: Unit, entry: number, reader: EntryReader, calls: CallEntry[]): Promise<void>[] {
  const waiting: Promise<void>[] = [];
  if (!reader.next()) return waiting;
  reader.skip();
  const owners: FunctionNode[] = reader.hasChildren ? [outermostNode(unit, entry)] : [];
  while (owners.length > 0 && !reader.isAtEnd) {
    if (!reader.next()) {
      owners.pop();
      continue;
    }
    const owner = owners[owners.length - 1]!;
    switch (reader.tag) {
      case Tag.InlinedSubroutine: {
        reader.read();
        if (reader.hasChildren) owners.push(inlinedNode(unit, reader, owner));
        break;
      }
      case Tag.LexicalBlock:
        reader.skip();
        if (reader.hasChildren) owners.push(owner);
        break;
      case Tag.CallSite:
      case Tag.GnuCallSite: {
        reader.read();
        const added = addCall(unit, reader, owner, calls);
        if (added instanceof Promise) waiting.push(added);
        if (reader.hasChildren && !reader.goToSibling()) owners.push(owner);
        break;
      }
      default:
        if (reader.skipWithChildren()) owners.push(owner);
    }
  }
  return waiting;
}

export function outermostNode(unit: Unit, entry: number): FunctionNode {
  return { parent: null, entry: unit.header.offset + entry, callFile: 0, callLine: 0, callColumn: 0 };
}

export function inlinedNode(unit: Unit, reader: EntryReader, parent: FunctionNode): FunctionNode {
  const { values } = reader;
  const origin = reader.reference(Slot.AbstractOrigin);
  return {
    parent,
    entry: origin === NO_ENTRY ? unit.header.offset + reader.start : origin,
    callFile: reader.has(Slot.CallFile) ? values[Slot.CallFile]! : 0,
    callLine: reader.has(Slot.CallLine) ? values[Slot.CallLine]! : 0,
    callColumn: reader.has(Slot.CallColumn) ? values[Slot.CallColumn]! : 0,
  };
}

function addCall(unit: Unit, reader: EntryReader, node: FunctionNode, calls: CallEntry[]): Now<void> {
  const isGnu = reader.tag === Tag.GnuCallSite;
  const returnSlot = isGnu ? Slot.LowPc : Slot.CallReturnPc;
  // Nothing returns to a tail call: Clang says where the jump is instead. The address behind it begins with the next byte.
  const slot = reader.has(returnSlot) ? returnSlot : Slot.CallPc;
  const behind = slot === Slot.CallPc ? 1 : 0;
  const form = reader.forms[slot]!;
  if (form === 0) return;
  const origin = reader.reference(isGnu ? Slot.AbstractOrigin : Slot.CallOrigin);
  const isTailCall = reader.has(Slot.TailCall) && reader.values[Slot.TailCall] === 1;
  const value = reader.values[slot]!;
  if (form === Form.Addr) {
    calls.push({ node, returnAddress: value + behind, origin, isTailCall });
    return;
  }
  const add = (returnAddress: number | null): void => {
    if (returnAddress !== null)
      calls.push({ node, returnAddress: returnAddress + behind, origin, isTailCall });
  };
  const address = unit.addressOf(value, form);
  if (address instanceof Promise) return address.then(add);
  add(address);
}
