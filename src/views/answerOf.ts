import type * as vscode from 'vscode';

/**
 * Shows a quick pick, and waits for what is answered; undefined where it is closed without an answer.
 *
 * @param listen is told by what the pick is answered and closed
 */
export function answerOf<Answer>(
  pick: Pick<vscode.QuickPick<vscode.QuickPickItem>, 'show' | 'hide' | 'dispose' | 'onDidHide'>,
  listen: (answer: (given: Answer | undefined) => void) => void,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    listen((given) => {
      resolve(given);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}
