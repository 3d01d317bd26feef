/** What is known of the selected event: its stack, whose frames lead to the source, its page and its fields. */
import * as l10n from '@vscode/l10n';
import type { EventDetails, StackRow } from '../engine/eventProtocol';
import type { FrameTarget, TreeNode } from '../engine/protocol';
import { setMenu } from './contextMenu';
import { element, icon, setAttributes } from './dom';

interface DetailsActions {
  readonly onOpenFrame: (frame: string, takesFocus: boolean) => void;
  readonly onShowHolders: (pfn: number) => void;
  readonly onLeaveLeft: () => void;
  readonly onPlumbing: (isShown: boolean) => void;
  /** It was scrolled, to so many pixels. */
  readonly onScroll: (top: number) => void;
}

/** How the pane was left. */
interface LeftDetails {
  /** Frames that only count references are seldom asked for. */
  readonly isPlumbingShown: boolean;
  readonly detailsTop: number;
}

/** As in the Holders view and the Stack view. */
const FRAME_ICONS: Readonly<Record<FrameTarget['certainty'], string>> = {
  exact: 'verified',
  'one-call-site': 'symbol-method',
  'one-of-several': 'question',
  'function-only': 'symbol-misc',
  unknown: 'circle-slash',
};

/** What was not looked for, or not yet, is not said to be nowhere. */
function frameIcon({ frame, mood }: TreeNode): string {
  const certainty = frame?.certainty ?? 'unknown';
  return certainty === 'unknown' && mood !== 'doubt' ? 'symbol-method' : FRAME_ICONS[certainty];
}

/** Names of the kernel are long, and are best broken behind an underscore, lists of them between two. */
function breakable(text: string): readonly (string | HTMLElement)[] {
  return text
    .split(/(?<=_)(?=[^_])|(?<=[|,/])/)
    .flatMap((part, index) => (index === 0 ? [part] : [element('wbr'), part]));
}

export class DetailsPane {
  readonly root = element('section', { class: 'details', 'aria-label': l10n.t('Selected event') });
  private details: EventDetails | null = null;
  private isPlumbingShown: boolean;
  /** Where it was left, until somebody does something in it or it shows another event. */
  private leftTop: number | null;

  constructor(
    private readonly actions: DetailsActions,
    { isPlumbingShown, detailsTop }: LeftDetails,
  ) {
    this.isPlumbingShown = isPlumbingShown;
    this.leftTop = detailsTop;
    this.root.addEventListener('keydown', (event) => {
      this.pressed(event);
    });
    this.listenToScroll();
    this.askForEvent();
  }

  askForEvent(): void {
    this.showNothing(l10n.t('Select an event to see its stack.'));
  }

  show(details: EventDetails): void {
    if (this.details !== null && this.details.row !== details.row) this.leftTop = null;
    this.details = details;
    this.draw();
    this.scrollToLeft();
  }

  showNothing(text: string): void {
    this.details = null;
    this.root.replaceChildren(element('p', { class: 'hint' }, text));
  }

  /** Opens the innermost frame that leads somewhere and does not only count references. */
  openFirst(): void {
    const frames = this.details?.frames ?? [];
    const first = frames.find(({ node, isPlumbing }) => !isPlumbing && (node.frame?.file ?? null) !== null);
    const any = first ?? frames.find(({ isPlumbing }) => !isPlumbing);
    if (any !== undefined) this.actions.onOpenFrame(any.node.id, false);
  }

  focus(): void {
    this.frameElements()[0]?.focus();
  }

  private listenToScroll(): void {
    const { root } = this;
    for (const type of ['wheel', 'pointerdown', 'keydown', 'focusin']) {
      root.addEventListener(type, () => (this.leftTop = null), { passive: true });
    }
    root.addEventListener('scroll', () => {
      if (this.leftTop === null) this.actions.onScroll(root.scrollTop);
    });
    // The timeline above it comes later, and takes room from it.
    new ResizeObserver(() => {
      this.scrollToLeft();
    }).observe(root);
  }

  private scrollToLeft(): void {
    if (this.leftTop !== null && this.details !== null) this.root.scrollTop = this.leftTop;
  }

  private draw(): void {
    const { details } = this;
    if (details === null) return;
    const focused = this.frameElements().indexOf(document.activeElement as HTMLElement);
    const { title, frames, noFrames, facts } = details;
    const plumbing = frames.filter(({ isPlumbing }) => isPlumbing);
    const others = frames.filter(({ isPlumbing }) => !isPlumbing);
    const shown = this.isPlumbingShown ? frames : others;
    this.root.replaceChildren(
      element('h2', {}, title),
      ...this.pageLine(details),
      ...(plumbing.length === 0 || others.length === 0
        ? []
        : [this.plumbingButton(plumbing.length, details)]),
      noFrames === ''
        ? element(
            'ol',
            { class: 'frames', 'aria-label': l10n.t('Stack, innermost frame first') },
            ...(others.length === 0 ? frames : shown).map((frame) => this.frameItem(frame)),
          )
        : element('p', { class: 'hint' }, noFrames),
      element('h3', {}, l10n.t('Fields')),
      element(
        'dl',
        { class: 'fields' },
        ...facts.flatMap(([name, value]) => [
          element('dt', {}, name),
          element('dd', {}, ...breakable(value)),
        ]),
      ),
    );
    if (focused >= 0) this.frameElements()[focused]?.focus();
  }

  private pageLine({ pfn, page }: EventDetails): readonly HTMLElement[] {
    if (page === null) return [];
    const button = element('button', { type: 'button', class: 'link' }, l10n.t('Show holders'));
    button.title = l10n.t('Show who holds this page in the Holders view');
    button.addEventListener('click', () => {
      this.actions.onShowHolders(pfn);
    });
    return [element('p', { class: 'page-line' }, page, button)];
  }

  private plumbingButton(count: number, { foldsTracerAlone }: EventDetails): HTMLElement {
    const button = element(
      'button',
      { type: 'button', class: 'disclosure', 'aria-expanded': String(this.isPlumbingShown) },
      icon(this.isPlumbingShown ? 'chevron-down' : 'chevron-right'),
      foldsTracerAlone ? tracingText(count) : countingText(count),
    );
    button.addEventListener('click', () => {
      this.isPlumbingShown = !this.isPlumbingShown;
      this.actions.onPlumbing(this.isPlumbingShown);
      this.draw();
      this.root.querySelector<HTMLElement>('.disclosure')?.focus();
    });
    return button;
  }

  private frameItem({ node, isPlumbing }: StackRow): HTMLElement {
    const { label, description, tooltip, frame } = node;
    const leads = frame !== null && frame.file !== null;
    const button = element(
      'button',
      { type: 'button', class: leads ? 'frame' : 'frame nowhere', tabindex: -1 },
      icon(frameIcon(node)),
      element('span', { class: 'frame-function' }, label),
      element('span', { class: 'frame-place' }, description),
    );
    button.title = [
      tooltip.title,
      ...tooltip.rows.map(([name, value]) => `${name}: ${value}`),
      ...tooltip.notes,
    ].join('\n');
    setAttributes(button, { 'aria-label': node.spoken });
    const isRecorded = frame !== null && frame.isInlined !== true;
    setMenu(button, { webviewSection: isRecorded ? 'frame.recorded' : 'frame', frame: node.id });
    button.addEventListener('click', (event) => {
      this.actions.onOpenFrame(node.id, event.ctrlKey || event.metaKey);
    });
    button.addEventListener('focus', () => {
      for (const other of this.frameElements()) other.tabIndex = other === button ? 0 : -1;
    });
    return element('li', { class: isPlumbing ? 'plumbing' : '' }, button);
  }

  private frameElements(): readonly HTMLElement[] {
    const frames = [...this.root.querySelectorAll<HTMLElement>('.frame')];
    // One of them is on the way of the Tab key, the others are an arrow away.
    if (frames.length > 0 && !frames.some(({ tabIndex }) => tabIndex === 0)) frames[0]!.tabIndex = 0;
    return frames;
  }

  private pressed(event: KeyboardEvent): void {
    const frames = this.frameElements();
    const at = frames.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'ArrowLeft') this.actions.onLeaveLeft();
    else if (event.key === 'ArrowDown' && at >= 0) frames[Math.min(frames.length - 1, at + 1)]!.focus();
    else if (event.key === 'ArrowUp' && at >= 0) frames[Math.max(0, at - 1)]!.focus();
    else if (event.key === 'Home' && at >= 0) frames[0]!.focus();
    else if (event.key === 'End' && at >= 0) frames.at(-1)!.focus();
    else return;
    event.preventDefault();
  }
}

function tracingText(count: number): string {
  return count === 1 ? l10n.t('1 tracing frame') : l10n.t('{0} tracing frames', count);
}

function countingText(count: number): string {
  return count === 1 ? l10n.t('1 reference-counting frame') : l10n.t('{0} reference-counting frames', count);
}
