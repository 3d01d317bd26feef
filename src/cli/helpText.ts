/** Names in the right column of a help text, joined by commas and broken into lines. */
export function wrappedNames(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const last = lines.at(-1)!;
    const longer = last === '' ? name : `${last}, ${name}`;
    if (longer.length > 60) lines.push(name);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => `                  ${line}`).join(',\n');
}

/** Terminals have 80 columns. */
const COLUMNS = 79;

/** A text behind `head`, broken into lines that stand below its first word. */
export function wrapped(head: string, text: string): string {
  const lines = [head];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    const longer = last.length === head.length ? last + word : `${last} ${word}`;
    if (longer.length > COLUMNS) lines.push(' '.repeat(head.length) + word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join('\n');
}
