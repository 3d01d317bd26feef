/** What stands above everything else: the facts of the capture, and how far it is read. */
import * as l10n from '@vscode/l10n';
import type { CaptureState } from '../engine/editorMessages';
import type { CaptureHeader, HeaderFact } from '../engine/eventProtocol';
import { element, icon } from './dom';

interface HeaderActions {
  readonly onOpenAgain: () => void;
  readonly onStop: () => void;
  /** Who held the pages that failed to move is asked for. */
  readonly onShowPages: () => void;
}

export class HeaderView {
  readonly root: HTMLElement;
  private readonly facts = element('dl', { class: 'facts' });
  private readonly progress = element('progress', {
    class: 'progress',
    max: 1,
    'aria-label': l10n.t('Reading the capture'),
    hidden: true,
  });
  private readonly message = element('span', { role: 'status' });
  private phase: CaptureState['phase'] | null = null;
  private readonly notice: HTMLElement;
  private readonly again = element(
    'button',
    { type: 'button', class: 'button', hidden: true },
    l10n.t('Open Again'),
  );
  private readonly stop = element(
    'button',
    { type: 'button', class: 'button secondary', hidden: true },
    l10n.t('Stop Reading'),
  );

  constructor(private readonly actions: HeaderActions) {
    this.again.addEventListener('click', actions.onOpenAgain);
    this.stop.addEventListener('click', actions.onStop);
    this.notice = element('div', { class: 'notice', hidden: true }, this.message, this.again, this.stop);
    this.root = element(
      'header',
      { class: 'header', 'aria-label': l10n.t('Capture') },
      this.progress,
      this.facts,
      this.notice,
    );
  }

  showFacts({ facts }: CaptureHeader): void {
    // Facts come anew while the capture is read: the button that is about to be pressed is one of them.
    const isFocused = this.facts.contains(document.activeElement);
    this.facts.replaceChildren(...facts.map((fact) => this.factItem(fact)));
    if (isFocused) this.facts.querySelector('button')?.focus({ preventScroll: true });
  }

  showState({ phase, message, progress }: CaptureState): void {
    this.progress.hidden = phase !== 'reading';
    if (progress === null) this.progress.removeAttribute('value');
    else this.progress.value = progress;
    // Percent and seconds change ten times a second: a screen reader is told of the beginning, and asks for the rest.
    const isProgress = phase === 'reading' && this.phase === 'reading';
    this.message.setAttribute('aria-live', isProgress ? 'off' : 'polite');
    this.phase = phase;
    this.notice.hidden = message === '';
    this.notice.classList.toggle('is-failure', phase === 'failed');
    this.message.textContent = message;
    this.again.hidden = phase !== 'failed' && phase !== 'closed';
    this.stop.hidden = phase !== 'reading';
  }

  private factItem({ name, value, details, isDoubt, isOfHolders }: HeaderFact): HTMLElement {
    const text = isOfHolders ? this.holdersButton(value) : value;
    const said = element('dd', {}, ...(isDoubt ? [icon('warning')] : []), text);
    const item = element(
      'div',
      { class: isDoubt ? 'fact doubt' : 'fact', title: details.join('\n') },
      element('dt', {}, name),
      said,
    );
    if (details.length > 0) item.setAttribute('aria-description', details.join('. '));
    return item;
  }

  private holdersButton(value: string): HTMLElement {
    const says = l10n.t('{0}: show in Holders view', value);
    const button = element('button', { type: 'button', class: 'link', 'aria-label': says }, value);
    button.addEventListener('click', this.actions.onShowPages);
    return button;
  }
}
