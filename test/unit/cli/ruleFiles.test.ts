/** Rules of a person through the command line: --rules, and .page-holders.json of the tree. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Report } from '../../../src/engine/report';
import { runCli, scratch, unbroken } from './support/runCli';
import { smallTree } from './support/smallTree';

const SAMPLE = 'media/sample/trace.txt';

const PVM = {
  label: 'debugger',
  kind: 'gup-pin',
  acquiredIn: ['process_vm_rw_core'],
  holder: 'our debugger',
  expectedLongTerm: true,
};

function rulesFile(folder: string, name: string, content: string): string {
  const place = path.join(scratch, folder);
  mkdirSync(place, { recursive: true });
  const file = path.join(place, name);
  writeFileSync(file, content);
  return file;
}

function treeWith(folder: string, rules: string): string {
  rulesFile(folder, '.page-holders.json', rules);
  return smallTree(folder);
}

const HELD = / +GUP pin · our debugger · pvm-reader-226 · released [\d.]+ ms after \((held [^)]*)\)/;

test('--rules names holders, in text and in JSON', async () => {
  const file = rulesFile('given', 'rules.json', JSON.stringify({ rules: [PVM] }));
  const { status, output, errors } = await runCli(['report', SAMPLE, '--rules', file]);
  assert.equal(errors, '');
  assert.equal(status, 0);
  const text = unbroken(output);
  assert.match(text, HELD);
  const numbers = HELD.exec(text)?.[1] ?? '';
  assert.ok(numbers.endsWith("expected long-term · by rule 'debugger' of rules.json"), numbers);
  const json = await runCli(['report', SAMPLE, '--rules', file, '--format', 'json']);
  const { pages } = JSON.parse(json.output) as Report;
  const named = pages[0]?.references.filter(({ rule }) => rule !== null) ?? [];
  assert.deepEqual(
    named.map(({ kind, role, rule, expectedLongTerm }) => ({ kind, role, rule, expectedLongTerm })),
    [
      {
        kind: 'gup-pin',
        role: 'held',
        rule: { label: 'debugger', source: 'rules.json' },
        expectedLongTerm: true,
      },
    ],
  );
});

test('a kernel tree brings its rules; those given win', async () => {
  const root = treeWith('linux', JSON.stringify({ rules: [{ ...PVM, label: 'of the tree' }] }));
  const byTree = await runCli(['report', SAMPLE, '--tree', root]);
  assert.equal(byTree.errors, '');
  assert.match(unbroken(byTree.output), /by rule 'of the tree' of \.page-holders\.json/);
  const given = rulesFile('given', 'mine.json', JSON.stringify({ rules: [PVM] }));
  const both = await runCli(['report', SAMPLE, '--tree', root, '--rules', given]);
  assert.match(unbroken(both.output), /by rule 'debugger' of mine\.json/);
  assert.ok(!both.output.includes('of the tree'));
});

test('mistakes in given rules end the run before anything is printed', async () => {
  const file = rulesFile(
    'given',
    'wrong.json',
    '{\n  "rules": [\n    { "label": 1, "acquiredIn": ["a"] }\n  ]\n}\n',
  );
  const { status, output, errors } = await runCli(['report', SAMPLE, '--rules', file]);
  assert.equal(status, 2);
  assert.equal(output, '');
  assert.equal(errors, `page-holders: --rules ${file} line 3: rules[0].label: is 1; expected a text.\n`);
  const absent = await runCli(['report', SAMPLE, '--rules', path.join(scratch, 'absent.json')]);
  assert.equal(absent.status, 2);
  assert.match(absent.errors, /absent\.json does not exist; expected a file of rules/);
  const folder = await runCli(['report', SAMPLE, '--rules', scratch]);
  assert.equal(folder.status, 2);
  assert.match(folder.errors, /is a folder; expected a file of rules/);
});

test('mistakes in the rules of a tree are told, and the report comes without them', async () => {
  const root = treeWith('linux-wrong', '{ "rules": [{}] }');
  const { status, output, errors } = await runCli(['report', SAMPLE, '--tree', root]);
  assert.equal(status, 0);
  assert.match(
    errors,
    /linux-wrong\/\.page-holders\.json line 1: rules\[0\]: has no label; .*; the rule is left out\.\n/,
  );
  assert.match(output, /pvm-reader-226 · released/);
});
