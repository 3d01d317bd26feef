import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * 1-based line of the last of `patterns` in a file of the kernel tree, each looked for after the line of the one
 * before: a definition first, then a call in it. So a test says what it expects in the words of the source, and
 * holds for any release of the tree.
 */
export function kernelLine(kernelTree, file, ...patterns) {
  const lines = readFileSync(path.join(kernelTree, file), 'utf8').split('\n');
  let line = -1;
  for (const pattern of patterns) {
    line = lines.findIndex((text, index) => index > line && pattern.test(text));
    if (line < 0) throw new Error(`${file} has no line like ${pattern}`);
  }
  return line + 1;
}
