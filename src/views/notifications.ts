/**
 * Notifications. VS Code makes links of `[text](command:…)` in their texts, and what they name comes from captures,
 * debug info and folders: names of files and functions are not to run anything. A lint rule keeps all of them here.
 */
import * as vscode from 'vscode';
import { visibleLine, visibleText } from '../engine/visibleText';

/** @returns the action that was pressed, once it is; undefined when the notification is closed */
export function inform(message: string, ...actions: string[]): Thenable<string | undefined> {
  return vscode.window.showInformationMessage(plain(message), ...actions);
}

/** See {@link inform}. */
export function warn(message: string, ...actions: string[]): Thenable<string | undefined> {
  return vscode.window.showWarningMessage(plain(message), ...actions);
}

/** See {@link inform}. */
export function tellError(message: string, ...actions: string[]): Thenable<string | undefined> {
  return vscode.window.showErrorMessage(plain(message), ...actions);
}

/** Work that is waited for and can be cancelled. @param title see {@link inform}: links work in it, too */
export function showWork<T>(
  title: string,
  work: (cancel: vscode.CancellationToken) => Thenable<T>,
): Thenable<T> {
  const location = vscode.ProgressLocation.Notification;
  const options = { location, title: visibleLine(withoutLinks(title)), cancellable: true };
  return vscode.window.withProgress(options, (_, cancel) => work(cancel));
}

/** What the status bar draws an icon for, in place of the words: `$(lock)`, `$(sync~spin)`. */
const ICON = /\$\([\w-]+(?:~\w+)?\)/g;

/** For a moment, in the status bar. @param milliseconds how long */
export function sayBriefly(message: string, milliseconds = 3000): vscode.Disposable {
  return vscode.window.setStatusBarMessage(withoutIcons(visibleLine(message)), milliseconds);
}

/** The text without what the status bar and lenses take for icons. */
export function withoutIcons(text: string): string {
  return text.replace(ICON, '\\$&');
}

/** A name that sets the direction of text would turn around what is said after it. */
function plain(message: string): string {
  return visibleText(withoutLinks(message));
}

/** The text without what VS Code takes for links: the prompts of its input boxes have them, too. */
export function withoutLinks(message: string): string {
  return message.replaceAll('](', '] (');
}
