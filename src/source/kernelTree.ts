import { textOf } from './tokens';
import type { KernelTree } from './treeAccess';

type KernelTreeFacts =
  | {
      readonly isKernelTree: true;
      /** `6.1.192`, with the EXTRAVERSION of the Makefile. */
      readonly version: string;
    }
  | {
      readonly isKernelTree: false;
      /** What is missing, for people. */
      readonly message: string;
    };

/** Every kernel since 2.6 has these at its root. */
const EXPECTED_FOLDERS = ['arch', 'fs', 'include', 'kernel', 'mm'];
const LINKS_TO_TREES = new Set([...EXPECTED_FOLDERS, 'Makefile', 'Kconfig', 'source']);

/** The Makefile of 6.1 has 70 kB. */
const MAKEFILE_LIMIT = 1024 * 1024;

/** Says whether the folder is the root of a kernel source tree, and of which version. */
export async function describeKernelTree(tree: KernelTree): Promise<KernelTreeFacts> {
  const entries = await tree.list('');
  const folders = new Set(entries.filter((entry) => entry.kind === 'folder').map((entry) => entry.name));
  const files = new Set(entries.filter((entry) => entry.kind === 'file').map((entry) => entry.name));
  const missing = [
    ...['Makefile', 'Kconfig'].filter((name) => !files.has(name)),
    ...EXPECTED_FOLDERS.filter((name) => !folders.has(name)).map((name) => `${name}/`),
  ];
  if (missing.length > 0) return noTree(tree, `it has no ${missing.join(', ')}`);

  const makefile = await tree.read('Makefile', MAKEFILE_LIMIT);
  const version = makefile && makefileVersion(textOf(makefile, 0, Math.min(makefile.length, 4096)));
  if (version === null) return noTree(tree, 'its Makefile names no VERSION and PATCHLEVEL');
  const linux = await tree.list('include/linux');
  if (linux.length === 0) return noTree(tree, 'there is nothing in its include/linux/');
  return { isKernelTree: true, version };
}

function noTree(tree: KernelTree, reason: string): KernelTreeFacts {
  const message =
    `${tree.name} is not a kernel source tree: ${reason}. ` +
    `Choose the folder that holds Makefile, Kconfig, mm/ and include/linux/${linkText(tree)}.`;
  return { isKernelTree: false, message };
}

/** A folder of a build has a link to its source; a farm of links has nothing else. */
function linkText(tree: KernelTree): string {
  const [link] = (tree.linksOut?.() ?? []).filter(({ path }) => LINKS_TO_TREES.has(path));
  return link === undefined ? '' : `; ${link.path} is a link that leads out of this one, to ${link.target}`;
}

function makefileVersion(text: string): string | null {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}[ \\t]*=[ \\t]*(\\S*)`, 'm').exec(text)?.[1];
  const version = value('VERSION');
  const patchLevel = value('PATCHLEVEL');
  if (version === undefined || patchLevel === undefined || !/^\d+$/.test(version + patchLevel)) return null;
  const subLevel = value('SUBLEVEL') ?? '';
  return `${version}.${patchLevel}${subLevel === '' ? '' : `.${subLevel}`}${value('EXTRAVERSION') ?? ''}`;
}
