/** Where the entry points of assembly begin and end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemblyDefinitions } from '../../../src/source/assembly';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** By entry point, the instructions in its range. */
function bodies(text: string): Record<string, string> {
  const entries = assemblyDefinitions('entry.S', bytesOf(text)).map(({ key, bodyFrom, bodyTo }) => {
    const lines = text.slice(bodyFrom, bodyTo).split('\n');
    return [key, lines.flatMap((line) => (line.startsWith('\t') ? [line.trim()] : [])).join(' ')] as const;
  });
  return Object.fromEntries(entries);
}

test('a label ends at the next one, and the function around them at its own end', () => {
  const text = `SYM_CODE_START(entry)
	one
SYM_INNER_LABEL(after_entry, SYM_L_GLOBAL)
	two
plain:
	three
SYM_CODE_END(entry)
	four
`;
  assert.deepEqual(bodies(text), { entry: 'one two three', after_entry: 'two', plain: 'three' });
});

test('in code that has labels alone each ends at the next, and names of one place are of the same code', () => {
  const text = 'first:\n\tone\nsecond:\nalso_second:\n\ttwo\nthird:\n\tthree\n';
  assert.deepEqual(bodies(text), { first: 'one', second: 'two', also_second: 'two', third: 'three' });
});

test('a function without an end ends at the next function', () => {
  assert.deepEqual(bodies('ENTRY(one)\n\tone\nin_one:\n\ttwo\nENTRY(two)\n\tthree\n'), {
    one: 'one two',
    in_one: 'two',
    two: 'three',
  });
});

test('what is read of labels grows with the file, not with its square', () => {
  for (const line of ['l:\n\tjmp f\n', 'l:\n', 'SYM_INNER_LABEL(l, x)\n\tjmp f\n']) {
    const bytes = bytesOf(`ENTRY(all)\n${line.repeat(5000)}${'\tjmp f\n'.repeat(5000)}`);
    const read = assemblyDefinitions('labels.S', bytes).reduce(
      (sum, { bodyFrom, bodyTo }) => sum + bodyTo - bodyFrom,
      0,
    );
    assert.ok(read < 20 * bytes.length, `${read} of ${bytes.length} bytes`);
  }
});
