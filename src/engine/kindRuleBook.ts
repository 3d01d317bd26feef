/** The rules of a person that are in use: those of the settings or the command line, then those of the kernel tree. */
import type { KindRule } from '../holders/kindRule';
import { parseUserRules, ruleProblemText, type RuleOrigin, type UserRules } from '../holders/userRules';
import type { KernelSource } from './kernelSource';
import { baseName } from './distinctNames';
import type { RuleFacts } from './protocol';

/** The file at the root of a kernel tree. */
export const RULE_FILE = '.page-holders.json';

const SETTING: RuleOrigin = {
  source: 'the setting pageHolders.kindRules',
  place: 'pageHolders.kindRules',
  shape: 'list',
};

/** Thousands of rules; more is no rule file. */
export const LARGEST_RULE_FILE = 1024 * 1024;

interface Source {
  /** What the rules were read from, to tell whether they changed. */
  readonly text: string;
  readonly name: string;
  readonly content: UserRules;
}

const NOTHING: Source = { text: '', name: '', content: { rules: [], problems: [] } };

export class KindRuleBook {
  private given = NOTHING;
  private ofTree = NOTHING;
  private inUse: readonly KindRule[] = [];
  private isTreeWithheld = false;

  /** Those given by hand win over those of the tree: they come first. */
  get all(): readonly KindRule[] {
    return this.inUse;
  }

  get facts(): RuleFacts {
    const both = [this.given, this.ofTree];
    return {
      sources: both.flatMap(({ name, content }) =>
        content.rules.length > 0 ? [[name, content.rules.length] as const] : [],
      ),
      problems: both.flatMap(({ content }) => content.problems.map(ruleProblemText)),
      isTreeWithheld: this.isTreeWithheld,
    };
  }

  /**
   * @param text JSON of a list of rules
   * @returns whether the rules are others than before
   */
  useSetting(text: string): boolean {
    return this.give(sourceOf(text, SETTING));
  }

  /** As {@link useSetting}, with the content of a file. */
  useFile(path: string, text: string): boolean {
    return this.give(sourceOf(text, { source: baseName(path), place: path, shape: 'file' }));
  }

  /** Says of a tree that is not trusted whether it has rules, and reads none; answers as {@link useSetting}. */
  async withholdTree(tree: KernelSource): Promise<boolean> {
    const isThere = await tree.hasRootFile(RULE_FILE);
    const isNew = this.forgetTree();
    this.isTreeWithheld = isThere;
    return isNew;
  }

  /** Reads the tree's own rules; answers as {@link useSetting}. */
  async readTree(tree: KernelSource): Promise<boolean> {
    const file = await tree.rootFile(RULE_FILE, LARGEST_RULE_FILE);
    const place = `${tree.facts.root.replace(/[/\\]+$/, '')}/${RULE_FILE}`;
    if (file === null) return this.forgetTree();
    if (typeof file === 'string') {
      const problems = [{ place, line: null, path: '', message: file }];
      return this.takeTree({ text: file, name: RULE_FILE, content: { rules: [], problems } });
    }
    const text = new TextDecoder().decode(file);
    return this.takeTree(sourceOf(text, { source: RULE_FILE, place, shape: 'file' }));
  }

  forgetTree(): boolean {
    return this.takeTree(NOTHING);
  }

  private give(source: Source): boolean {
    const before = this.given;
    this.given = source;
    return this.isNew(before, source);
  }

  private takeTree(source: Source): boolean {
    const before = this.ofTree;
    this.ofTree = source;
    this.isTreeWithheld = false;
    return this.isNew(before, source);
  }

  /** The list is another one only when the rules are: whoever judged by it can tell. */
  private isNew(before: Source, source: Source): boolean {
    if (before.text === source.text) return false;
    this.inUse = [...this.given.content.rules, ...this.ofTree.content.rules];
    return true;
  }
}

function sourceOf(text: string, origin: RuleOrigin): Source {
  return { text, name: origin.source, content: parseUserRules(text, origin) };
}
