import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

type Texts = Readonly<Record<string, string>>;

/** Properties of the manifest that people read, wherever they stand. */
const SHOWN = new Set([
  'title',
  'shortTitle',
  'category',
  'contextualTitle',
  'displayName',
  'description',
  'markdownDescription',
  'enumDescriptions',
  'markdownEnumDescriptions',
  'enumItemLabels',
  'deprecationMessage',
  'markdownDeprecationMessage',
  'patternErrorMessage',
  'contents',
  'altText',
  'userDescription',
]);

/** What is said to language models stays English, as what they are answered. */
const FOR_MODELS = new Set(['inputSchema', 'modelDescription']);

const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
const english = texts('package.nls.json');

describe('texts of the manifest', () => {
  it('are keys of package.nls.json', () => {
    assert.deepEqual(
      shownTexts(manifest).filter(([, text]) => keyOf(text) === null),
      [],
    );
  });

  it('have a text for each key, and no key without use', () => {
    const used = new Set(allStrings(manifest).flatMap((text) => keyOf(text) ?? []));
    assert.deepEqual([...used].sort(), Object.keys(english).sort());
  });

  it('call no command that the manifest does not have', () => {
    const { contributes } = manifest as { contributes: { commands: readonly { command: string }[] } };
    const commands = contributes.commands.map(({ command }) => command);
    const called = Object.values(english).flatMap(commandLinks);
    assert.ok(called.length > 5);
    assert.deepEqual(
      called.filter((command) => !commands.includes(command)),
      [],
    );
  });
});

for (const language of ['de']) {
  const file = `package.nls.${language}.json`;
  describe(file, () => {
    const translated = texts(file);

    it('has the keys of the English texts', () => {
      assert.deepEqual(Object.keys(translated), Object.keys(english));
    });

    it('has the same commands, code and numbers of lines', () => {
      for (const [key, text] of Object.entries(english)) {
        const other = translated[key] ?? '';
        assert.deepEqual(commandLinks(other), commandLinks(text), key);
        assert.deepEqual(code(other), code(text), key);
        assert.equal(other.split('\n').length, text.split('\n').length, key);
      }
    });

    it('names commands as it names them elsewhere', () => {
      for (const [key, text] of Object.entries(english)) {
        for (const title of commandTitles(text)) {
          const command = Object.keys(english).find((each) => isTitle(each) && english[each] === title);
          assert.ok(command !== undefined, `${key}: no command is called ${title}`);
          assert.ok(translated[key]!.includes(`*Page Holders: ${translated[command]!}*`), key);
        }
      }
    });
  });
}

function texts(file: string): Texts {
  return JSON.parse(readFileSync(file, 'utf8')) as Texts;
}

function keyOf(text: string): string | null {
  return /^%([\w.-]+)%$/.exec(text)?.[1] ?? null;
}

function isTitle(key: string): boolean {
  return /^command\.\w+\.title$/.test(key);
}

/** Path and text of everything that people read. */
function shownTexts(
  value: unknown,
  path = '',
  name = '',
): readonly (readonly [path: string, text: string])[] {
  if (typeof value === 'string') return isShown(path, name) ? [[path, value]] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]: [string, unknown]) =>
    FOR_MODELS.has(key) ? [] : shownTexts(each, `${path}/${key}`, Array.isArray(value) ? name : key),
  );
}

/** A name is an identifier, but for views. */
function isShown(path: string, name: string): boolean {
  return SHOWN.has(name) || (name === 'name' && path.startsWith('/contributes/views/'));
}

function allStrings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(allStrings) : [];
}

function commandLinks(text: string): readonly string[] {
  return [...text.matchAll(/\(command:([\w.]+)\)/g)].map(([, command]) => command!);
}

/** In the order of the alphabet: other languages have another order of words. */
function code(text: string): readonly string[] {
  return [...text.matchAll(/`[^`]+`/g)].map(([each]) => each).sort();
}

/** `*Page Holders: Choose vmlinux…*` */
function commandTitles(text: string): readonly string[] {
  return [...text.matchAll(/\*Page Holders: ([^*]+)\*/g)].map(([, title]) => title!);
}
