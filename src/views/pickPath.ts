/** A quick pick of files or folders, in which the path of another one may be typed. */
import * as vscode from 'vscode';
import { answerOf } from './answerOf';
import { warn } from './notifications';
import { visibleItem } from './visibleItem';

export interface PathItem extends vscode.QuickPickItem {
  /** Chosen when it is picked; undefined: what the settings say. */
  readonly choice?: { readonly path: string | undefined };
  /** Why it cannot be chosen: said when it is picked, and another one may be. */
  readonly refusal?: string;
  /** The choice of now: the first one that has the focus. */
  readonly isCurrent?: boolean;
  /** Rows that it stands for, which are shown in its place when it is picked. */
  readonly folded?: readonly PathItem[];
}

/** Absolute, or from the home folder. */
const WHOLE_PATH = /^(?:~?\/|~$|[a-z]:[\\/])/i;

/** @param absolutePath of a path that begins with `~` too */
export async function pickPath(
  items: readonly PathItem[],
  { title, placeHolder }: { readonly title: string; readonly placeHolder: string },
  absolutePath: (given: string) => string,
): Promise<PathItem | undefined> {
  const pick = vscode.window.createQuickPick<PathItem>();
  let shown = items.map(visibleItem);
  pick.items = shown;
  pick.activeItems = shown.filter(({ isCurrent }) => isCurrent === true);
  pick.title = title;
  pick.placeholder = placeHolder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  return answerOf<PathItem>(pick, (answer) => {
    pick.onDidChangeValue((value) => {
      pick.items = [...typedItems(value.trim(), absolutePath).map(visibleItem), ...shown];
    });
    pick.onDidAccept(() => {
      const [item] = pick.selectedItems;
      if (item?.folded !== undefined) {
        shown = shown.flatMap((each) => (each === item ? item.folded!.map(visibleItem) : [each]));
        pick.items = shown;
      } else if (item?.refusal !== undefined) {
        void warn(item.refusal);
      } else if (item !== undefined) {
        answer(item);
      }
    });
  });
}

function typedItems(typed: string, absolutePath: (given: string) => string): readonly PathItem[] {
  if (!WHOLE_PATH.test(typed)) return [];
  const path = absolutePath(typed);
  const description = vscode.l10n.t('the path as typed');
  return [{ label: typed, description, detail: path, alwaysShow: true, choice: { path } }];
}
