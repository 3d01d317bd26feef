import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { KIND_LABEL } from '../../../src/holders/kindLabel';
import type { Reference } from '../../../src/holders/model';
import { parseUserRules, ruleProblemText, type RuleOrigin } from '../../../src/holders/userRules';
import { captureOf, type EventText } from '../support/traceText';

const FILE: RuleOrigin = {
  source: '.page-holders.json',
  place: 'linux/.page-holders.json',
  shape: 'file',
};
const SETTING: RuleOrigin = {
  source: 'the setting pageHolders.kindRules',
  place: 'pageHolders.kindRules',
  shape: 'list',
};

const ACME = {
  label: 'acme buffer',
  kind: 'gup-pin',
  acquiredIn: ['acme_pin_buffer'],
  releasedIn: ['acme_unpin_buffer'],
  holder: 'frame ring',
  expectedLongTerm: true,
};

function fileOf(...rules: readonly unknown[]): string {
  return JSON.stringify({ rules }, null, 2);
}

function problemsOf(text: string, origin = FILE): string[] {
  return parseUserRules(text, origin).problems.map(ruleProblemText);
}

test('a rule says what it needs to, and nothing else has to be said', () => {
  const { rules, problems } = parseUserRules(
    `{ // a comment, and a comma too many
      "rules": [ { "label": "foo", "acquiredIn": ["foo_pin.isra.0"], } ] }`,
    FILE,
  );
  assert.deepEqual(problems, []);
  assert.equal(rules.length, 1);
  const [rule] = rules;
  assert.deepEqual([rule?.kind, rule?.label, rule?.expectedLongTerm], ['driver', 'foo', false]);
  assert.deepEqual([rule?.acquire, rule?.release], [{ strong: ['foo_pin'] }, {}]);
  assert.deepEqual(rule?.user, { source: '.page-holders.json', holder: null });
});

test('mistakes are told with the place, what was expected and what to do; the other rules count', () => {
  const text = fileOf(
    { ...ACME, strength: 'stong' },
    { label: 'foo', aquiredIn: ['foo_get'] },
    { ...ACME, acquiredIn: ['acme_pin_buffer+0x12/0x40 [acme]'] },
    { acquiredIn: ['bar_get'] },
    { label: 'nothing' },
    { ...ACME, kind: 'unknown', expectedLongTerm: 'yes' },
    'acme_pin_buffer',
    ACME,
  );
  const { rules, problems } = parseUserRules(text, FILE);
  assert.deepEqual(
    rules.map((rule) => rule.label),
    ['acme buffer'],
  );
  const lineAfter = (part: string, from = 0): number =>
    text.slice(0, text.indexOf(part, from)).split('\n').length;
  assert.deepEqual(problems.map(ruleProblemText), [
    `linux/.page-holders.json line ${lineAfter('"stong"')}: rules[0].strength: is "stong"; expected one of strong, direct, weak`,
    `linux/.page-holders.json line ${lineAfter('aquiredIn')}: rules[1].aquiredIn: unknown key; expected one of label, kind, ` +
      'acquiredIn, releasedIn, strength, holder, expectedLongTerm: mend or remove it',
    `linux/.page-holders.json line ${lineAfter('+0x12')}: rules[2].acquiredIn[0]: is "acme_pin_buffer+0x12/0x40 [acme]"; ` +
      'expected the name of a function alone, without offset, module or brackets',
    `linux/.page-holders.json line ${lineAfter('"bar_get"') - 2}: rules[3]: has no label; add "label", the name by which rows ` +
      'speak of the rule',
    `linux/.page-holders.json line ${lineAfter('"nothing"') - 1}: rules[4]: names no function; add "acquiredIn" or "releasedIn" ` +
      'with the functions that get or put the page',
    `linux/.page-holders.json line ${lineAfter('"unknown"')}: rules[5].kind: is "unknown"; expected one of ` +
      Object.keys(KIND_LABEL)
        .filter((kind) => kind !== 'unknown')
        .join(', '),
    `linux/.page-holders.json line ${lineAfter('"yes"')}: rules[5].expectedLongTerm: is "yes"; expected true or false`,
    `linux/.page-holders.json line ${text.split('\n').findIndex((line) => line.trim() === '"acme_pin_buffer",') + 1}: ` +
      'rules[6]: is "acme_pin_buffer"; expected a rule: { "label": …, "acquiredIn": [ … ] }',
  ]);
});

test('a file that is no list of rules says what it should be', () => {
  assert.deepEqual(problemsOf('{\n"rules": [\n'), [
    'linux/.page-holders.json line 3: is no JSON from here on: close bracket expected; mend it there, no rule of it is used',
  ]);
  assert.deepEqual(problemsOf(''), [
    'linux/.page-holders.json line 1: is no JSON from here on: value expected; mend it there, no rule of it is used',
  ]);
  assert.deepEqual(problemsOf('[]'), [
    'linux/.page-holders.json line 1: is a list; expected { "rules": [ … ] }',
  ]);
  assert.deepEqual(problemsOf('{}'), [
    'linux/.page-holders.json line 1: has no rules; expected { "rules": [ … ] }',
  ]);
  assert.deepEqual(problemsOf('{"rules": {}}'), [
    'linux/.page-holders.json line 1: rules: is an object; expected a list of rules: [ { "label": … } ]',
  ]);
  assert.equal(problemsOf('['.repeat(500_000)).length, 1);
  assert.deepEqual(problemsOf('[{ "label": 5, "releasedIn": ["a"] }]', SETTING), [
    'pageHolders.kindRules[0].label: is 5; expected a text',
  ]);
});

test('damaged rule files never throw', () => {
  const text = fileOf(ACME, { label: 'foo', releasedIn: ['foo_put'] });
  for (let at = 0; at < text.length; at++) {
    parseUserRules(text.slice(0, at), FILE);
    parseUserRules(`${text.slice(0, at)}}${text.slice(at + 1)}`, FILE);
    parseUserRules(`${text.slice(0, at)}"${text.slice(at)}`, FILE);
  }
});

test('the schema allows what the reader takes', () => {
  interface RuleSchema {
    readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
  }
  const schema = JSON.parse(readFileSync('media/page-holders.schema.json', 'utf8')) as {
    definitions: { rule: RuleSchema };
  };
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    contributes: { configuration: { properties: Record<string, { items: RuleSchema }> } };
  };
  const setting = manifest.contributes.configuration.properties['pageHolders.kindRules']!.items;
  for (const { properties } of [schema.definitions.rule, setting]) {
    const unknownKey = problemsOf(fileOf({ nothing: 1 }))[0]!;
    for (const name of Object.keys(properties)) assert.ok(unknownKey.includes(name), name);
    assert.equal(Object.keys(properties).length, 7);
    for (const kind of properties['kind']!.enum!)
      assert.deepEqual(problemsOf(fileOf({ ...ACME, kind })), [], kind);
    assert.equal(properties['kind']!.enum!.length, Object.keys(KIND_LABEL).length - 1);
    for (const strength of properties['strength']!.enum!) {
      assert.deepEqual(problemsOf(fileOf({ ...ACME, strength })), [], strength);
    }
  }
});

const PAGE = 'pfn=0x100 flags=uptodate|lru|swapbacked';
const TAIL = 'mapcount=1 mapping=00000000deadbeef mt=4';
const SCAN = ['isolate_migratepages_block', '__alloc_contig_migrate_range', 'cma_alloc'];

function changed(task: string, stack: readonly string[], count: number, val: number): EventText {
  const [name, ret] = val < 0 ? ['page_ref_mod_and_test', ' ret=0'] : ['page_ref_mod', ''];
  return { task, text: `${name}: ${PAGE} count=${count} ${TAIL} val=${val}${ret}`, stack };
}

/** Two pins of one page, by a driver out of the tree and by process_vm_readv; the driver's is dropped first. */
const TWO_PINS: readonly EventText[] = [
  changed('owner-2', ['do_anonymous_page', '__handle_mm_fault', 'handle_mm_fault'], 1, 1),
  changed(
    'camera-3',
    ['try_grab_page', 'pin_user_pages', 'acme_pin_buffer [acme]', 'acme_ioctl [acme]'],
    1025,
    1024,
  ),
  changed('reader-4', ['try_grab_page', 'pin_user_pages_remote', 'process_vm_rw_core'], 2049, 1024),
  changed('cma-1', SCAN, 2050, 1),
  changed('cma-1', SCAN, 2049, -1),
  changed('camera-3', ['gup_put_folio', 'unpin_user_page', 'acme_unpin_buffer [acme]'], 1025, -1024),
];

async function heldOf(events: readonly EventText[], text: string | null): Promise<readonly Reference[]> {
  const rules = text === null ? [] : parseUserRules(text, FILE).rules;
  const { pages } = analyseHolders(await captureOf(events), rules);
  assert.equal(pages.length, 1);
  return pages[0]!.references.filter(({ role }) => role === 'held');
}

test('a driver out of the tree is the holder by its name, without any rule', async () => {
  const [driver, reader] = await heldOf(TWO_PINS, null);
  assert.equal(driver?.holder, 'driver acme · acme_pin_buffer · camera-3');
  assert.deepEqual([driver.kind, driver.weight, driver.released?.row], ['driver', 1024, 5]);
  assert.equal(reader?.holder, 'GUP pin · process_vm_rw_core · reader-4');
  assert.equal(reader.released, null);
});

test('a rule of a person wins, names the holder, pairs its put and says that it did', async () => {
  const [driver, reader] = await heldOf(TWO_PINS, fileOf(ACME));
  assert.equal(driver?.holder, 'GUP pin · frame ring [acme] · camera-3');
  assert.deepEqual(driver.userRule, { label: ACME.label, source: '.page-holders.json' });
  assert.equal(driver.expectedLongTerm, true);
  assert.equal(driver.role, 'held');
  assert.equal(driver.released?.row, 5);
  assert.deepEqual(
    [reader?.userRule, reader?.expectedLongTerm, reader?.released],
    [undefined, undefined, null],
  );
});

test('a rule for the put alone names what was taken elsewhere', async () => {
  const [driver] = await heldOf(
    TWO_PINS,
    fileOf({ label: 'unlock', kind: 'gup-pin', releasedIn: ['acme_unpin_buffer'] }),
  );
  assert.deepEqual(driver?.userRule, { label: 'unlock', source: '.page-holders.json' });
});

test('the LRU batch that a pin takes on its way is not what a rule for the pin names', async () => {
  const [first, second, ...rest] = TWO_PINS;
  const batch = ['folio_activate', 'folio_mark_accessed', 'follow_page_pte', 'acme_pin_buffer [acme]'];
  const events = [first!, second!, changed('camera-3', batch, 1026, 1), ...rest];
  const { pages } = analyseHolders(await captureOf(events), parseUserRules(fileOf(ACME), FILE).rules);
  const named = pages[0]!.references.map(({ kind, weight, userRule }) => [
    kind,
    weight,
    userRule !== undefined,
  ]);
  assert.ok(named.some(([kind, , byRule]) => kind === 'lru-batch' && byRule === false));
  assert.equal(named.filter(([, , byRule]) => byRule).length, 1);
});

test('a rule wins over a built-in one of any strength', async () => {
  const [, reader] = await heldOf(
    TWO_PINS,
    fileOf({ label: 'ours', kind: 'direct-io', acquiredIn: ['process_vm_rw_core'], strength: 'weak' }),
  );
  assert.deepEqual([reader?.kind, reader?.userRule?.label], ['direct-io', 'ours']);
});
