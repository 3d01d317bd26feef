import type { ProblemList } from './problemList';

/** Bytes by which a file is told. */
const HEAD = 16;

/**
 * Says where another file of the same kind begins behind the end of a binary capture, as when two were put together:
 * nothing in the first one leads to it, and its events are of another recording.
 */
export async function noteSecondFile(
  file: { readonly read: (offset: number, length: number) => Promise<Uint8Array> },
  end: number,
  isSuch: (head: Uint8Array) => boolean,
  problems: ProblemList,
): Promise<void> {
  if (!isSuch(await file.read(end, HEAD))) return;
  problems.add(
    end,
    null,
    `another recording begins at byte ${end}, behind the end of this one, expected the end of the file; it was not read. ` +
      'Cut the file in two there, and open both',
  );
}
