/** A stack with the places of its frames as text, fit for a mail. */
import type { StackRows, TreeNode } from './protocol';

/** Wider names push their places to the right. */
const NAME_COLUMNS = 40;

/** What it is of, and its frames in two columns, innermost first and none folded. */
export function stackText({ title, frames }: Pick<StackRows, 'title' | 'frames'>): string {
  const width = Math.min(NAME_COLUMNS, Math.max(0, ...frames.map(({ label }) => label.length)));
  const lines = frames.map((frame) => `  ${frameText(frame, width)}`);
  return [title, ...lines].join('\n');
}

/** A frame with its place, which begins at a column from `width` on. */
export function frameText({ label, description }: TreeNode, width = 0): string {
  return `${label.padEnd(width)}  ${description}`.trimEnd();
}
