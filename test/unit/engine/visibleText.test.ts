/** Nothing in a text for people is a command to a terminal, a line that nobody wrote, or turned around. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EVENT_COLUMNS } from '../../../src/engine/eventCells';
import { eventLine } from '../../../src/engine/eventLines';
import { csvRecord } from '../../../src/engine/exporting/csvRecord';
import { markdownLines } from '../../../src/engine/exporting/markdownExport';
import { branch } from '../../../src/engine/lazyTree';
import { textLines } from '../../../src/engine/textReport';
import { visibleJson, visibleLine, visibleText, visibleWithColours } from '../../../src/engine/visibleText';
import { escapeMarkdown } from '../../../src/views/markdown';

const EVIL = 'a\x1b[31m\x07\x7f\x9b2J\u202eb\u2066\nForged: line\rover';
const SHOWN = String.raw`a\x1b[31m\x07\x7f\x9b2J\u202eb\u2066\x0aForged: line\x0dover`;

test('control characters and those that turn text around are shown', () => {
  assert.equal(visibleLine(EVIL), SHOWN);
  assert.equal(visibleText(`${EVIL}\n`), `${SHOWN.replace(String.raw`\x0a`, '\n')}\n`);
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join('');
  const kept = Array.from(all).filter((each) => visibleLine(each) === each);
  assert.deepEqual(
    Array.from(all).filter((each) => !kept.includes(each)).length,
    // C0 but tab, DEL and C1, two separators and five directions, four isolates.
    31 + 33 + 7 + 4,
  );
  assert.ok(kept.includes('\t') && kept.includes('ä') && kept.includes('·') && kept.includes('→'));
});

test('what has nothing to show is the same text', () => {
  for (const text of ['', 'kworker/0:1-12\tä · →', String.raw`C:\x1b`]) {
    assert.equal(visibleLine(text), text);
    assert.equal(visibleText(`${text}\r\n${text}\n`), `${text}\r\n${text}\n`);
  }
});

test('of the control sequences of a log colours stay', () => {
  const log = '\x1b[1;31mred\x1b[0m \x1b[38:5:12mblue\x1b[m \x1b[2J\x1b]0;title\x07 \x1b\n';
  assert.equal(
    visibleWithColours(log),
    `\x1b[1;31mred\x1b[0m \x1b[38:5:12mblue\x1b[m ${String.raw`\x1b[2J\x1b]0;title\x07 \x1b`}\n`,
  );
  assert.equal(visibleWithColours('back\rand on\r\n'), 'back\\x0dand on\r\n');
  assert.equal(visibleWithColours('\x9b31m'), String.raw`\x9b31m`);
});

test('JSON has the same value, and nothing that a terminal or an eye is misled by', () => {
  const value = { name: EVIL, 'k\x9by': [EVIL] };
  const json = visibleJson(value);
  assert.deepEqual(JSON.parse(json), value);
  assert.equal(visibleText(json), json);
  assert.equal(visibleJson({ a: 1 }, 2), JSON.stringify({ a: 1 }, null, 2));
});

test('a row is one line, in whichever form', async () => {
  const row = branch({ id: 'x', kind: 'page', label: EVIL, description: EVIL });
  assert.equal(row.node.label, SHOWN);
  assert.equal(visibleLine(row.node.spoken), row.node.spoken);
  const frame = branch({ id: 'x/f', kind: 'frame', label: EVIL });
  const reference = branch({ id: 'x/r', kind: 'reference', label: EVIL }, () => [frame]);
  const texts = [...(await textLines([row, reference])), ...(await markdownLines([row, reference]))];
  for (const text of texts) assert.equal(visibleLine(text), text);
  assert.ok(texts.every((text) => !text.startsWith('Forged')));
});

test('a field of CSV is in one line, and none is a formula', () => {
  assert.equal(csvRecord([EVIL, 1, null]), `${SHOWN},1,\r\n`);
  assert.equal(csvRecord(['\r=cmd', '=cmd', 'a,"\n"']), String.raw`\x0d=cmd,'=cmd,"a,""\x0a"""` + '\r\n');
});

test('an event is one line, its columns where they belong', () => {
  const cells = EVENT_COLUMNS.map(({ id }) => (id === 'task' ? 'e\x1b[2Jvil\n-1' : ''));
  const line = eventLine(
    { columns: EVENT_COLUMNS },
    { row: 0, time: 0, pfn: 1, cells, isMark: false, gap: '', isMatch: false },
  );
  assert.match(line, /e\\x1b\[2Jvil\\x0a-1$/);
});

test('a hover has no more hidden than a row', () => {
  assert.equal(escapeMarkdown('a\u202eb_c\n d'), String.raw`a\\u202eb\_c d`);
});
