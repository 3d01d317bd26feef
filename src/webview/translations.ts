/**
 * Texts of the page in the language of the editor, which the extension puts into the page. What the engine says in it
 * is English, as on the command line. Imported before all else: other files make their texts when they are loaded.
 */
import * as l10n from '@vscode/l10n';

const { translations } = document.body.dataset;
if (translations !== undefined) l10n.config({ contents: translations });
