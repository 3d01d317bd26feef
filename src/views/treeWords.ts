/** Enumerations of the open kernel tree, read from its headers; those of Linux 6.1 as long as there is none. */
import * as vscode from 'vscode';
import type { KernelTreeFacts } from '../engine/protocol';
import type { KernelWords } from './fieldMeanings';
import { configOptions, enumValues, LINUX_6_1, type KernelConfig } from './kernelEnums';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { uriInTree } from './openFrame';

const LARGEST_FILE = 1024 * 1024;

const BUILT_IN: KernelWords = {
  ...LINUX_6_1,
  source: vscode.l10n.t('as of Linux 6.1 with CMA; which kernel was traced is not known'),
};

export class TreeWords {
  /** As of the tree when the engine was told of it last: it may be of another version since, and look the same. */
  private known: { readonly tree: KernelTreeFacts; readonly words: Promise<KernelWords> } | null = null;

  constructor(private readonly kernelTree: Pick<KernelTreeChoice, 'tree'>) {}

  async words(): Promise<KernelWords> {
    const tree = await this.kernelTree.tree();
    if (tree === null) return BUILT_IN;
    if (this.known?.tree === tree) return this.known.words;
    const words = readWords(tree);
    const known = { tree, words: words.then((read) => read ?? BUILT_IN) };
    this.known = known;
    // Whoever asks again may have more luck.
    if ((await words) === null && this.known === known) this.known = null;
    return known.words;
  }
}

/** Null where headers cannot be read. */
async function readWords({ root, version }: KernelTreeFacts): Promise<KernelWords | null> {
  const [pageFlags, zones, modes, settings] = await Promise.all(
    ['include/linux/page-flags.h', 'include/linux/mmzone.h', 'include/linux/migrate_mode.h', '.config'].map(
      (file) => readText(root, file),
    ),
  );
  if (typeof pageFlags !== 'string' || typeof zones !== 'string') return null;
  const config: KernelConfig = settings ? configOptions(settings) : null;
  const read = (header: string | null | undefined, name: string) => enumValues(header ?? '', name, config);
  const words = {
    pageFlags: read(pageFlags, 'pageflags'),
    migratetypes: read(zones, 'migratetype'),
    migrateReasons: read(modes, 'migrate_reason'),
  };
  if ([words.pageFlags, words.migratetypes].some(({ size }) => size === 0)) return BUILT_IN;
  return { ...words, source: sourceText(version, config !== null) };
}

/** To continue "Numbers". */
function sourceText(version: string | null, hasConfig: boolean): string {
  if (version === null) {
    return hasConfig
      ? vscode.l10n.t('of the open kernel tree, and its .config')
      : vscode.l10n.t('of the open kernel tree');
  }
  return hasConfig
    ? vscode.l10n.t('of the open kernel tree, Linux {0}, and its .config', version)
    : vscode.l10n.t('of the open kernel tree, Linux {0}', version);
}

/** Null when it cannot be read. */
async function readText(root: string, file: string): Promise<string | null> {
  try {
    const uri = await uriInTree(root, { function: '', file, line: 1 });
    if (uri === null || (await vscode.workspace.fs.stat(uri)).size > LARGEST_FILE) return null;
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return null;
  }
}
