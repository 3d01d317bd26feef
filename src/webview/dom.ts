/** Elements of the page. Text is set as text: nothing of a capture is ever markup. */

type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** @param attributes null and false leave one out, true is one without a value */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

export function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? '' : String(value));
  }
}

/** One of VS Code's own icons, which says nothing to a screen reader. */
export function icon(name: string): HTMLElement {
  return element('span', { class: `codicon codicon-${name}`, 'aria-hidden': 'true' });
}

/** @param says for a tooltip and for screen readers, with the key that does the same */
export function iconButton(name: string, says: string, act: () => void): HTMLButtonElement {
  const button = element('button', { class: 'icon-button', type: 'button', title: says, 'aria-label': says });
  button.append(icon(name));
  button.addEventListener('click', act);
  return button;
}
