/** The definitions of one C file. */
import { walkTopLevel } from './cStructure';
import type { Definition, DefinitionKind } from './definition';
import { LineTable } from './lineTable';
import { expandName, functionTemplates, type FunctionTemplate, type MacroTemplates } from './macroTemplate';
import { IDENTIFIER, isIdentifierByte, nameHash, textOf, tokenText, type Tokens } from './tokens';

const OPEN_PAREN = 40;
const CLOSE_PAREN = 41;
const COMMA = 44;
const STAR = 42;

/** include/linux/syscalls.h, include/linux/compat.h. */
const SYSCALL_MACRO = /^(COMPAT_)?SYSCALL(?:32)?_DEFINE\w*$/;
/** arch/x86/include/asm/idtentry.h. */
const DECLARED_ENTRY_MACRO = /^DECLARE_IDTENTRY(?!_SW)\w*$/;
/** include/linux/tracepoint.h. The subsystems' own wrappers, such as TRACE_EVENT_RCU, begin alike. */
const CLASS_MACRO = /^DECLARE_EVENT_(?:\w+_)?CLASS(?:_\w+)?$/;
const INSTANCE_MACRO = /^DEFINE_EVENT(?:_\w+)?$/;
const EVENT_MACRO = /^TRACE_EVENT(?:_\w+)?$/;
const BARE_TRACE_MACRO = /^DECLARE_TRACE(?:_\w+)?$/;
/** include/linux/cleanup.h (since 6.5): what guard(NAME) and __free(NAME) do stands in the arguments. */
const GUARD_MACRO = /^DEFINE_(?:LOCK_GUARD_\d|GUARD|CLASS|FREE)$/;
/** include/linux/filter.h: the text in braces is that of `____NAME`, which is inlined into NAME. */
const BPF_MACRO = /^BPF_CALL_\d$/;
const CONSTANT_NAME = /^[A-Z0-9_]+$/;

const NOINLINE_WORDS = new Set(['noinline', 'noinline_for_stack', '__noinline']);
const INLINE_WORDS = new Set(['inline', '__always_inline', '__inline', '__inline__']);

export interface CDefinitionOptions {
  /** Macros of headers that define functions. */
  readonly templates?: MacroTemplates;
  /** Takes the hash of a function's or macro's name; false leaves it out. */
  readonly wants?: (hash: number) => boolean;
  /**
   * Takes every function with a body, wanted or not, by token: its name (that of the macro, where one
   * defines it), the parenthesis behind the name, and its braces.
   */
  readonly body?: (name: number, parameters: number, open: number, close: number) => void;
}

interface CDefinitions {
  readonly definitions: Definition[];
  /** Macros of this file that define functions. */
  readonly templates: MacroTemplates;
}

/** Never throws, whatever the bytes are. */
export function cDefinitions(path: string, tokens: Tokens, options: CDefinitionOptions = {}): CDefinitions {
  const { bytes } = tokens;
  const lines = new LineTable(bytes);
  const definitions: Definition[] = [];
  const templates = new Map<string, readonly FunctionTemplate[]>();
  const templatesOf = (macro: string): readonly FunctionTemplate[] =>
    templates.get(macro) ?? options.templates?.get(macro) ?? [];
  const wants = options.wants ?? ((): boolean => true);

  const add = (key: string, kind: DefinitionKind, offset: number, rest: Partial<Definition>): void => {
    definitions.push({
      key,
      kind,
      file: path,
      line: lines.lineAt(offset),
      bodyFrom: offset,
      bodyTo: offset,
      isStatic: false,
      isInline: false,
      isNoinline: false,
      isWeak: false,
      parameters: [],
      eventClass: null,
      ...rest,
    });
  };

  walkTopLevel(tokens, {
    function(name, open, bodyOpen, bodyClose, from) {
      options.body?.(name, open, bodyOpen, bodyClose);
      const macro = isUpperCase(tokens, name);
      if (!macro && !wants(tokens.hash[name]!)) return;
      const text = tokenText(tokens, name);
      const offset = tokens.start[name]!;
      const body = { bodyFrom: tokens.start[bodyOpen]!, bodyTo: tokens.end[bodyClose]! };
      const rest = { ...body, ...storage(tokens, from, name), parameters: parameterNames(tokens, open) };
      if (!macro) {
        add(text, 'function', offset, rest);
        return;
      }
      for (const one of definedWithBody(text, argumentTexts(tokens, open), templatesOf(text))) {
        if (wants(nameHash(one.key)) || one.kind === 'syscall') add(one.key, one.kind, offset, rest);
      }
    },
    invocation(name, open, close) {
      if (!isUpperCase(tokens, name)) {
        // A few macros that define functions have names in lower case.
        if (templates.size === 0 && options.templates === undefined) return;
        if (templatesOf(tokenText(tokens, name)).length === 0) return;
      }
      const text = tokenText(tokens, name);
      if (GUARD_MACRO.test(text)) {
        const guard = `guard:${argumentTexts(tokens, open)[0] ?? ''}`;
        const body = { bodyFrom: tokens.start[open]!, bodyTo: tokens.end[close]! };
        add(guard, 'macro', tokens.start[name]!, { ...body, parameters: ['_T'], isInline: true });
        return;
      }
      for (const one of definedByUse(text, tokens, open, templatesOf(text))) {
        if (one.key.includes(':') || wants(nameHash(one.key))) {
          add(one.key, one.kind, tokens.start[name]!, { eventClass: one.eventClass });
        }
      }
    },
    directive(token) {
      const macro = macroDefinition(tokens, token);
      if (!macro) return;
      const found = functionTemplates(bytes, macro.bodyFrom, macro.bodyTo, macro.parameters);
      if (found.length > 0) templates.set(macro.name, found);
      if (!macro.callable || !wants(nameHash(macro.name))) return;
      const { bodyFrom, bodyTo, parameters } = macro;
      add(macro.name, 'macro', macro.nameFrom, { bodyFrom, bodyTo, parameters, isInline: true });
    },
  });
  return { definitions, templates };
}

interface Generated {
  readonly key: string;
  readonly kind: DefinitionKind;
  readonly eventClass: string | null;
}

/** Source key of what `name(…) { … }` defines, where no macro template is needed to tell. */
export function keyOfFunction(tokens: Tokens, name: number, open: number): string {
  const text = tokenText(tokens, name);
  if (!isUpperCase(tokens, name)) return text;
  return definedWithBody(text, argumentTexts(tokens, open), []).at(-1)?.key ?? text;
}

/** What `MACRO(args) { … }` defines. */
function definedWithBody(
  macro: string,
  args: readonly string[],
  templates: readonly FunctionTemplate[],
): Generated[] {
  const first = args[0] ?? '';
  const syscall = SYSCALL_MACRO.exec(macro);
  if (syscall) {
    const compat = syscall[1] === undefined ? '' : 'compat_';
    return [{ key: `syscall:${compat}${first}`, kind: 'syscall', eventClass: null }];
  }
  if (BPF_MACRO.test(macro)) return [{ key: first, kind: 'wrapped', eventClass: null }];
  const owner = templates.filter((template) => template.takesBody);
  if (owner.length === 0) {
    return [macro, first].map((key) => ({ key, kind: 'function', eventClass: null }));
  }
  return templates.map((template) => ({
    key: expandName(template, args),
    kind: template.takesBody ? 'function' : 'generated',
    eventClass: null,
  }));
}

/** What `MACRO(args)` without braces defines. */
function definedByUse(
  macro: string,
  tokens: Tokens,
  open: number,
  templates: readonly FunctionTemplate[],
): Generated[] {
  const event = (key: string, eventClass: string): Generated => ({ key, kind: 'event', eventClass });
  if (CLASS_MACRO.test(macro)) {
    const name = argumentTexts(tokens, open)[0] ?? '';
    return [event(`class:${name}`, name)];
  }
  if (EVENT_MACRO.test(macro)) {
    const name = argumentTexts(tokens, open)[0] ?? '';
    return [event(`event:${name}`, name), event(`class:${name}`, name)];
  }
  if (INSTANCE_MACRO.test(macro)) {
    const [eventClass = '', name = ''] = argumentTexts(tokens, open);
    return [event(`event:${name}`, eventClass)];
  }
  if (BARE_TRACE_MACRO.test(macro)) {
    const name = argumentTexts(tokens, open)[0] ?? '';
    return [event(`event:${name}`, name)];
  }
  if (DECLARED_ENTRY_MACRO.test(macro)) {
    const args = argumentTexts(tokens, open);
    return [{ key: `idtentry:${args[args.length - 1] ?? ''}`, kind: 'generated', eventClass: null }];
  }
  if (templates.length === 0) return [];
  const args = argumentTexts(tokens, open);
  return templates
    .filter((template) => !template.takesBody)
    .map((template) => ({ key: expandName(template, args), kind: 'generated', eventClass: null }));
}

/** Is the identifier written in capitals, as macros are? Looks at bytes: it is asked of every declaration. */
function isUpperCase(tokens: Tokens, token: number): boolean {
  for (let position = tokens.start[token]!; position < tokens.end[token]!; position++) {
    const byte = tokens.bytes[position]!;
    if (byte >= 97 && byte <= 122) return false;
  }
  return true;
}

/** The text of each argument of a macro's use, white space left out; longer ones are cut. */
function argumentTexts(tokens: Tokens, open: number): string[] {
  const close = tokens.partner[open]!;
  const args: string[] = [];
  let text = '';
  let depth = 0;
  for (let token = open + 1; token < close && args.length < 16; token++) {
    const kind = tokens.kind[token]!;
    if (kind === OPEN_PAREN) depth++;
    else if (kind === CLOSE_PAREN) depth--;
    if (kind === COMMA && depth === 0) {
      args.push(text);
      text = '';
    } else if (text.length < 100) {
      text += tokenText(tokens, token);
    }
  }
  args.push(text);
  return args;
}

/** Names of a function's parameters: of each the last identifier, or the one behind `(*`. */
function parameterNames(tokens: Tokens, open: number): string[] {
  const close = tokens.partner[open]!;
  const names: string[] = [];
  let name = -1;
  let pointer = -1;
  let depth = 0;
  for (let token = open + 1; token <= close; token++) {
    const kind = tokens.kind[token]!;
    if (depth === 0 && (kind === COMMA || token === close)) {
      const chosen = pointer >= 0 ? pointer : name;
      if (chosen >= 0) names.push(tokenText(tokens, chosen));
      name = -1;
      pointer = -1;
    } else if (kind === OPEN_PAREN) {
      depth++;
    } else if (kind === CLOSE_PAREN) {
      depth--;
    } else if (kind === IDENTIFIER) {
      if (depth === 0) name = token;
      else if (pointer < 0 && tokens.kind[token - 1] === STAR && tokens.kind[token - 2] === OPEN_PAREN)
        pointer = token;
    }
  }
  return names;
}

function storage(
  tokens: Tokens,
  from: number,
  name: number,
): Pick<Definition, 'isStatic' | 'isInline' | 'isNoinline' | 'isWeak'> {
  let isStatic = false;
  let isInline = false;
  let isNoinline = false;
  let isWeak = false;
  for (let token = from; token < name; token++) {
    if (tokens.kind[token] !== IDENTIFIER) continue;
    const word = tokenText(tokens, token);
    if (word === 'static') isStatic = true;
    else if (word === '__weak') isWeak = true;
    else if (INLINE_WORDS.has(word)) isInline = true;
    else if (NOINLINE_WORDS.has(word)) isNoinline = true;
  }
  return { isStatic, isInline, isNoinline, isWeak };
}

interface MacroDefinition {
  readonly name: string;
  readonly nameFrom: number;
  /** Byte offsets of the replacement text. */
  readonly bodyFrom: number;
  readonly bodyTo: number;
  readonly parameters: string[];
  /** It can stand where a call stands: it has parameters, or is another name for something. */
  readonly callable: boolean;
}

/** The macro that a `#define` line defines, or null for other directives. */
function macroDefinition(tokens: Tokens, token: number): MacroDefinition | null {
  const { bytes } = tokens;
  const to = tokens.end[token]!;
  let position = skipSpace(bytes, tokens.start[token]! + 1, to);
  for (const letter of [100, 101, 102, 105, 110, 101]) {
    if (bytes[position++] !== letter) return null;
  }
  const nameFrom = skipSpace(bytes, position, to);
  let nameTo = nameFrom;
  while (nameTo < to && isIdentifierByte(bytes[nameTo]!)) nameTo++;
  if (nameTo === nameFrom) return null;
  const name = textOf(bytes, nameFrom, nameTo);
  if (bytes[nameTo] !== OPEN_PAREN) {
    const callable = !CONSTANT_NAME.test(name) && isOneName(bytes, nameTo, to);
    return { name, nameFrom, bodyFrom: nameTo, bodyTo: to, parameters: [], callable };
  }
  const close = bytes.indexOf(CLOSE_PAREN, nameTo);
  if (close < 0 || close >= to) return null;
  const parameters = textOf(bytes, nameTo + 1, Math.min(close, nameTo + 1000))
    .split(',')
    .map((parameter) => parameter.replace(/\\\s*$|\.\.\./gm, '').trim());
  return { name, nameFrom, bodyFrom: close + 1, bodyTo: to, parameters, callable: true };
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let position = from;
  while (position < to && (bytes[position] === 32 || bytes[position] === 9)) position++;
  return position;
}

/** The text is one identifier, perhaps followed by a comment. */
function isOneName(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > 200) return false;
  return /^\s*[A-Za-z_]\w*\s*(?:\/[/*].*)?$/.test(textOf(bytes, from, to));
}
