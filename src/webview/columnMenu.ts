/** Which columns the list has: a menu of check boxes. */
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
    this.root.addEventListener('focusout', (event) => {
      if (!(event.relatedTarget instanceof Node && this.root.contains(event.relatedTarget))) this.close();
    });
  }

  show(columns: readonly EventColumn[], shown: ReadonlySet<string>): void {
    this.columns = columns;
    this.shown = new Set(shown);
    this.menu.replaceChildren(...columns.map((column) => this.item(column)));
  }

  private item({ id, label, about }: EventColumn): HTMLElement {
    const item = element(
      'div',
      { role: 'menuitemcheckbox', tabindex: -1, title: about },
      icon('check'),
      label,
    );
    setAttributes(item, { 'aria-checked': String(this.shown.has(id)) });
    item.addEventListener('click', () => {
      this.toggle(id, item);
    });
    return item;
  }

  private toggle(id: string, item: HTMLElement): void {
    // A list without columns would have no way back but this menu.
    if (this.shown.has(id) && this.shown.size === 1) return;
    if (!this.shown.delete(id)) this.shown.add(id);
    setAttributes(item, { 'aria-checked': String(this.shown.has(id)) });
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
      this.toggle(this.columns[at]!.id, items[at]!);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
