/** Which columns the list has: a menu of check boxes, which stays open for as many of them as are wanted. */
import * as l10n from '@vscode/l10n';
import type { EventColumn } from '../engine/eventProtocol';
import { element, icon, iconButton, setAttributes } from './dom';

export class ColumnMenu {
  readonly root: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly menu = element('div', {
    class: 'menu',
    role: 'menu',
    'aria-label': l10n.t('Columns'),
    hidden: true,
  });
  private columns: readonly EventColumn[] = [];
  private shown = new Set<string>();

  /** @param onChange is called with the ids of the columns that are shown */
  constructor(private readonly onChange: (shown: ReadonlySet<string>) => void) {
    this.button = iconButton('settings-gear', l10n.t('Columns'), () => {
      if (this.menu.hidden) this.open();
      else this.close();
    });
    setAttributes(this.button, { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
    this.root = element('div', { class: 'menu-anchor' }, this.button, this.menu);
    this.menu.addEventListener('keydown', (event) => {
      this.pressed(event);
    });
    this.root.addEventListener('focusout', ({ relatedTarget }) => {
      if (this.menu.hidden) return;
      if (relatedTarget instanceof Node && this.root.contains(relatedTarget)) return;
      this.close();
      // A press beside the menu on what takes no focus; where another window has it now, it is left there.
      if (relatedTarget === null && document.hasFocus()) this.button.focus();
    });
  }

  show(columns: readonly EventColumn[], shown: ReadonlySet<string>): void {
    this.shown = new Set(shown);
    const isSame = columns.length === this.columns.length;
    if (isSame && columns.every(({ id }, index) => id === this.columns[index]!.id)) {
      // The one that was just pressed keeps the focus.
      this.check();
      return;
    }
    this.columns = columns;
    this.menu.replaceChildren(...columns.map((column) => this.item(column)));
    this.check();
  }

  private check(): void {
    for (const [index, { id }] of this.columns.entries()) {
      setAttributes(this.menu.children[index]!, { 'aria-checked': String(this.shown.has(id)) });
    }
  }

  private item({ id, label, about }: EventColumn): HTMLElement {
    const item = element(
      'div',
      { role: 'menuitemcheckbox', tabindex: -1, title: about },
      icon('check'),
      label,
    );
    item.addEventListener('click', () => {
      this.toggle(id);
    });
    return item;
  }

  private toggle(id: string): void {
    // A list without columns would have no way back but this menu.
    if (this.shown.has(id) && this.shown.size === 1) return;
    if (!this.shown.delete(id)) this.shown.add(id);
    this.check();
    this.onChange(this.shown);
  }

  private open(): void {
    this.menu.hidden = false;
    setAttributes(this.button, { 'aria-expanded': 'true' });
    (this.menu.firstElementChild as HTMLElement | null)?.focus();
  }

  private close(): void {
    this.menu.hidden = true;
    setAttributes(this.button, { 'aria-expanded': 'false' });
  }

  private pressed(event: KeyboardEvent): void {
    const items = [...this.menu.children] as HTMLElement[];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) items[(next + items.length) % items.length]?.focus();
    else if (event.key === 'Escape') {
      this.close();
      this.button.focus();
    } else if ((event.key === ' ' || event.key === 'Enter') && at >= 0) {
      this.toggle(this.columns[at]!.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
