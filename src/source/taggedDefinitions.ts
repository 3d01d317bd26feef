/**
 * Definitions to which a tags file or cscope leads, for functions that an index of the tree has not: it is not made yet,
 * or leaves out where they are. Such a file is as old as it is and knows nothing of the configuration: each tag is held
 * against the file as it is now, and nothing that is found through it is as sure as what the index says.
 */
import { archFolder } from './architecture';
import type { Definition } from './definition';
import type { SourceLocation } from './location';
import type { SourceText, SourceTexts } from './sourceText';
import type { SourceName } from './symbolName';
import type { Tag, TreeTags } from './treeTags';

/** Files of one name that are looked into. */
const FILE_LIMIT = 16;

export class TaggedDefinitions {
  private readonly all = new WeakSet<Definition>();
  private readonly lineOnly = new WeakSet<Definition>();

  /** @param architecture folder below arch/ of the capture; null when nothing says it */
  constructor(
    private readonly tags: TreeTags,
    private readonly architecture: string | null,
  ) {}

  async find(name: SourceName, texts: SourceTexts): Promise<readonly Definition[]> {
    const found = new Set<Definition>();
    const files = new Set<string>();
    for (const key of name.keys) {
      for (const tag of await this.tags.find(tagName(key))) {
        if (files.size >= FILE_LIMIT || !this.mayBeIn(tag.file)) continue;
        files.add(tag.file);
        const text = await texts.load(tag.file);
        if (text === null) continue;
        const parsed = name.keys.flatMap((each) => text.byKey.get(each) ?? []);
        for (const each of parsed) found.add(each);
        if (parsed.length > 0) continue;
        const standing = standingAt(tag, key, text);
        if (standing === null) continue;
        this.lineOnly.add(standing);
        found.add(standing);
      }
    }
    // A definition that was read is surer than a line where a macro may make one.
    const all = [...found];
    const read = all.filter((each) => !this.lineOnly.has(each));
    const kept = read.length > 0 ? read : all;
    for (const each of kept) this.all.add(each);
    return kept;
  }

  /** Whether a tag led to it. */
  has(definition: Definition): boolean {
    return this.all.has(definition);
  }

  /** Whether the tag's line is there, and nothing that the source room knows as a definition. */
  isLineOnly(definition: Definition): boolean {
    return this.lineOnly.has(definition);
  }

  /** As sure as the tags allow: a function of that name may be elsewhere as well, and calls through headers are not known. */
  doubted(location: SourceLocation): SourceLocation {
    return {
      ...location,
      certainty: location.certainty === 'one-call-site' ? 'one-of-several' : location.certainty,
      note: `Found by the ${this.tags.name} file of the tree. ${location.note}`.trim(),
    };
  }

  private mayBeIn(file: string): boolean {
    const of = archFolder(file);
    return of === undefined || this.architecture === null || of === this.architecture;
  }
}

/** What `make tags` calls what a macro generates (scripts/tags.sh, regex_c). */
function tagName(key: string): string {
  const [, prefix, name = ''] = /^(\w+):(.*)$/.exec(key) ?? [];
  if (prefix === undefined) return key;
  if (prefix === 'syscall') return name.replace(/^(compat_)?/, '$1sys_');
  return prefix === 'event' || prefix === 'class' ? `trace_${name}` : name;
}

/** The line of a tag, if it is in the file as it is now. */
function standingAt({ line, text }: Tag, key: string, { path, bytes }: SourceText): Definition | null {
  const lines = new TextDecoder('latin1').decode(bytes).split('\n');
  const numbered = line === null ? undefined : lines[line - 1];
  if (text === null) {
    const name = key.slice(key.indexOf(':') + 1);
    return numbered?.includes(name) === true ? lineDefinition(key, path, line!) : null;
  }
  if (text === '') return null;
  if (numbered?.startsWith(text) === true) return lineDefinition(key, path, line!);
  const index = lines.findIndex((each) => each.startsWith(text));
  return index < 0 ? null : lineDefinition(key, path, index + 1);
}

function lineDefinition(key: string, file: string, line: number): Definition {
  return {
    ...{ key, kind: 'function', file, line, bodyFrom: 0, bodyTo: 0 },
    ...{ isStatic: false, isInline: false, isNoinline: false, isWeak: false },
    ...{ parameters: [], eventClass: null },
  };
}
