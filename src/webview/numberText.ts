/** Numbers as the language of the editor writes them. */

/** `2,365,231` */
export function numberText(count: number): string {
  return count.toLocaleString(document.documentElement.lang);
}
