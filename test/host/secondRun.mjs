// What failed in a run of a suite, for a second one: all is good there when those tests do not fail again. One that fails in
// the second alone was good in the first.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { logFolder } from './paths.mjs';

const fileOf = (suite) => path.join(logFolder, `${suite}-failed.json`);

/** The tests that failed in the last run, as {@link keepFailed} was given them, for a second one; null for a first. */
export function takeFailed(suite, isAgain) {
  const file = fileOf(suite);
  const failed = isAgain && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  rmSync(file, { force: true });
  return failed;
}

/** @param failed tests, each with its whole `name` */
export function keepFailed(suite, failed) {
  mkdirSync(logFolder, { recursive: true });
  writeFileSync(fileOf(suite), JSON.stringify(failed));
}

/** @param passed names of the tests that are good now */
export function isGoodNow(failedBefore, passed) {
  return failedBefore !== null && failedBefore.every(({ name }) => passed.has(name));
}
