/**
 * Text for people, in which nothing is hidden. Names of tasks, functions and CMA areas are any bytes that somebody chose,
 * as with prctl(PR_SET_NAME), and so are names of files. To a terminal control characters are commands, a line break among
 * them begins a line that nobody wrote, and what sets the direction of text shows it in another order than it has.
 *
 * They are shown as the kernel shows them in /dev/kmsg (kernel/printk/printk.c msg_add_ext_text), and dmesg on a terminal:
 * `\x1b`. What is no byte is `\u202e`. A backslash stays as it is: the text is read by people, and programs have JSON.
 */

/** What draws nothing and is no line break: C0 without tab, DEL, C1, separators of lines, and the direction of text. */
const HIDDEN = String.raw`\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069`;

const IN_LINE = new RegExp(String.raw`[${HIDDEN}\n\r]`);
const ALL_IN_LINE = new RegExp(IN_LINE, 'g');
/** Lines end with `\n`, those of CSV with `\r\n`; what goes back in a line writes over it. */
const IN_TEXT = new RegExp(String.raw`[${HIDDEN}]|\r(?!\n)`);
const ALL_IN_TEXT = new RegExp(IN_TEXT, 'g');
/** Select graphic rendition (ECMA-48 8.3.117): colour and weight of what follows, or what is hidden. */
const COLOUR_OR_HIDDEN = new RegExp(String.raw`\x1b\[[\d:;]*m|[${HIDDEN}]|\r(?!\n)`, 'g');
/** What JSON leaves as it is in a string; a control character is escaped by JSON.stringify(). */
const IN_JSON = /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;
const ALL_IN_JSON = new RegExp(IN_JSON, 'g');

/** A line, or a part of one, made of what others have named: also line breaks are shown. */
export function visibleLine(text: string): string {
  return IN_LINE.test(text) ? text.replace(ALL_IN_LINE, shown) : text;
}

/** Lines that were made here. */
export function visibleText(text: string): string {
  return IN_TEXT.test(text) ? text.replace(ALL_IN_TEXT, shown) : text;
}

/** Lines that are somebody else's, and may have colours. */
export function visibleWithColours(text: string): string {
  return IN_TEXT.test(text)
    ? text.replace(COLOUR_OR_HIDDEN, (found) => (found.length > 1 ? found : shown(found)))
    : text;
}

/** The same value as JSON: what JSON.stringify() would leave in it as it is stands as an escape. */
export function visibleJson(value: unknown, space?: number): string {
  const json = JSON.stringify(value, null, space);
  return IN_JSON.test(json) ? json.replace(ALL_IN_JSON, (found) => `\\u${hexadecimal(found, 4)}`) : json;
}

function shown(character: string): string {
  return character > '\xff' ? `\\u${hexadecimal(character, 4)}` : `\\x${hexadecimal(character, 2)}`;
}

function hexadecimal(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}
