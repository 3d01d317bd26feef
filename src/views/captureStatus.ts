/** The open capture and where its frames lead, in the status bar; a press shows the Captures view. */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { FileChange } from '../engine/fileState';
import type { Answer, CaptureFacts, EngineApi, KernelTreeFacts } from '../engine/protocol';
import { failedText } from '../engine/triedAtAll';
import { visibleLine } from '../engine/visibleText';
import { joined, sentence } from '../engine/wording';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { withoutIcons } from './notifications';
import { numberText } from './numberText';
import type { OpenCaptures } from './openCaptures';

export class CaptureStatus implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly subscription: vscode.Disposable;
  /** What was asked for last is shown. */
  private latest = 0;

  constructor(
    private readonly engine: Pick<EngineApi, 'vmlinuxInUse' | 'treeDoubts'>,
    private readonly captures: OpenCaptures,
    private readonly kernelTree: KernelTreeChoice,
  ) {
    this.item = vscode.window.createStatusBarItem('pageHolders.capture', vscode.StatusBarAlignment.Left, 0);
    this.item.name = vscode.l10n.t('Page Holders: Capture');
    this.item.command = 'pageHolders.captures.focus';
    this.subscription = captures.onDidChange(() => void this.show());
  }

  dispose(): void {
    this.subscription.dispose();
    this.item.dispose();
  }

  private async show(): Promise<void> {
    const asked = ++this.latest;
    const { withEvents: all, nameOf } = this.captures;
    const [first] = all;
    if (first === undefined) {
      this.item.hide();
      return;
    }
    const tree = await this.kernelTree.tree();
    // An engine that has just ended is begun anew, and with it this.
    const vmlinux = await this.engine.vmlinuxInUse({}).catch(() => null);
    const treeDoubts = await this.engine.treeDoubts({}).catch(() => []);
    if (asked !== this.latest) return;
    // The capture may be of another kernel than the tree.
    const inTree =
      tree === null
        ? vscode.l10n.t('no kernel tree')
        : vscode.l10n.t('source: {0}', `linux ${tree.version ?? baseName(tree.root)}`);
    const symbols = visibleLine(joined([vmlinux && baseName(vmlinux.path), inTree]));
    const name = visibleLine(
      all.length === 1 ? baseName(first.path) : vscode.l10n.t('{0} captures', all.length),
    );
    const isDoubtful =
      vmlinux?.fit === 'another-build' ||
      treeDoubts.length > 0 ||
      all.some(({ lost, gaps, changed }) => lost > 0 || gaps > 0 || changed !== null);
    this.item.text = `$(${isDoubtful ? 'warning' : 'graph-line'}) ${withoutIcons(`${name} · ${symbols}`)}`;
    this.item.accessibilityInformation = {
      label: vscode.l10n.t('Page Holders: {0}, {1}', name, symbols),
      role: 'button',
    };
    this.item.tooltip = [
      ...all.map((facts) => captureLine(nameOf(facts.path), facts)),
      tree === null ? vscode.l10n.t('Frames lead nowhere: no kernel tree is chosen.') : treeLine(tree),
      ...treeDoubts.map((doubt) => `${sentence(doubt)}.`),
      ...(vmlinux === null ? [] : [vmlinuxLine(vmlinux)]),
    ]
      .map(visibleLine)
      .join('\n');
    this.item.show();
  }
}

function captureLine(name: string, facts: CaptureFacts): string {
  const { lost, lostAtLeast, changed, part } = facts;
  const found = failedText(facts);
  const doubts = [
    ...(part < 1 ? [vscode.l10n.t('being read')] : []),
    ...(lost > 0 || lostAtLeast ? [lostText(lost, lostAtLeast)] : []),
    ...(changed === null ? [] : [changeText(changed.kind)]),
  ];
  return [`${name}: ${found}`, ...doubts].join(', ');
}

function treeLine({ root, version }: KernelTreeFacts): string {
  return version === null
    ? vscode.l10n.t('Frames lead into {0}.', root)
    : vscode.l10n.t('Frames lead into {0}, the source of Linux {1}.', root, version);
}

function changeText(kind: FileChange['kind']): string {
  switch (kind) {
    case 'changed':
      return vscode.l10n.t('the file changed since it was read');
    case 'gone':
      return vscode.l10n.t('the file was deleted or moved since it was read');
    case 'unknown':
      return vscode.l10n.t('the file cannot be looked at any more');
  }
}

function vmlinuxLine({ path, fit }: NonNullable<Answer<'vmlinuxInUse'>>): string {
  switch (fit) {
    case 'fits':
      return vscode.l10n.t('Lines are exact: {0} fits.', path);
    case 'not-proven':
      return vscode.l10n.t('Lines are those of {0}, which is not proven to fit.', path);
    case 'another-build':
      return vscode.l10n.t('Lines are doubtful: {0} is of another build.', path);
  }
}

function lostText(lost: number, isAtLeast: boolean): string {
  if (lost === 0) return vscode.l10n.t('events lost');
  if (isAtLeast) {
    return lost === 1
      ? vscode.l10n.t('1 event or more lost')
      : vscode.l10n.t('{0} events or more lost', numberText(lost));
  }
  return lost === 1 ? vscode.l10n.t('1 event lost') : vscode.l10n.t('{0} events lost', numberText(lost));
}
