/**
 * Rules of the kind table that a person wrote: in `.page-holders.json` at the root of a kernel tree, in a file given
 * to the command line, or in the settings. The format is in media/page-holders.schema.json; comments and trailing
 * commas are allowed.
 *
 * A rule that cannot be used is left out and told; the others count.
 */
import {
  getNodePath,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser/lib/esm/main.js';
import type { KindRule, Sites, Strength } from './kindRule';
import { stripCompilerSuffix } from './frameFacts';
import { KIND_LABEL } from './kindLabel';
import type { Kind } from './model';

/** Where rules come from. */
export interface RuleOrigin {
  /** For rows: `.page-holders.json`, `the setting pageHolders.kindRules`. */
  readonly source: string;
  /** For errors: the path of the file, or the name of the setting. */
  readonly place: string;
  /** A file has an object with `rules`, the setting is the list itself. */
  readonly shape: 'file' | 'list';
}

interface RuleProblem {
  readonly place: string;
  /** 1-based line, or null where lines mean nothing (a setting). */
  readonly line: number | null;
  /** `rules[2].strength`; empty for the whole. */
  readonly path: string;
  /** What was found, what was expected there, and what to do. */
  readonly message: string;
}

export interface UserRules {
  readonly rules: readonly KindRule[];
  readonly problems: readonly RuleProblem[];
}

/** `tree/.page-holders.json line 7: rules[2].strength: …`, `pageHolders.kindRules[2].strength: …` */
export function ruleProblemText({ place, line, path, message }: RuleProblem): string {
  if (path.startsWith('[')) return `${place}${path}: ${message}`;
  return `${place}${line === null ? '' : ` line ${line}`}: ${path === '' ? '' : `${path}: `}${message}`;
}

/** @param text JSON; never throws, whatever it holds */
export function parseUserRules(text: string, origin: RuleOrigin): UserRules {
  const reader = new RuleReader(text, origin);
  return { rules: reader.read(), problems: reader.problems };
}

const FILE_KEYS = ['$schema', 'rules'];
const RULE_KEYS = ['label', 'kind', 'acquiredIn', 'releasedIn', 'strength', 'holder', 'expectedLongTerm'];
const USER_STRENGTHS: readonly string[] = ['strong', 'direct', 'weak'] satisfies readonly Strength[];
const USER_KINDS = Object.keys(KIND_LABEL).filter((kind) => kind !== 'unknown');
/** What a C compiler and the kernel's symbol table allow. */
const FUNCTION_NAME = /^[A-Za-z_][\w.$]*$/;
/** Longer texts would break rows, and nothing is called so. */
const LONGEST_TEXT = 120;

class RuleReader {
  readonly problems: RuleProblem[] = [];

  constructor(
    private readonly text: string,
    private readonly origin: RuleOrigin,
  ) {}

  read(): KindRule[] {
    const root = this.parse();
    if (root === undefined) return [];
    const list = this.origin.shape === 'list' ? root : this.ruleList(root);
    if (list === undefined) return [];
    if (list.type !== 'array') {
      this.complain(list, `${found(list)}; expected a list of rules: [ { "label": … } ]`);
      return [];
    }
    return (list.children ?? []).flatMap((node) => this.rule(node) ?? []);
  }

  private parse(): Node | undefined {
    const errors: ParseError[] = [];
    let root: Node | undefined;
    try {
      root = parseTree(this.text, errors, { allowTrailingComma: true });
    } catch {
      // Deep nesting ends the parser's recursion.
      this.add(null, '', 'cannot be read as JSON: nested too deeply; a rule needs three levels');
      return undefined;
    }
    const [error] = errors;
    if (error !== undefined) {
      const what = printParseErrorCode(error.error)
        .replaceAll(/(?!^)([A-Z])/g, ' $1')
        .toLowerCase();
      this.add(error.offset, '', `is no JSON from here on: ${what}; mend it there, no rule of it is used`);
      return undefined;
    }
    if (root === undefined) this.add(null, '', 'is empty; expected { "rules": [ … ] }');
    return root;
  }

  private ruleList(root: Node): Node | undefined {
    if (root.type !== 'object') {
      this.complain(root, `${found(root)}; expected { "rules": [ … ] }`);
      return undefined;
    }
    const entries = this.entriesOf(root, FILE_KEYS);
    const list = entries.get('rules');
    if (list === undefined) this.complain(root, 'has no rules; expected { "rules": [ … ] }');
    return list;
  }

  private rule(node: Node): KindRule | null {
    if (node.type !== 'object') {
      this.complain(node, `${found(node)}; expected a rule: { "label": …, "acquiredIn": [ … ] }`);
      return null;
    }
    const before = this.problems.length;
    const entries = this.entriesOf(node, RULE_KEYS);
    const label = this.shortText(entries.get('label'));
    if (!entries.has('label')) {
      this.complain(node, 'has no label; add "label", the name by which rows speak of the rule');
    }
    const kind = this.choice(entries.get('kind'), USER_KINDS, 'driver');
    const strength = this.choice(entries.get('strength'), USER_STRENGTHS, 'strong');
    const holder = this.shortText(entries.get('holder'));
    const expectedLongTerm = this.flag(entries.get('expectedLongTerm'));
    const acquire = this.functions(entries.get('acquiredIn'));
    const release = this.functions(entries.get('releasedIn'));
    if (acquire.length === 0 && release.length === 0 && this.problems.length === before) {
      this.complain(
        node,
        'names no function; add "acquiredIn" or "releasedIn" with the functions that get or put the page',
      );
    }
    if (this.problems.length > before || label === null) return null;
    // Both lists come from the table's own keys.
    return this.made(label, kind as Kind, strength as Strength, acquire, release, holder, expectedLongTerm);
  }

  private made(
    label: string,
    kind: Kind,
    strength: Strength,
    acquire: readonly string[],
    release: readonly string[],
    holder: string | null,
    expectedLongTerm: boolean,
  ): KindRule {
    const sites = (functions: readonly string[]): Sites =>
      functions.length === 0 ? {} : { [strength]: functions };
    return {
      kind,
      label,
      acquire: sites(acquire),
      release: sites(release),
      closes: [...new Set<Kind>([kind, 'gup-pin', 'gup-get', 'driver'])],
      takenIn: acquire,
      restsOn: this.origin.place,
      seenIn: 'source',
      expectedLongTerm,
      user: { source: this.origin.source, holder },
    };
  }

  private entriesOf(node: Node, allowed: readonly string[]): ReadonlyMap<string, Node> {
    const entries = new Map<string, Node>();
    for (const property of node.children ?? []) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) continue;
      const name = String(key.value);
      if (!allowed.includes(name)) {
        this.complain(value, `unknown key; expected one of ${allowed.join(', ')}: mend or remove it`);
      } else if (entries.has(name)) {
        this.complain(value, 'stands twice; keep one');
      } else {
        entries.set(name, value);
      }
    }
    return entries;
  }

  private shortText(node: Node | undefined): string | null {
    if (node === undefined) return null;
    const text = node.type === 'string' ? String(node.value).trim() : '';
    if (text === '') {
      this.complain(node, `${found(node)}; expected a text`);
      return null;
    }
    if (text.length > LONGEST_TEXT || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) {
      this.complain(node, `expected one line of at most ${LONGEST_TEXT} characters; shorten it`);
      return null;
    }
    return text;
  }

  private choice(node: Node | undefined, allowed: readonly string[], otherwise: string): string {
    if (node === undefined) return otherwise;
    if (node.type === 'string' && allowed.includes(String(node.value))) return String(node.value);
    this.complain(node, `${found(node)}; expected one of ${allowed.join(', ')}`);
    return otherwise;
  }

  private flag(node: Node | undefined): boolean {
    if (node === undefined) return false;
    if (node.type !== 'boolean') this.complain(node, `${found(node)}; expected true or false`);
    return node.value === true;
  }

  private functions(node: Node | undefined): readonly string[] {
    if (node === undefined) return [];
    if (node.type !== 'array') {
      this.complain(node, `${found(node)}; expected a list of function names: [ "…" ]`);
      return [];
    }
    const names = new Set<string>();
    for (const item of node.children ?? []) {
      const name = item.type === 'string' ? String(item.value) : '';
      if (FUNCTION_NAME.test(name)) names.add(stripCompilerSuffix(name));
      else {
        const want = 'expected the name of a function alone, without offset, module or brackets';
        this.complain(item, `${found(item)}; ${want}`);
      }
    }
    return [...names];
  }

  private complain(node: Node, message: string): void {
    this.add(node.offset, pathText(node), message);
  }

  private add(offset: number | null, path: string, message: string): void {
    const { place, shape } = this.origin;
    const line = shape === 'list' || offset === null ? null : lineOf(this.text, offset);
    this.problems.push({ place, line, path, message });
  }
}

function found(node: Node): string {
  if (node.type === 'object') return 'is an object';
  if (node.type === 'array') return 'is a list';
  const text = JSON.stringify(node.value);
  return `is ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}

/** `rules[2].strength` */
function pathText(node: Node): string {
  return getNodePath(node)
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
