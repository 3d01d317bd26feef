/** Links of commands, as VS Code takes them out of Markdown and decodes them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { commandLink } from '../../../src/views/commandLink';

const GIVEN = [{ file: "fs/a (copy)/it's 100%.c", first: 3 }, 'file:///a%20b'];

test('nothing in a link ends it before its end', () => {
  assert.match(commandLink('pageHolders.showHeldThrough', GIVEN), /^command:pageHolders\.\w+\?[^\s()'"<>]+$/);
});

test('what a command is given is what the link was made of, decoded once or twice', () => {
  const [, query = ''] = commandLink('x', GIVEN).split('?');
  const once = decodeURIComponent(query);
  assert.deepEqual(JSON.parse(once), GIVEN);
  assert.deepEqual(JSON.parse(decodeURIComponent(once)), GIVEN);
});
