/**
 * Assembly sources: entry points and calls, by line. The macros are those of include/linux/linkage.h (SYM_*
 * since 5.5, ENTRY before) and plain labels.
 */
import type { Definition } from './definition';
import { textOf } from './tokens';

const START =
  /^[ \t]*(?:SYM_(?:FUNC|CODE|TYPED_FUNC)_START\w*|SYM_START|SYM_INNER_LABEL\w*|SYM_FUNC_ALIAS\w*|ENTRY\w*|GLOBAL|WEAK|FEXPORT|NESTED|LEAF|__HEAD_?ENTRY|_GLOBAL\w*)\s*\(\s*([A-Za-z_]\w*)/;
const END = /^[ \t]*(?:SYM_(?:FUNC|CODE)_END|SYM_END|ENDPROC|END|ENDPIPROC)\s*\(/;
const LABEL = /^([A-Za-z_]\w*):/;

/** Branches that call or jump, of the architectures of the kernel; the operand is what follows. */
const BRANCH =
  /^(?:[ \t]*[\w.]+:)?[ \t]*(call|callq|jmp|jmpq|bl|b|jal|jalr|j|tail|brasl|jg|bsr|bsrl|jbsr|jsr|PTR_LA|FRAME_BEGIN)[ \t]+\*?%?([A-Za-z_]\w*)/;

/** Instructions that do not come back. */
const JUMP = /^(?:jmpq?|b|j|tail|jg)$/;

interface AssemblyCall {
  readonly name: string;
  readonly line: number;
  /** Byte offset of the line. */
  readonly offset: number;
  readonly isJump: boolean;
}

interface EntryPoint {
  readonly key: string;
  readonly line: number;
  readonly from: number;
  to: number;
}

/** Names of one place that are told apart. More are no code: each of them would be said to do what stands behind. */
const NAMES_OF_ONE_PLACE = 16;

/**
 * Source keys of the file's entry points, each with the byte offsets that end it. A label ends where the next one stands,
 * as the symbol of an address is the nearest one before it; the function that it lies in goes on.
 */
export function assemblyDefinitions(path: string, bytes: Uint8Array): Definition[] {
  const found: EntryPoint[] = [];
  let enclosing: EntryPoint | null = null;
  let labels: EntryPoint[] = [];
  let isBehindCode = false;
  eachLine(bytes, 0, bytes.length, (text, offset, line) => {
    const macro = START.exec(text);
    const name = macro?.[1] ?? LABEL.exec(text)?.[1];
    const isEnd = name === undefined && END.test(text);
    if (name === undefined && !isEnd) {
      isBehindCode = true;
      return;
    }
    const isFunction = macro !== null && !text.includes('INNER_LABEL');
    // A new function ends one that has no end of its own.
    const endsFunction = isEnd || isFunction;
    if (endsFunction && enclosing !== null) enclosing.to = offset;
    if (endsFunction) enclosing = null;
    if (endsFunction || isBehindCode || labels.length === NAMES_OF_ONE_PLACE) {
      for (const label of labels) label.to = offset;
      labels = [];
    }
    isBehindCode = false;
    if (name === undefined) return;
    const entry = { key: name, line, from: offset, to: bytes.length };
    found.push(entry);
    if (isFunction) enclosing = entry;
    else labels.push(entry);
  });
  return found.map(({ key, line, from, to }) => ({
    key,
    kind: 'assembly',
    file: path,
    line,
    bodyFrom: from,
    bodyTo: to,
    isStatic: false,
    isInline: false,
    isNoinline: true,
    isWeak: false,
    parameters: [],
    eventClass: null,
  }));
}

/** Calls and jumps to names in a range of an assembly file; `firstLine` is the line at `from`. */
export function assemblyCalls(
  bytes: Uint8Array,
  from: number,
  to: number,
  firstLine: number,
): AssemblyCall[] {
  const calls: AssemblyCall[] = [];
  eachLine(bytes, from, to, (text, offset, line) => {
    const [, instruction = '', name] = BRANCH.exec(text) ?? [];
    if (name === undefined) return;
    calls.push({ name, line: firstLine + line - 1, offset, isJump: JUMP.test(instruction) });
  });
  return calls;
}

/** Lines longer than this are data. */
const LINE_LIMIT = 4096;

function eachLine(
  bytes: Uint8Array,
  from: number,
  to: number,
  take: (text: string, offset: number, line: number) => void,
): void {
  let line = 1;
  let inComment = false;
  for (let offset = from; offset < to; line++) {
    const newline = bytes.indexOf(10, offset);
    const end = newline < 0 || newline > to ? to : newline;
    let text = end - offset > LINE_LIMIT ? '' : textOf(bytes, offset, end);
    if (inComment) {
      const close = text.indexOf('*/');
      inComment = close < 0;
      text = inComment ? '' : text.slice(close + 2);
    }
    const open = text.lastIndexOf('/*');
    if (open >= 0 && !text.includes('*/', open)) {
      inComment = true;
      text = text.slice(0, open);
    }
    text = text.replace(/\/\*.*?\*\//g, ' ').replace(/\/\/.*/, '');
    if (text !== '') take(text, offset, line);
    offset = end + 1;
  }
}
