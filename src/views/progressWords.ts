/** Long work in the language of the editor. */
import * as vscode from 'vscode';
import type { ProgressWords } from '../engine/progressText';
import { numberText } from './numberText';

export const PROGRESS_WORDS: ProgressWords = {
  work: {
    reading: (name) => vscode.l10n.t('Reading {0}', name),
    sorting: (name) => vscode.l10n.t('Sorting the events of {0}', name),
    analysing: (name) => vscode.l10n.t('Finding the holders in {0}', name),
    unpacking: (name) => vscode.l10n.t('Unpacking {0}', name),
    matching: (name) => vscode.l10n.t('Comparing the captures with {0}', name),
    indexing: (name) => vscode.l10n.t('Looking up functions in {0}', name),
  },
  filesRead: (files) =>
    files === 1 ? vscode.l10n.t('1 file read') : vscode.l10n.t('{0} files read', numberText(files)),
  secondsLeft: (seconds) => vscode.l10n.t('{0} s left', seconds),
  minutesLeft: (minutes) => vscode.l10n.t('{0} min left', minutes),
  withoutOrder: (work) =>
    vscode.l10n.t({
      message: '{0}. Its events have no order before the last is read',
      args: [work],
      comment: ['{0} is such as: Reading perf.data: 45 %, 120 MB/s'],
    }),
};
