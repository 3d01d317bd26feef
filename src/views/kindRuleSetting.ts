/** Rules of the kind table: hands those of the settings to the engine, and tells what is wrong with any. */
import * as vscode from 'vscode';
import type { EngineApi } from '../engine/protocol';
import { showWarning } from './failures';

export const KIND_RULES_SETTING = 'pageHolders.kindRules';

/** The file at the root of a kernel tree in which rules may stand. */
export const RULE_FILE = '.page-holders.json';

/** What a workspace that is not trusted says of this setting, the editor leaves out. */
export async function sendKindRules(engine: EngineApi): Promise<void> {
  const setting: unknown = vscode.workspace.getConfiguration().get(KIND_RULES_SETTING);
  await engine.setKindRules({ text: JSON.stringify(setting ?? []) });
}

/** Logs the rules in use; mistakes are in the Captures view too, and worth a message once. */
export class KindRuleReport {
  private told = '';

  constructor(private readonly log: vscode.LogOutputChannel) {}

  async tell(engine: EngineApi): Promise<void> {
    const { sources, problems } = await engine.kindRules({});
    for (const [source, rules] of sources) this.log.info(`Kind rules: ${rules} of ${source}`);
    for (const problem of problems) this.log.warn(problem);
    const [first = ''] = problems;
    const news = problems.join('\n');
    if (news === this.told) return;
    this.told = news;
    if (news === '') return;
    showWarning(this.log, problemsText(first, problems.length - 1));
  }
}

/** @param first what is wrong with one, in the words of the engine */
function problemsText(first: string, more: number): string {
  switch (more) {
    case 0:
      return vscode.l10n.t('A kind rule cannot be used and is left out: {0}.', first);
    case 1:
      return vscode.l10n.t('A kind rule cannot be used and is left out: {0}. And 1 more.', first);
    default:
      return vscode.l10n.t('A kind rule cannot be used and is left out: {0}. And {1} more.', first, more);
  }
}
