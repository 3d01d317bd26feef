/** A file of kind rules that is given by hand. */
import { readFile, stat } from 'node:fs/promises';
import { RuleFileError } from '../errors';
import { LARGEST_RULE_FILE, RULE_FILE } from '../kindRuleBook';
import { openFailure } from './openFailure';

/** @throws RuleFileError when there is no such file, or it is too large */
export async function readRuleFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= LARGEST_RULE_FILE) return await readFile(path, 'utf8');
  } catch (error) {
    throw new RuleFileError(`${path} ${openFailure(error)}; expected a file of rules as ${RULE_FILE}.`);
  }
  const most = `${LARGEST_RULE_FILE / 1024} KB`;
  throw new RuleFileError(`${path} is larger than ${most}; expected a file of rules as ${RULE_FILE}.`);
}
