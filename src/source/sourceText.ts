/** Source files as the resolver needs them, read when asked for and kept while they are in use. */
import { assemblyDefinitions } from './assembly';
import { cDefinitions } from './cDefinitions';
import { callSites, type CallSite } from './callSites';
import type { Definition } from './definition';
import { LineTable } from './lineTable';
import type { MacroTemplates } from './macroTemplate';
import { DIRECTIVE, tokenize, tokenText } from './tokens';
import { SOURCE_FILE_LIMIT, type KernelTree } from './treeAccess';
import { isHeader } from './treeWalk';

/** Bytes of source kept; a capture's stacks need some 20 MB of linux-6.1. */
const KEPT_BYTES = 96 * 1024 * 1024;

export interface SourceText {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly lines: LineTable;
  readonly definitions: readonly Definition[];
  readonly byKey: ReadonlyMap<string, readonly Definition[]>;
  /** Memo of {@link sitesIn}. */
  readonly sites: Map<Definition, readonly CallSite[]>;
  /** Memo of {@link usesIn}. */
  readonly uses: Map<string, number>;
  /** Memo of {@link localIncludes}. */
  includes: readonly string[] | null;
}

export class SourceTexts {
  /** Least recently used first. */
  private readonly entries = new Map<string, { text: Promise<SourceText | null>; size: number }>();
  private keptBytes = 0;

  constructor(
    private readonly tree: KernelTree,
    private readonly templates: MacroTemplates,
  ) {}

  /** null when the file is not there any more, or too large to be source text. */
  load(path: string): Promise<SourceText | null> {
    let entry = this.entries.get(path);
    if (entry) this.entries.delete(path);
    else entry = { text: this.read(path), size: 0 };
    this.entries.set(path, entry);
    return entry.text;
  }

  private async read(path: string): Promise<SourceText | null> {
    const bytes = await this.tree.read(path, SOURCE_FILE_LIMIT);
    if (!bytes) return null;
    this.account(path, bytes.length);
    const definitions = path.endsWith('.S')
      ? assemblyDefinitions(path, bytes)
      : cDefinitions(path, tokenize(bytes), isHeader(path) ? {} : { templates: this.templates }).definitions;
    const byKey = new Map<string, Definition[]>();
    for (const definition of definitions) {
      const same = byKey.get(definition.key);
      if (same) same.push(definition);
      else byKey.set(definition.key, [definition]);
    }
    return {
      path,
      bytes,
      lines: new LineTable(bytes),
      definitions,
      byKey,
      sites: new Map(),
      uses: new Map(),
      includes: null,
    };
  }

  private account(path: string, size: number): void {
    const entry = this.entries.get(path);
    if (entry) entry.size = size;
    this.keptBytes += size;
    for (const [oldest, { size: freed }] of this.entries) {
      if (this.keptBytes <= KEPT_BYTES) return;
      if (oldest === path || freed === 0) continue;
      this.entries.delete(oldest);
      this.keptBytes -= freed;
    }
  }
}

export function sitesIn(text: SourceText, definition: Definition): readonly CallSite[] {
  let sites = text.sites.get(definition);
  if (!sites) {
    sites = callSites(definition, text.bytes, text.lines);
    text.sites.set(definition, sites);
  }
  return sites;
}

/** How often the functions and macros of the file call or mention a name. */
export function usesIn(text: SourceText, name: string): number {
  if (text.uses.size === 0) {
    for (const definition of text.definitions) {
      for (const site of sitesIn(text, definition)) {
        if (site.how === 'member' || site.name === definition.key) continue;
        text.uses.set(site.name, (text.uses.get(site.name) ?? 0) + 1);
      }
    }
  }
  return text.uses.get(name) ?? 0;
}

/** `#include "…"` of a file, as paths in the tree; the first few. */
export function localIncludes(text: SourceText): readonly string[] {
  text.includes ??= findLocalIncludes(text);
  return text.includes;
}

const INCLUDE_LIMIT = 32;

function findLocalIncludes({ path, bytes }: SourceText): readonly string[] {
  const folder = path.split('/').slice(0, -1);
  const found: string[] = [];
  const tokens = tokenize(bytes);
  for (let token = 0; token < tokens.count && found.length < INCLUDE_LIMIT; token++) {
    if (tokens.kind[token] !== DIRECTIVE || tokens.end[token]! - tokens.start[token]! > 200) continue;
    const name = /^#\s*include\s*"([\w./-]+)"/.exec(tokenText(tokens, token))?.[1];
    if (name === undefined) continue;
    const parts = [...folder];
    for (const part of name.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    }
    found.push(parts.join('/'));
  }
  return found;
}
