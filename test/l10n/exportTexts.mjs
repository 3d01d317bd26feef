// Writes l10n/bundle.l10n.json, the English texts of the code by their keys, in the form of @vscode/l10n-dev. (That
// one brings a hundred packages with it, and passes over texts that it cannot read in silence: here they are errors.)
// usage: node test/l10n/exportTexts.mjs [--check]   --check writes nothing, and ends with 1 where the file differs
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const BUNDLE = 'l10n/bundle.l10n.json';
/** Rooms that show texts in the language of the editor. */
const SOURCES = ['src/extension.ts', 'src/views', 'src/webview'];
/** Tables of the engine with choices that are offered in the editor and in the help of the command line. */
const TABLES = {
  'src/engine/holdersQuery.ts': ['GROUPINGS', 'SORT_ORDERS'],
  'src/engine/wording.ts': ['ROLE_MEANINGS'],
  'src/engine/exporting/exportFormats.ts': ['EXPORT_FORMS'],
  'src/engine/recording/recordOptions.ts': ['EVENT_SOURCES', 'WRITERS'],
};
/** Where texts of these tables are looked up: its argument is no literal. */
const LOOKS_UP = 'src/views/choiceText.ts';
/** English by decision: one speaks to models, the other to the engine, whose errors are English. */
const ENGLISH = ['src/views/findPageHoldersTool.ts', 'src/views/editorFiles.ts'];
/** Properties that are shown, of the editor's API and of elements. */
const SHOWN =
  /^'?(?:title|prompt|placeHolder|placeholder|openLabel|saveLabel|label|description|detail|tooltip|text|message|aria-label|aria-roledescription)'?$/;

const texts = new Map();
const mistakes = [];
for (const file of SOURCES.flatMap(typeScriptFiles).sort()) {
  if (file !== LOOKS_UP) visit(parsed(file), callTexts);
  if (file !== LOOKS_UP && !ENGLISH.includes(file)) visit(parsed(file), forgottenText);
}
for (const [file, names] of Object.entries(TABLES)) {
  for (const name of names) tableTexts(parsed(file), name);
}
const bundle = `${JSON.stringify(Object.fromEntries([...texts].sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;
const isCheck = process.argv.includes('--check');
if (mistakes.length === 0 && !isCheck) writeFileSync(BUNDLE, bundle);
if (isCheck && readFileSync(BUNDLE, 'utf8') !== bundle) {
  mistakes.push(`${BUNDLE} differs from the texts of the code: npm run l10n writes it anew.`);
}
for (const mistake of mistakes) console.error(mistake);
if (mistakes.length > 0) process.exitCode = 1;

function typeScriptFiles(place) {
  if (place.endsWith('.ts')) return [place];
  return readdirSync(place, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(place, name));
}

function parsed(file) {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}

function visit(node, look) {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** Texts of `vscode.l10n.t(…)` and `l10n.t(…)`. */
function callTexts(node) {
  if (!ts.isCallExpression(node) || !/^(?:vscode\.)?l10n\.t$/.test(node.expression.getText())) return;
  const [given] = node.arguments;
  if (given !== undefined && ts.isObjectLiteralExpression(given)) {
    const message = literal(property(given, 'message'));
    const comment = property(given, 'comment');
    const comments =
      comment !== undefined && ts.isArrayLiteralExpression(comment) ? comment.elements : [comment];
    add(given, message, comments.map(literal));
  } else add(node, literal(given), []);
}

/** Words for people that do not go through l10n.t: told of, as they would stay English unseen. */
function forgottenText(node) {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return;
  const text = ts.isTemplateExpression(node)
    ? [node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join('#')
    : node.text;
  const { parent } = node;
  const isGiven = ts.isPropertyAssignment(parent) && SHOWN.test(parent.name.getText());
  const isForPeople = isGiven
    ? /^(?:\$\([\w-]+\) )?[A-Z]|[a-z] [a-z]/.test(text)
    : /[a-z,]+ [A-Za-z]+ [a-z]+/i.test(text);
  if (isForPeople && !isTranslatedOrLogged(node))
    mistakes.push(`${placeOf(node)}: does not go through l10n.t: ${text}`);
}

function isTranslatedOrLogged(node) {
  for (let each = node.parent; each !== undefined; each = each.parent) {
    if (ts.isCallExpression(each) && /\bl10n\.t$|\blog\.\w+$/.test(each.expression.getText())) return true;
    if (ts.isImportDeclaration(each)) return true;
  }
  return false;
}

function tableTexts(file, name) {
  let isThere = false;
  visit(file, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== name) return;
    isThere = true;
    for (const { initializer } of node.initializer.properties) {
      add(
        node,
        literal(ts.isObjectLiteralExpression(initializer) ? property(initializer, 'detail') : initializer),
        [],
      );
    }
  });
  if (!isThere) mistakes.push(`${file.fileName} has no table ${name}.`);
}

function add(node, message, comments) {
  if (message === null || comments.includes(null)) {
    mistakes.push(`${placeOf(node)}: not one literal, so it cannot be translated.`);
  } else if (comments.length === 0) texts.set(message, message);
  else texts.set(`${message}/${comments.join('')}`, { message, comment: comments });
}

function placeOf(node) {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

function property(object, name) {
  return object.properties.find((each) => each.name?.getText() === name)?.initializer;
}

function literal(node) {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : null;
}
