/** How sure a source location is. Order: surest first. */
export type Certainty =
  /** Debug info, or another proof: this line. */
  | 'exact'
  /** The only place in the function that calls the next-inner frame. */
  | 'one-call-site'
  /**
   * The first of several candidates, see {@link SourceLocation.candidates}; or the only one, which leads to the
   * next-inner frame by a jump at the end of what it calls, or through a pointer that nothing ties to it: the
   * note says so.
   */
  | 'one-of-several'
  /** The function is known, the line within it is not; `line` is the function's own. */
  | 'function-only'
  | 'unknown';

/** A frame as the source room sees it. The capture room's frames are mapped to it by the engine. */
export interface StackFrame {
  /** Function name as the capture prints it, suffixes such as `.isra.0` included. */
  readonly function: string;
  /** Offset into the function in bytes, or null. */
  readonly offset: number | null;
  readonly module: string | null;
}

/**
 * Where a file is that debug info names and the kernel tree does not have: `mapped`, an absolute path of this machine
 * to which a person's map of paths leads; `build`, as the machine that built the kernel had it, which says nothing of
 * this one; `no-tree`, the same where no tree is there that could have it.
 */
export type OutsideTree = 'mapped' | 'build' | 'no-tree';

/** A line of a source file. */
export interface SourceLine {
  /** Relative to the kernel tree, `/` separated, unless {@link outside} says otherwise. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** Absent for a file of the kernel tree. */
  readonly outside?: OutsideTree;
}

export interface InlinedFrame extends SourceLine {
  readonly function: string;
  /** Other lines of it, or other functions in its place, that lead there as well, best first; absent for none. */
  readonly others?: readonly InlinedFrame[];
}

export interface SourceLocation {
  /** As in {@link SourceLine}; null when unknown. */
  readonly file: string | null;
  /** 1-based; null when unknown. */
  readonly line: number | null;
  readonly outside?: OutsideTree;
  readonly certainty: Certainty;
  /**
   * What was found may be of another build than the kernel that ran, or another function of its name: {@link note} says
   * why.
   */
  readonly isDoubtful?: true;
  /**
   * Static inline functions between this frame and the next-inner one, innermost first; none from where several ways
   * part.
   */
  readonly inlined: readonly InlinedFrame[];
  /** Further places, best first, when {@link certainty} is `one-of-several` or the definition is ambiguous. */
  readonly candidates: readonly InlinedFrame[];
  /** Why nothing better is known, for people; empty when exact. */
  readonly note: string;
}
