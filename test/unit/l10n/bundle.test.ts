import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

interface TextWithComment {
  readonly message: string;
  readonly comment: readonly string[];
}

/** Texts by their English, with the comment to translators behind a slash where there is one. */
type Bundle = Readonly<Record<string, string | TextWithComment>>;

const english = bundle('l10n/bundle.l10n.json');

describe('l10n/bundle.l10n.json', () => {
  it('has the texts of the code, all of them and no others', () => {
    const { status, stderr } = spawnSync(process.execPath, ['test/l10n/exportTexts.mjs', '--check'], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });
});

for (const language of ['de']) {
  const file = `l10n/bundle.l10n.${language}.json`;
  describe(file, () => {
    const translated = bundle(file);

    it('has the keys of the English texts', () => {
      assert.deepEqual(Object.keys(translated), Object.keys(english));
    });

    it('has a text for each, as VS Code takes it', () => {
      for (const [key, text] of Object.entries(translated)) assert.ok(typeof text === 'string' && text, key);
    });

    it('has the same placeholders, icons and links', () => {
      for (const [key, text] of Object.entries(english)) {
        assert.deepEqual(placeholders(translated[key] ?? ''), placeholders(text), key);
      }
    });
  });
}

function bundle(file: string): Bundle {
  return JSON.parse(readFileSync(file, 'utf8')) as Bundle;
}

/** `{0}`, `$(lock)`, `](command:…)` in the order of the alphabet: other languages have another order of words. */
function placeholders(text: string | TextWithComment): readonly string[] {
  const message = typeof text === 'string' ? text : text.message;
  return [...message.matchAll(/\{\w+\}|\$\([\w-]+\)|\]\(\S+\)/g)].map(([each]) => each).sort();
}
