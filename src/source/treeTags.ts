/** What a file in the root of a kernel tree, that a person or a build made, knows of where functions are defined. */
export interface TreeTags {
  /** Its name in the tree. */
  readonly name: string;
  /** Where its entries of a function lead, in their order; files outside of the tree left out. Never rejects. */
  find(name: string): Promise<readonly Tag[]>;
}

/** Where something is said to be defined: as old as the file that says it, so that it is only where to look. */
export interface Tag {
  /** Path in the tree. */
  readonly file: string;
  /** 1-based; null when there is a text to search only. */
  readonly line: number | null;
  /** How the line begins, or all of it; null when there is a number only. */
  readonly text: string | null;
}

/**
 * The path in the tree of a file that may be absolute, or null for one outside of it.
 *
 * @param roots absolute paths that the tree has or had, without a slash at the end
 */
export function pathInTree(file: string, roots: readonly string[]): string | null {
  for (const root of roots) {
    if (file.startsWith(`${root}/`)) return file.slice(root.length + 1);
  }
  return file === '' || file.startsWith('/') ? null : file.replace(/^(?:\.\/)+/, '');
}

/** Of a name that is not ASCII only the beginning counts: no function of a kernel has one. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
