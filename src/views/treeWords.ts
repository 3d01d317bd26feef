/** Enumerations of the open kernel tree, read from its headers; those of Linux 6.1 as long as there is none. */
import * as vscode from 'vscode';
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
  private readonly known = new Map<string, Promise<KernelWords>>();

  constructor(private readonly kernelTree: KernelTreeChoice) {}

  async words(): Promise<KernelWords> {
    const tree = await this.kernelTree.tree();
    if (tree === null) return BUILT_IN;
    const { root, version } = tree;
    const words = this.known.get(root) ?? readWords(root, version);
    this.known.set(root, words);
    return words;
  }
}

async function readWords(root: string, version: string | null): Promise<KernelWords> {
  const [pageFlags, zones, modes, settings] = await Promise.all(
    ['include/linux/page-flags.h', 'include/linux/mmzone.h', 'include/linux/migrate_mode.h', '.config'].map(
      (file) => readText(root, file),
    ),
  );
  const config: KernelConfig = settings === undefined || settings === '' ? null : configOptions(settings);
  const read = (header: string | undefined, name: string) => enumValues(header ?? '', name, config);
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

/** Empty when it cannot be read. */
async function readText(root: string, file: string): Promise<string> {
  try {
    const uri = await uriInTree(root, { function: '', file, line: 1 });
    if (uri === null || (await vscode.workspace.fs.stat(uri)).size > LARGEST_FILE) return '';
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return '';
  }
}
