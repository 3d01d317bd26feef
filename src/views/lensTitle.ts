/** Titles of lenses that begin with an icon. */
import { visibleLine } from '../engine/visibleText';

/** The editor draws a blank behind an icon as nothing, so that the words stick to it. */
export function lensTitle(text: string): string {
  return visibleLine(text).replace(/^(\$\([\w-]+\)) /, '$1\u00a0');
}
