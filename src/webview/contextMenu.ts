/** Menus are VS Code's own: elements say what they are, and the commands of the manifest's menu are given that. */
import type { MenuContext } from '../engine/editorMessages';
import { setAttributes } from './dom';

/** Cut, copy and paste of VS Code are for text. */
export function setMenu(target: Element, context: MenuContext): void {
  const said = JSON.stringify({ ...context, preventDefaultContextMenuItems: true });
  setAttributes(target, { 'data-vscode-context': said });
}

export const NO_MENU: MenuContext = { webviewSection: 'none' };

/** Whether a key asked for the menu, which the browser then opens in the middle of what has the focus. */
export function isByKey({ button, ctrlKey }: MouseEvent): boolean {
  // With Ctrl, a press of the first button asks for it on a Mac.
  return button !== 2 && !ctrlKey;
}

/** Opens the menu of an element at a place of its own instead. */
export function openMenu(asked: MouseEvent, target: Element, clientX: number, clientY: number): void {
  asked.preventDefault();
  asked.stopPropagation();
  const init = { bubbles: true, cancelable: true, button: 2, clientX, clientY };
  target.dispatchEvent(new MouseEvent('contextmenu', init));
}
