/** What the version of a source tree and the release of a kernel say of each other. */

interface Version {
  /** `6.1` */
  readonly base: string;
  readonly sublevel: number | null;
  readonly candidate: number | null;
  /** What stands behind; of a release, what the build or the distribution added. */
  readonly rest: string;
}

const VERSION = /^(\d+\.\d+)(?:\.(\d+))?(?:-rc(\d+))?(.*)$/;

/**
 * Whether a kernel is surely not of the source in a tree. Many distributions keep 0 as sublevel and count something of
 * their own behind it (6.1.0-43-amd64, 5.15.0-91-generic): theirs is not known.
 *
 * @param release as `uname -r` says it
 * @param version of the tree's Makefile, EXTRAVERSION included
 */
export function isOtherVersion(release: string, version: string): boolean {
  const [kernel, tree] = [parsed(release), parsed(version)];
  if (kernel === null || tree === null) return false;
  if (kernel.base !== tree.base) return true;
  if (kernel.sublevel === null || tree.sublevel === null) return false;
  if (kernel.candidate === null && kernel.sublevel === 0 && !isPlain(kernel.rest)) return false;
  return kernel.sublevel !== tree.sublevel || kernel.candidate !== tree.candidate;
}

/** `+`: a commit behind the one of the version (scripts/setlocalversion). */
function isPlain(rest: string): boolean {
  return rest === '' || rest === '+';
}

/** A release is the version of the source and what the build adds: 6.1.192-rt, 6.1.192+. */
export function isOfVersion(release: string | null, version: string | null): boolean {
  if (release === null || version === null || !release.startsWith(version)) return false;
  return !/^[\d.]/.test(release.slice(version.length));
}

function parsed(text: string): Version | null {
  const [, base, sublevel, candidate, rest = ''] = VERSION.exec(text) ?? [];
  if (base === undefined) return null;
  const number = (digits: string | undefined): number | null =>
    digits === undefined ? null : Number(digits);
  return { base, sublevel: number(sublevel), candidate: number(candidate), rest };
}
