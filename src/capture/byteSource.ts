/**
 * Where the bytes of a capture come from. The only file access the readers know, so that the same code
 * runs over a Node file handle, over `vscode.workspace.fs`, and in a browser worker.
 */
export interface ByteSource {
  /** What people call it: a path or URI, used in messages only. */
  readonly name: string;
  /** Size in bytes when the source was opened; a file that grows later is read up to here. */
  readonly size: number;
  /**
   * Reads up to `length` bytes at `offset` (both in bytes). A shorter result means that the source ends
   * there, an empty one that it ended before.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Like {@link read}, into the whole of `target`, and says how many bytes there were. Optional: a source that
   * has it lets a reader use the same memory again, and fresh memory costs as much as reading into it.
   */
  readInto?(offset: number, target: Uint8Array): Promise<number>;
  /** Why it ended before its size, where whoever opened it says so to people; a reader then says nothing of that. */
  readonly failure?: object | null;
}
