/** Links that run a command, in hovers and in documents. */

/**
 * A link that runs a command: text for Markdown, or for Uri.parse.
 *
 * @param given plain data; what the link is clicked with is decoded twice (OpenerService of VS Code), so `%` is kept out
 */
export function commandLink(command: string, given: readonly unknown[]): string {
  const json = JSON.stringify(given).replaceAll('%', '\\u0025');
  // A link of Markdown ends at a parenthesis, and what follows a quotation mark is its title.
  const escaped = encodeURIComponent(json).replace(
    /[()']/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `command:${command}?${escaped}`;
}
