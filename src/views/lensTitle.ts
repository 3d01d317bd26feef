/** Titles of lenses that begin with an icon. */

/** The editor draws a blank behind an icon as nothing, so that the words stick to it. */
export function lensTitle(text: string): string {
  return text.replace(/^(\$\([\w-]+\)) /, '$1\u00a0');
}
