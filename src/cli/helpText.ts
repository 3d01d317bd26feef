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
