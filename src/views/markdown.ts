/** Text that comes from a capture or a source file, made plain for a MarkdownString. */
import { visibleLine } from '../engine/visibleText';

/** MarkdownString.appendText makes every space unbreakable, so that long rows break inside words. */
export function escapeMarkdown(text: string): string {
  return visibleLine(text.replace(/\s+/g, ' ')).replace(/[\\`*_{}[\]()#+\-.!~<>|&]/g, '\\$&');
}
