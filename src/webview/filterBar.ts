/** The filter: its text with the place of a mistake underlined, what may come next, and how much it leaves. */
import * as l10n from '@vscode/l10n';
import type { FilterCompletion, FilterCompletions, FilterProblem, FilterUse } from '../engine/eventProtocol';
import { element, iconButton, setAttributes } from './dom';

/** Whoever types is not corrected in the middle of a word, in ms. */
const PROBLEM_DELAY = 700;
const APPLY_DELAY = 120;

interface FilterBarActions {
  /** The text, or its use, is another one. */
  readonly onChange: (filter: string, use: FilterUse) => void;
  readonly onComplete: (filter: string, offset: number) => Promise<FilterCompletions>;
  /** To the next match, or the one before. */
  readonly onStep: (step: 1 | -1) => void;
  readonly onLeaveDown: () => void;
}

export class FilterBar {
  readonly root: HTMLElement;
  private readonly input = element('input', {
    type: 'text',
    class: 'filter-input',
    spellcheck: 'false',
    autocomplete: 'off',
    role: 'combobox',
    title: l10n.t('Down or Ctrl+Space shows what may come next, Ctrl+Down goes to the events'),
    'aria-label': l10n.t('Filter events'),
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': 'filter-completions',
    'aria-describedby': 'filter-problem',
  });
  private readonly backdrop = element('div', { class: 'filter-backdrop', 'aria-hidden': 'true' });
  private readonly list = element('div', {
    class: 'completions',
    id: 'filter-completions',
    role: 'listbox',
    'aria-label': l10n.t('Completions'),
    hidden: true,
  });
  private readonly problem = element('div', {
    class: 'filter-problem',
    id: 'filter-problem',
    role: 'alert',
    hidden: true,
  });
  private readonly status = element('span', { class: 'filter-status', role: 'status' });
  /** Stands below the filter as a whole where there is no room beside it. */
  readonly tail = element('div', { class: 'filter-tail' });
  private readonly useButton: HTMLButtonElement;
  private readonly stepButtons: readonly HTMLButtonElement[];
  private use: FilterUse = 'filter';
  private completions: FilterCompletions | null = null;
  private chosen = -1;
  private asked = 0;
  private applyTimer = 0;
  private problemTimer = 0;

  constructor(private readonly actions: FilterBarActions) {
    this.useButton = iconButton('filter', '', () => {
      this.setUse(this.use === 'filter' ? 'find' : 'filter');
      this.applyNow();
      this.input.focus();
    });
    this.stepButtons = [
      iconButton('arrow-up', l10n.t('Previous match (Shift+F3)'), () => {
        actions.onStep(-1);
      }),
      iconButton('arrow-down', l10n.t('Next match (F3)'), () => {
        actions.onStep(1);
      }),
    ];
    const clear = iconButton('clear-all', l10n.t('Clear the filter (Escape)'), () => {
      this.setText('');
      this.applyNow();
      this.input.focus();
    });
    this.root = element(
      'div',
      { class: 'filter-bar', role: 'search', 'aria-label': l10n.t('Filter events') },
      this.useButton,
      element('div', { class: 'filter-field' }, this.backdrop, this.input, this.list, this.problem),
      this.tail,
    );
    this.tail.append(this.status, ...this.stepButtons, clear);
    this.setUse('filter');
    this.listen();
  }

  get text(): string {
    return this.input.value;
  }

  focus(): void {
    this.input.focus();
    this.input.select();
  }

  /** Shows a filter without telling of it. */
  show(filter: string, use: FilterUse): void {
    this.setText(filter);
    this.setUse(use);
  }

  showStatus(text: string): void {
    this.status.textContent = text;
  }

  showProblem(problem: FilterProblem | null): void {
    window.clearTimeout(this.problemTimer);
    if (problem === null) {
      this.drawProblem(null);
      return;
    }
    this.problemTimer = window.setTimeout(() => {
      this.drawProblem(problem);
    }, PROBLEM_DELAY);
  }

  private drawProblem(problem: FilterProblem | null): void {
    const { value } = this.input;
    setAttributes(this.input, { 'aria-invalid': problem === null ? null : 'true' });
    this.root.classList.toggle('has-problem', problem !== null);
    this.problem.hidden = problem === null || !this.list.hidden;
    this.problem.textContent = problem?.message ?? '';
    this.backdrop.replaceChildren();
    if (problem === null) return;
    // Behind the last character there is nothing to underline: a space stands for it.
    const wrong = value.slice(problem.start, problem.end) || ' ';
    this.backdrop.append(
      value.slice(0, problem.start),
      element('span', { class: 'wrong' }, wrong),
      value.slice(problem.end),
    );
    this.backdrop.scrollLeft = this.input.scrollLeft;
  }

  private listen(): void {
    const { input } = this;
    input.addEventListener('input', () => {
      this.drawProblem(null);
      this.apply();
      if (input.value.trim() === '') this.close();
      else void this.complete();
    });
    input.addEventListener('keydown', (event) => {
      this.pressed(event);
    });
    input.addEventListener('blur', () => {
      this.close();
    });
    input.addEventListener('scroll', () => {
      this.backdrop.scrollLeft = input.scrollLeft;
    });
    this.list.addEventListener('mousedown', (event) => {
      // The input keeps the focus.
      event.preventDefault();
      const item =
        event.target instanceof Element ? event.target.closest<HTMLElement>('[role=option]') : null;
      if (item !== null) this.accept(Number(item.dataset['index']));
    });
  }

  private pressed(event: KeyboardEvent): void {
    const isOpen = !this.list.hidden;
    const count = this.completions?.items.length ?? 0;
    switch (event.key) {
      case 'ArrowDown':
        if (event.ctrlKey || event.metaKey) this.actions.onLeaveDown();
        else if (isOpen) this.choose((this.chosen + 1) % count);
        else void this.completeOrLeave();
        break;
      case 'ArrowUp':
        if (isOpen) this.choose((this.chosen - 1 + count) % count);
        break;
      case 'Tab':
        if (!isOpen || event.shiftKey || this.chosen < 0) return;
        this.accept(this.chosen);
        break;
      case 'Enter':
        if (isOpen && this.chosen >= 0) this.accept(this.chosen);
        else this.entered(event.shiftKey);
        break;
      case 'Escape':
        if (isOpen) this.close();
        else {
          this.setText('');
          this.applyNow();
        }
        break;
      case ' ':
        if (!event.ctrlKey) return;
        void this.complete();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private entered(isBack: boolean): void {
    this.close();
    this.applyNow();
    if (this.use === 'find') this.actions.onStep(isBack ? -1 : 1);
  }

  private apply(): void {
    window.clearTimeout(this.applyTimer);
    this.applyTimer = window.setTimeout(() => {
      this.applyNow();
    }, APPLY_DELAY);
  }

  private applyNow(): void {
    window.clearTimeout(this.applyTimer);
    this.actions.onChange(this.input.value, this.use);
  }

  private setText(text: string): void {
    this.input.value = text;
    this.drawProblem(null);
    this.close();
  }

  private setUse(use: FilterUse): void {
    this.use = use;
    const says =
      use === 'filter'
        ? l10n.t('Only events that match are shown. Press to show all and highlight the matches')
        : l10n.t('All events are shown, matches are highlighted. Press to show only the matches');
    setAttributes(this.useButton, {
      title: says,
      'aria-label': says,
      'aria-pressed': String(use === 'find'),
    });
    this.useButton.firstElementChild!.className = `codicon codicon-${use === 'filter' ? 'filter' : 'search'}`;
    for (const button of this.stepButtons) button.hidden = use === 'filter';
    this.input.placeholder =
      use === 'filter'
        ? l10n.t('Filter, e.g. {0}', 'pfn:0x12c02 comm:kworker* event:page_ref* held>10ms')
        : l10n.t('Find, e.g. {0}', 'stack:*vmsplice* count>=3');
  }

  /** Down goes on to the list of events where there is nothing to complete. */
  private async completeOrLeave(): Promise<void> {
    const isOpen = await this.complete();
    if (isOpen === true) this.choose(0);
    else if (isOpen === false) this.actions.onLeaveDown();
  }

  /** @returns whether there is something to choose from; null where it is no longer asked for */
  private async complete(): Promise<boolean | null> {
    const { value, selectionStart } = this.input;
    const asked = ++this.asked;
    const completions = await this.actions
      .onComplete(value, selectionStart ?? value.length)
      .catch(() => null);
    if (asked !== this.asked || document.activeElement !== this.input) return null;
    // What stands there already is no news.
    const typed = completions === null ? '' : value.slice(completions.start, completions.end);
    const isNews = completions?.items.some(({ text }) => text !== typed) ?? false;
    if (completions === null || !isNews) {
      this.close();
      return false;
    }
    this.open(completions);
    return true;
  }

  private open(completions: FilterCompletions): void {
    this.completions = completions;
    this.chosen = -1;
    this.list.replaceChildren(...completions.items.map(completionItem));
    this.list.hidden = false;
    this.problem.hidden = true;
    this.list.scrollTop = 0;
    this.list.style.left = `${this.leftOf(completions.start)}px`;
    setAttributes(this.input, { 'aria-expanded': 'true', 'aria-activedescendant': null });
  }

  private close(): void {
    this.asked++;
    this.completions = null;
    this.list.hidden = true;
    this.problem.hidden = !this.root.classList.contains('has-problem');
    setAttributes(this.input, { 'aria-expanded': 'false', 'aria-activedescendant': null });
  }

  private choose(index: number): void {
    this.list.children[this.chosen]?.setAttribute('aria-selected', 'false');
    this.chosen = index;
    const item = this.list.children[index];
    item?.setAttribute('aria-selected', 'true');
    item?.scrollIntoView({ block: 'nearest' });
    setAttributes(this.input, { 'aria-activedescendant': item?.id ?? null });
  }

  private accept(index: number): void {
    const { completions } = this;
    const item = completions?.items[index];
    if (completions === null || item === undefined) return;
    const { value } = this.input;
    const isValue = !/[:>]$/.test(item.text);
    const rest = value.slice(completions.end);
    const text = item.text + (isValue && !rest.startsWith(' ') ? ' ' : '');
    this.input.value = value.slice(0, completions.start) + text + rest;
    const caret = completions.start + text.length;
    this.input.setSelectionRange(caret, caret);
    this.close();
    this.apply();
    if (!isValue) void this.complete();
  }

  /** Where a character of the text stands, in px from the left of the field. */
  private leftOf(offset: number): number {
    this.backdrop.replaceChildren(this.input.value.slice(0, offset), element('span', {}, ' '));
    const left = (this.backdrop.lastElementChild as HTMLElement).offsetLeft - this.input.scrollLeft;
    this.backdrop.replaceChildren();
    return Math.max(0, Math.min(left, this.input.clientWidth - 60));
  }
}

function completionItem({ text, about }: FilterCompletion, index: number): HTMLElement {
  return element(
    'div',
    { role: 'option', id: `completion-${index}`, 'data-index': index, 'aria-selected': 'false' },
    element('span', { class: 'completion-text' }, text),
    element('span', { class: 'completion-about' }, about),
  );
}
