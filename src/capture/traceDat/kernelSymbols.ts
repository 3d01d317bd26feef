import { BLANK, DOT, NEWLINE, OPEN_BRACKET, TAB, ZERO, lineEndOf, startsWith } from '../ascii';
import { NONE } from '../eventTable';
import { grown } from '../growingColumn';
import { NumberScanner } from '../numberScanner';
import type { SymbolTableBuilder } from '../symbolTableBuilder';
import { decodeText } from './sequentialReader';

/** Types of /proc/kallsyms that are code: local and global text, weak functions. */
const IS_CODE = new Uint8Array(256);
for (const type of 'tTwW') IS_CODE[type.charCodeAt(0)] = 1;

/** Bytes of a line of kallsyms, rather too few: so much room is made for its symbols. */
const USUAL_LINE = 32;
/** No function is larger, in bytes: an address further behind a symbol belongs to something without a name. */
const LARGEST_FUNCTION = 1 << 20;
/** Stands in a stack for a trampoline of ftrace (FTRACE_TRAMPOLINE_MARKER of kernel/trace/trace.h: INT_MAX). */
const TRAMPOLINE_MARKER = 0x7fffffff;
/**
 * Functions whose very begin is put into stacks as a return address: trampolines of probes, and on many architectures
 * the ends of system calls, interrupts and forks (ret_fast_syscall of arm, ret_from_exception of riscv).
 */
const ENTERED_BY_RETURN = /trampoline|^_*ret(?:urn)?_/;
const NOT_FOUND = -1;
const DOLLAR = 0x24;
const UPPER_L = 0x4c;

/** A module of /proc/modules. */
interface LoadedModule {
  readonly name: Uint8Array;
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Names addresses by the capture's own /proc/kallsyms and /proc/modules, the way the kernel does
 * (kernel/kallsyms.c): the nearest symbol at or below the address; of several at one address, the first that
 * is code. An address that nothing names keeps its number.
 */
export class KernelSymbols {
  /** Code symbols with a real address; 0 when the capture has none (kernel.kptr_restrict hides them). */
  codeCount = 0;
  /** Symbol lines, hidden or not. */
  lineCount = 0;
  private count = 0;
  /** By symbol, in the order of the text: upper and lower half of the address, and where the name begins. */
  private high = new Uint32Array(0);
  private low = new Uint32Array(0);
  private nameStart = new Uint32Array(0);
  private isCode = new Uint8Array(0);
  /** All symbols in order of their addresses. */
  private order = new Uint32Array(0);
  private text: Uint8Array = new Uint8Array(0);
  private modules: LoadedModule[] = [];

  /** Reads the text of /proc/kallsyms. The bytes are kept. */
  readKallsyms(text: Uint8Array): void {
    this.text = text;
    this.count = this.codeCount = this.lineCount = 0;
    this.widen(Math.max(16, Math.ceil(text.length / USUAL_LINE)));
    const scanner = new NumberScanner();
    for (let at = 0; at < text.length;) {
      const newline = lineEndOf(text, at);
      const end = newline < 0 ? text.length : newline;
      scanner.hexadecimal(text, at);
      const { found, next, high, low } = scanner;
      if (found && text[next] === BLANK && text[next + 2] === BLANK && next + 3 < end) {
        this.addSymbol(high, low, next + 3, IS_CODE[text[next + 1]!]!);
      }
      at = end + 1;
    }
    this.sort();
  }

  /** Reads the text of /proc/modules: `ext4 1019904 1 - Live 0xffffffffc0500000`. */
  readModules(text: Uint8Array): void {
    this.modules = [];
    for (const line of decodeText(text).split('\n')) {
      const match = /^(\S+) (\d+) .* 0x([0-9a-f]{1,16})(?: |$)/.exec(line);
      if (!match) continue;
      const start = BigInt(`0x${match[3]}`);
      if (start === 0n) continue;
      const name = new TextEncoder().encode(match[1]);
      this.modules.push({ name, start, end: start + BigInt(match[2]!) });
    }
  }

  /** Bytes of the text of /proc/kallsyms. */
  get textLength(): number {
    return this.text.length;
  }

  /** Whether a symbol of a module is listed: its line ends with `[module]`. */
  get hasModules(): boolean {
    return this.text.includes(OPEN_BRACKET);
  }

  /** Address of the first symbol of this name in the kernel itself, or null. */
  addressOf(name: string): bigint | null {
    for (let symbol = 0; symbol < this.count; symbol++) {
      const start = this.nameStart[symbol]!;
      if (this.isLineEnd(start + name.length) && startsWith(this.text, start, name))
        return (BigInt(this.high[symbol]!) << 32n) | BigInt(this.low[symbol]!);
    }
    return null;
  }

  /** Number of modules in the capture's list. */
  get moduleCount(): number {
    return this.modules.length;
  }

  /**
   * Frame id of an address in a stack, given as its upper and lower 32 bits.
   *
   * @param isReturnAddress false for the address of an interrupted instruction
   */
  frame(high: number, low: number, symbols: SymbolTableBuilder, isReturnAddress = true): number {
    const own = this.find(high, low);
    const place = isReturnAddress ? this.placeOfCall(own, high, low, symbols) : own;
    const addressHigh = high | 0;
    const addressLow = low | 0;
    if (place === NOT_FOUND) {
      const isMarker = high === 0 && low === TRAMPOLINE_MARKER;
      return symbols.internFrame({
        function: symbols.internText(isMarker ? '[FTRACE TRAMPOLINE]' : `0x${hexadecimal(high, low)}`),
        offset: -1,
        size: -1,
        module: this.moduleOf(high, low, symbols),
        addressHigh,
        addressLow,
      });
    }
    const symbol = this.order[place]!;
    const start = this.nameStart[symbol]!;
    const end = this.nameEnd(start);
    return symbols.internFrame({
      function: symbols.internBytes(this.text, start, end),
      offset: this.distance(symbol, high, low),
      size: this.sizeOf(place),
      module: this.moduleName(end, symbols),
      addressHigh,
      addressLow,
    });
  }

  /** As {@link frame}, but NONE where nothing names the address. */
  namedFrame(high: number, low: number, symbols: SymbolTableBuilder, isReturnAddress = true): number {
    const frame = this.frame(high, low, symbols, isReturnAddress);
    return symbols.frameFunction(frame).startsWith('0x') ? NONE : frame;
  }

  /**
   * Place of the function with the call that returns to an address in `place`. A function that ends with a call of one
   * that never returns (do_exit) has nothing behind it, and its return address is where the next function begins: the
   * kernel prints it as `do_group_exit+0x40/0x40` with %pB, and as the next one with the %pS of traces.
   */
  private placeOfCall(place: number, high: number, low: number, symbols: SymbolTableBuilder): number {
    if (place === NOT_FOUND) return place;
    const { order, nameStart, text } = this;
    const start = nameStart[order[place]!]!;
    if (this.distance(order[place]!, high, low) !== 0) return place;
    const end = this.nameEnd(start);
    if (ENTERED_BY_RETURN.test(decodeText(text.subarray(start, end)))) return place;
    const before = low === 0 ? this.find(high - 1, 0xffffffff) : this.find(high, low - 1);
    if (before === NOT_FOUND) return place;
    const endBefore = this.nameEnd(nameStart[order[before]!]!);
    return this.moduleName(endBefore, symbols) === this.moduleName(end, symbols) ? before : place;
  }

  private addSymbol(high: number, low: number, nameStart: number, code: number): void {
    this.lineCount++;
    if ((high === 0 && low === 0) || isMappingSymbol(this.text, nameStart)) return;
    const symbol = this.count++;
    if (symbol === this.high.length) this.widen(symbol * 2);
    this.high[symbol] = high;
    this.low[symbol] = low;
    this.nameStart[symbol] = nameStart;
    this.isCode[symbol] = code;
    this.codeCount += code;
  }

  /** Place in {@link order} of the code symbol that an address lies in, or NOT_FOUND. */
  private find(high: number, low: number): number {
    const { order } = this;
    let first = 0;
    let behind = this.count;
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if (this.isAbove(order[middle]!, high, low)) behind = middle;
      else first = middle + 1;
    }
    let place = NOT_FOUND;
    for (let i = first - 1; i >= 0; i--) {
      if (this.compare(order[i]!, order[first - 1]!) !== 0) break;
      if (this.isCode[order[i]!] === 1) place = i;
    }
    if (place === NOT_FOUND) return NOT_FOUND;
    return this.distance(order[place]!, high, low) >= 0 ? place : NOT_FOUND;
  }

  private isAbove(symbol: number, high: number, low: number): boolean {
    const symbolHigh = this.high[symbol]!;
    return symbolHigh === high ? this.low[symbol]! > low : symbolHigh > high;
  }

  /** Bytes from a symbol to an address at or above it; -1 when it is far away. */
  private distance(symbol: number, high: number, low: number): number {
    const highPart = high - this.high[symbol]!;
    if (highPart > 1) return -1;
    const distance = highPart * 2 ** 32 + low - this.low[symbol]!;
    return distance < LARGEST_FUNCTION ? distance : -1;
  }

  /** Bytes from the symbol at a place up to the next one of another address, or -1. */
  private sizeOf(place: number): number {
    const { order } = this;
    const symbol = order[place]!;
    for (let next = place + 1; next < this.count; next++) {
      if (this.compare(symbol, order[next]!) === 0) continue;
      return this.distance(symbol, this.high[order[next]!]!, this.low[order[next]!]!);
    }
    return -1;
  }

  private isLineEnd(at: number): boolean {
    return at === this.text.length || this.text[at] === NEWLINE;
  }

  private nameEnd(start: number): number {
    let end = start;
    while (end < this.text.length && this.text[end]! > BLANK) end++;
    return end;
  }

  /** String id of the `[module]` behind a name that ends at `at`, or -1. */
  private moduleName(at: number, symbols: SymbolTableBuilder): number {
    const text = this.text;
    let open = at;
    while (text[open] === TAB || text[open] === BLANK) open++;
    if (text[open] !== OPEN_BRACKET) return -1;
    let close = open + 1;
    while (close < text.length && text[close]! > BLANK && text[close] !== 0x5d) close++;
    return text[close] === 0x5d ? symbols.internBytes(text, open + 1, close) : -1;
  }

  private moduleOf(high: number, low: number, symbols: SymbolTableBuilder): number {
    if (this.modules.length === 0) return -1;
    const address = (BigInt(high) << 32n) | BigInt(low);
    const found = this.modules.find((module) => address >= module.start && address < module.end);
    return found ? symbols.internBytes(found.name, 0, found.name.length) : -1;
  }

  private compare(a: number, b: number): number {
    return this.high[a]! - this.high[b]! || this.low[a]! - this.low[b]!;
  }

  /** The kernel's own symbols come in order, those of modules behind them do not: only these are sorted. */
  private sort(): void {
    const { count } = this;
    let sorted = 1;
    while (sorted < count && this.compare(sorted - 1, sorted) <= 0) sorted++;
    const rest = new Uint32Array(Math.max(0, count - sorted));
    for (let i = 0; i < rest.length; i++) rest[i] = sorted + i;
    rest.sort((a, b) => this.compare(a, b) || a - b);
    const order = new Uint32Array(count);
    let head = 0;
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const isOfHead = taken === rest.length || (head < sorted && this.compare(head, rest[taken]!) <= 0);
      order[i] = isOfHead ? head++ : rest[taken++]!;
    }
    this.order = order;
  }

  private widen(capacity: number): void {
    this.high = grown(this.high.subarray(0, this.count), new Uint32Array(capacity));
    this.low = grown(this.low.subarray(0, this.count), new Uint32Array(capacity));
    this.nameStart = grown(this.nameStart.subarray(0, this.count), new Uint32Array(capacity));
    this.isCode = grown(this.isCode.subarray(0, this.count), new Uint8Array(capacity));
  }
}

/**
 * Whether a name only says what lies at a place in a module (code, data) of arm, arm64 or riscv. /proc/kallsyms lists
 * these, and the kernel's own look-ups pass over them (include/linux/module_symbol.h, is_mapping_symbol()).
 */
function isMappingSymbol(text: Uint8Array, at: number): boolean {
  const first = text[at];
  const second = text[at + 1];
  return first === DOLLAR || (first === DOT && second === UPPER_L) || (first === UPPER_L && second === ZERO);
}

function hexadecimal(high: number, low: number): string {
  return ((BigInt(high) << 32n) | BigInt(low)).toString(16);
}
