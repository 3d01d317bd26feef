/** What is said of links in a kernel tree that lead out of it. */
import type { LinkOut } from '../source/treeAccess';
import { counted } from './wording';

/**
 * `drivers/vendor leads out of the kernel tree, to /src/vendor, and is not followed …`, with what to do; empty for no
 * links.
 */
export function linksOutText([first, ...others]: readonly LinkOut[]): string {
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : `, nor are ${counted(others.length, 'other link')}`;
  return (
    `${first.path} leads out of the kernel tree, to ${first.target}, and is not followed${more}. ` +
    'Choose the tree that has the files themselves, or put them in the place of the link (mount --bind does).'
  );
}
