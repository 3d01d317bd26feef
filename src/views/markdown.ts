/** Text that comes from a capture or a source file, made plain for a MarkdownString. */

/** MarkdownString.appendText makes every space unbreakable, so that long rows break inside words. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!~<>|&]/g, '\\$&').replace(/\s+/g, ' ');
}
