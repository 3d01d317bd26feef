import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { repository } from './paths.mjs';

/**
 * Prints the tests of a run as mocha's JSON reporter writes it, then `suite: N passed, N failed`. Returns whether
 * the run is good: something passed and nothing failed.
 */
export function printResults(suite, { passes, failures, pending }) {
  for (const test of passes) console.log(`  ✔ ${test.fullTitle} (${test.duration} ms)`);
  for (const test of pending) console.log(`  - ${test.fullTitle}`);
  for (const test of failures) {
    console.log(`  ✖ ${test.fullTitle}`);
    console.log(toSourceLines(test.err.stack ?? test.err.message ?? '').replace(/^/gm, '      '));
  }
  return closeSuite(suite, passes.length, failures.length, pending.length);
}

/** Prints the closing line of a suite. */
export function closeSuite(suite, passed, failed, skipped) {
  const end = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`${suite}: ${passed} passed, ${failed} failed${end}`);
  return passed > 0 && failed === 0;
}

const sourceMaps = new Map();

function sourceMapOf(file) {
  if (!sourceMaps.has(file)) {
    const map = `${file}.map`;
    sourceMaps.set(file, existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, 'utf8'))) : null);
  }
  return sourceMaps.get(file);
}

/**
 * Puts the lines of the .ts files into a stack of bundled code. VS Code replaces Error.prepareStackTrace, so Node
 * cannot do it in the extension host.
 */
function toSourceLines(stack) {
  return stack.replace(/\(?(\/[^():\n]*\.js):(\d+):(\d+)\)?/g, (place, file, line, column) => {
    const entry = sourceMapOf(file)?.findEntry(line - 1, column - 1);
    if (!entry?.originalSource) return place;
    const source = path.resolve(path.dirname(file), entry.originalSource);
    return `(${path.relative(repository, source)}:${entry.originalLine + 1}:${entry.originalColumn + 1})`;
  });
}
