/** Numbers as the language of the editor writes them. */
import * as vscode from 'vscode';

/** `9999`, `2,365,231`: four digits are read without a separator. */
export function numberText(count: number): string {
  return count < 10_000 ? String(count) : count.toLocaleString(vscode.env.language);
}
