/** .debug_rnglists and .debug_ranges: code in several pieces (DWARF 5, section 2.17.3; DWARF 4, the same). */
import { readAddress, zeroAddress, type AddressBase } from '../elf/addressBase';
import type { ByteCursor } from '../elf/byteCursor';
import { then, type Now } from '../elf/rangeSource';
import type { SectionBytes } from '../elf/sectionBytes';
import { RangeEntry } from './constants';

export interface RangeContext {
  readonly section: SectionBytes;
  readonly isLittle: boolean;
  readonly version: number;
  readonly addressSize: number;
  readonly base: AddressBase;
  /** DW_AT_low_pc of the unit: what offsets count from. */
  readonly unitLow: number;
  /** Address with this index in .debug_addr; null when there is none. */
  readonly indexedAddress: (index: number) => Now<number | null>;
}

/** Called with each piece of code: its begin and the address behind it. */
export type AddRange = (low: number, high: number) => void;

/** Lists are short: this many bytes hold nearly all. */
const USUAL_LENGTH = 512;
/** A function has at most some hundred pieces; hostile data must not make one list of the whole section. */
const LARGEST_LIST = 1 << 20;

/** Reads the list at `offset` of the section; what is wrong with it, or null. */
export function readRangeList(context: RangeContext, offset: number, add: AddRange): Now<string | null> {
  return readList(context, offset, USUAL_LENGTH, add);
}

function readList(context: RangeContext, offset: number, length: number, add: AddRange): Now<string | null> {
  return then(context.section.cursorAt(offset, length), (cursor) => {
    const found: number[] = [];
    const available = cursor.end - cursor.position;
    const walked =
      context.version >= 5 ? walkEntries(context, cursor, found) : walkPairs(context, cursor, found);
    return then(walked, (isEnded) => {
      if (!isEnded && available < Math.min(LARGEST_LIST, context.section.size - offset)) {
        return readList(context, offset, Math.min(LARGEST_LIST, Math.max(1 << 16, available * 16)), add);
      }
      for (let i = 0; i + 1 < found.length; i += 2) {
        if (found[i]! < found[i + 1]!) add(found[i]!, found[i + 1]!);
      }
      return isEnded ? null : 'a range list without an end';
    });
  });
}

/** DWARF 5; true when the end of the list was reached. */
function walkEntries(context: RangeContext, cursor: ByteCursor, found: number[]): Now<boolean> {
  const { addressSize, base } = context;
  let low = context.unitLow;
  while (!cursor.isAtEnd) {
    const entry = cursor.u8();
    switch (entry) {
      case RangeEntry.EndOfList:
        return true;
      case RangeEntry.OffsetPair: {
        const start = low + cursor.uleb();
        const end = low + cursor.uleb();
        if (!cursor.isOverrun) found.push(start, end);
        break;
      }
      case RangeEntry.BaseAddress:
        low = readAddress(cursor, addressSize, base);
        break;
      case RangeEntry.StartEnd: {
        const start = readAddress(cursor, addressSize, base);
        const end = readAddress(cursor, addressSize, base);
        if (!cursor.isOverrun) found.push(start, end);
        break;
      }
      case RangeEntry.StartLength: {
        const start = readAddress(cursor, addressSize, base);
        const end = start + cursor.uleb();
        if (!cursor.isOverrun) found.push(start, end);
        break;
      }
      case RangeEntry.BaseAddressx:
      case RangeEntry.StartxEndx:
      case RangeEntry.StartxLength:
        // Clang's; the rest of the list may have to wait for .debug_addr.
        cursor.position--;
        return walkIndexed(context, cursor.copy(), found, low);
      default:
        return false;
    }
  }
  return false;
}

async function walkIndexed(
  context: RangeContext,
  cursor: ByteCursor,
  found: number[],
  unitLow: number,
): Promise<boolean> {
  const { addressSize, base, indexedAddress } = context;
  let low = unitLow;
  while (!cursor.isAtEnd) {
    const entry = cursor.u8();
    let start: number | null;
    let end: number | null;
    switch (entry) {
      case RangeEntry.EndOfList:
        return true;
      case RangeEntry.BaseAddressx:
        low = (await indexedAddress(cursor.uleb())) ?? NaN;
        continue;
      case RangeEntry.BaseAddress:
        low = readAddress(cursor, addressSize, base);
        continue;
      case RangeEntry.StartxEndx:
        start = await indexedAddress(cursor.uleb());
        end = await indexedAddress(cursor.uleb());
        break;
      case RangeEntry.StartxLength:
        start = await indexedAddress(cursor.uleb());
        end = (start ?? NaN) + cursor.uleb();
        break;
      case RangeEntry.OffsetPair:
        start = low + cursor.uleb();
        end = low + cursor.uleb();
        break;
      case RangeEntry.StartEnd:
        start = readAddress(cursor, addressSize, base);
        end = readAddress(cursor, addressSize, base);
        break;
      case RangeEntry.StartLength:
        start = readAddress(cursor, addressSize, base);
        end = start + cursor.uleb();
        break;
      default:
        return false;
    }
    if (!cursor.isOverrun && start !== null && end !== null) found.push(start, end);
  }
  return false;
}

/** DWARF 2 to 4: pairs, (0, 0) ends, a first of all ones sets what the others count from. */
function walkPairs(context: RangeContext, cursor: ByteCursor, found: number[]): boolean {
  const { addressSize, base } = context;
  const zero = zeroAddress(base);
  let low = context.unitLow;
  while (cursor.end - cursor.position >= 2 * addressSize) {
    const at = cursor.position;
    const isFirstZero = isFilled(cursor.bytes, at, addressSize, 0);
    if (isFirstZero && isFilled(cursor.bytes, at + addressSize, addressSize, 0)) return true;
    if (isFilled(cursor.bytes, at, addressSize, 0xff)) {
      cursor.skip(addressSize);
      low = readAddress(cursor, addressSize, base);
      continue;
    }
    // Counted from 0 they are addresses, too large for numbers; else they are small.
    if (low === zero) {
      const start = readAddress(cursor, addressSize, base);
      found.push(start, readAddress(cursor, addressSize, base));
    } else {
      const start = low + cursor.word(addressSize);
      found.push(start, low + cursor.word(addressSize));
    }
  }
  return false;
}

function isFilled(bytes: Uint8Array, at: number, length: number, value: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== value) return false;
  return true;
}
