// The workbench under test, in the words of a person who uses it.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openBrowser } from '../host/browser.mjs';
import { ensureCodeServer } from '../host/codeServer.mjs';
import { installExtension, packageExtension } from '../host/extensionPackage.mjs';
import { ensureKernelTree } from '../host/kernelTree.mjs';
import { outFolder, repository } from '../host/paths.mjs';
import { startServer } from '../host/server.mjs';

let shots = path.join(outFolder, 'shots');

/** Absolute path of the kernel tree. */
export let kernelTree;
/** The sample capture that ships with the extension. */
export const sample = path.join(repository, 'media/sample/trace.txt');
/** 1-based line of the sample's first mark: the attempt puts back what it refused to isolate. */
export const markLine =
  readFileSync(sample, 'utf8')
    .split('\n')
    .findIndex((line) => /cma-alloc-\d+ .*page_ref_mod_and_test: pfn=0x12f98/.test(line)) + 1;
/** A trace.dat of millions of events, where there is one: beside the repository, or $PAGE_HOLDERS_LARGE_CAPTURE. */
export const largeCapture =
  process.env.PAGE_HOLDERS_LARGE_CAPTURE ?? path.join(repository, '../shared/captures/big/trace.dat');
/** Removed at the end. */
let scratch;
/** Playwright's page, for what has no word here. */
export let page;

let host;
let extensionsFolder;
let server;
let browser;
let context;

/** @param wanted a key of `hosts` in test/host/codeServer.mjs */
export async function startWorkbench(wanted) {
  if (wanted !== 'newest') shots = path.join(outFolder, `shots-${wanted}`);
  rmSync(shots, { recursive: true, force: true });
  mkdirSync(shots, { recursive: true });
  scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-ui-'));
  kernelTree = await ensureKernelTree();
  host = await ensureCodeServer(wanted);
  extensionsFolder = path.join(scratch, '.extensions');
  await installExtension(host, await packageExtension(), extensionsFolder);
  server = await startServer(host, { log: `ui-${wanted}`, extensionsFolder, kernelTree });
  browser = await openBrowser();
  ({ context, page } = browser);
  page.setDefaultTimeout(20_000);
}

/** Makes the words of this file those of a workbench that somebody else has started; `url` is as that of a server. */
export function driveWorkbench({ page: itsPage, url, shots: itsShots }) {
  page = itsPage;
  page.setDefaultTimeout(20_000);
  server = { url, stop: () => undefined };
  shots = itsShots;
  rmSync(shots, { recursive: true, force: true });
  mkdirSync(shots, { recursive: true });
}

export async function stopWorkbench() {
  await browser?.close();
  await server?.stop();
  if (scratch) rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Goes on in a window whose display language is another one; resolves to what leads back. The language pack that would
 * translate the workbench itself is not there: the window is told what a pack tells it, and extensions go by that.
 */
export async function speak(language) {
  const before = page;
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript((told) => {
    Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => told, set: () => undefined });
  }, language);
  return async () => {
    await page.close();
    page = before;
  };
}

/** Goes on in a VS Code that asks whether folders are trusted, as it does for people; resolves to what leads back. */
export async function askForTrust() {
  const before = { server, page };
  const asking = await startServer(host, { log: 'ui-trust', extensionsFolder, asksForTrust: true });
  server = asking;
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return async () => {
    await page.close();
    await asking.stop();
    ({ server, page } = before);
  };
}

/** Makes a folder of that name for the files of a test, with the sample capture in it as `capture`; returns its path. */
export function folderWithSample(name, capture) {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  copyFileSync(sample, path.join(folder, capture));
  return folder;
}

/** Makes a folder of that name with copies of files in it; returns its path. */
export function folderWith(name, ...files) {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  for (const file of files) copyFileSync(file, path.join(folder, path.basename(file)));
  return folder;
}

/** Whether what is waited for comes in its time. */
export const succeeds = (attempt) =>
  attempt.then(
    () => true,
    () => false,
  );

let shotCount = 0;

/** Saves what is seen as out/shots/NN-`name`.png. */
export async function screenshot(name) {
  shotCount += 1;
  const number = String(shotCount).padStart(2, '0');
  await page.screenshot({ path: path.join(shots, `${number}-${name}.png`) });
}

/** Opens a window on one folder, or on several; each set of folders has its own editors and choices. */
export async function openFolders(...folders) {
  const [folder, ...others] = folders;
  if (others.length === 0) return openWindow({ folder });
  const name = folders.map((each) => path.basename(each)).join('-');
  const workspace = path.join(scratch, `${name}.code-workspace`);
  writeFileSync(workspace, JSON.stringify({ folders: folders.map((each) => ({ path: each })) }));
  // A window that never had this workspace now and then comes up before the file is read, and stays without folders.
  const noFolders = page.locator('.part.sidebar', { hasText: 'No Folder Opened' });
  for (let tries = 0; tries < 3; tries++) {
    await openWindow({ workspace });
    const hasFolders = await succeeds(noFolders.waitFor({ state: 'detached', timeout: 5000 }));
    if (hasFolders) return;
  }
  throw new Error(`${workspace} opens without its folders`);
}

export async function openWindow(query) {
  await page.goto(server.url(query));
  await windowLoaded();
}

/** Every 5 s VS Code stores what is kept in a browser, once it has nothing to do: nothing can be when a page goes. */
const STORED = 8000;

/** Loads the window again, as the browser's key does. */
export async function reloadWindow() {
  await page.waitForTimeout(STORED);
  await page.reload();
  await windowLoaded();
}

/** Of the window that was loaded last. */
let isExtensionKnown = false;

async function windowLoaded() {
  isExtensionKnown = false;
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
  // A file opened before the extension is known opens as plain text, and stays so.
  await activityBarIcon('Page Holders').waitFor({ timeout: 60_000 });
}

const activityBarIcon = (name) => page.locator('.activitybar').getByRole('tab', { name });

/** Shows a container of the sidebar by its icon in the activity bar. */
export async function showContainer(name) {
  const icon = activityBarIcon(name);
  if ((await icon.getAttribute('aria-selected')) !== 'true') await icon.click();
  await page.locator('.part.sidebar .composite.title', { hasText: name }).waitFor();
}

/** A view of the sidebar by its title. */
export const view = (title) =>
  page.locator('.part.sidebar .pane', {
    has: page.locator('.pane-header .title', { hasText: new RegExp(`^${title}$`) }),
  });

/** The first row that is seen in a view (or the explorer) whose text has `text`. */
export const row = (text, within = page.locator('.part.sidebar')) =>
  within.locator('.monaco-list-row', { hasText: text }).first();

/** Those of the texts that a row has no room for: it ends in an ellipsis before, or has them not at all. */
export function cutTexts(treeRow, ...texts) {
  return treeRow.locator('.monaco-icon-label-container').evaluate((label, wanted) => {
    const isCut = label.scrollWidth > label.clientWidth;
    const ellipsis = isCut ? parseFloat(getComputedStyle(label).fontSize) : 0;
    const right = label.getBoundingClientRect().right - ellipsis;
    const seen = [];
    const walk = document.createTreeWalker(label, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      for (const text of wanted) {
        const index = node.data.replaceAll('\u00a0', ' ').indexOf(text);
        if (index < 0) continue;
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + text.length);
        if (range.getBoundingClientRect().right <= right) seen.push(text);
      }
    }
    return wanted.filter((text) => !seen.includes(text));
  }, texts);
}

/** The row of the sidebar that the keyboard is on. */
export const focusedRow = () => page.locator('.part.sidebar .monaco-list-row.focused');

/** Presses the twistie of a folded row. */
export async function expand(treeRow) {
  await treeRow.waitFor();
  if ((await treeRow.getAttribute('aria-expanded')) === 'false') {
    await treeRow.locator('.monaco-tl-twistie').click();
  }
}

/** The first row of the quick input that has `text`. */
export const quickItem = (text) =>
  page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();

/** Waits for the quick input of that title: until then the list is the one of the input before it. */
export const quickInputTitled = (title) =>
  page.locator('.quick-input-titlebar', { hasText: title }).waitFor();

const quickInputBox = () => page.locator('.quick-input-widget input');

/** Types into the quick input that is open, and presses Enter. */
export async function typeAndEnter(text) {
  await quickInputBox().fill(text);
  await page.keyboard.press('Enter');
}

/** Chooses a command from the palette by its full title. */
export async function runCommand(title) {
  const command = quickItem(title);
  // The palette lists what is known when it is opened, and a new window still learns.
  for (let tries = 0; tries < 5; tries++) {
    await page.keyboard.press('F1');
    // A hover that closes may take the key, and a window that still loads close the palette.
    const isRun = await succeeds(
      quickInputBox()
        .fill(`>${title}`, { timeout: 3000 })
        .then(() => command.click({ timeout: 3000 })),
    );
    if (isRun) return;
    await page.keyboard.press('Escape');
  }
  throw new Error(`the palette has no command "${title}"`);
}

/** Chooses a command that asks something in a quick input of that title. */
export async function askBy(command, title) {
  const asked = page.locator('.quick-input-titlebar', { hasText: title });
  // The page of an editor that had the focus may take it back late, as the palette closes, and that closes the input.
  for (let tries = 0; tries < 5; tries++) {
    await runCommand(command);
    if (!(await succeeds(asked.waitFor({ timeout: 5000 })))) continue;
    await page.waitForTimeout(200);
    if (await asked.isVisible()) return;
  }
  throw new Error(`"${command}" does not ask "${title}"`);
}

/** The page of the capture editor that is seen. */
export const captureEditorPage = () =>
  page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');

/** The first event of its list with such a text. */
export const eventRow = (text) =>
  captureEditorPage().locator('.list-body .list-row:visible', { hasText: text }).first();

/** What the window says of the colours that VS Code has under a name. */
const THEME_CLASSES = {
  'Light Modern': 'vs',
  'Dark Modern': 'vs-dark',
  'Dark High Contrast': 'hc-black',
  'Light High Contrast': 'hc-light',
};

/** Chooses the colours by the name that VS Code has for them. */
export async function chooseTheme(name) {
  const chosen = page.locator(`.monaco-workbench.${THEME_CLASSES[name]}`);
  // The list is still filtered when its row is pressed, and another one may come to be under the mouse.
  for (let tries = 0; tries < 5; tries++) {
    await runCommand('Preferences: Color Theme');
    await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await quickInputBox().fill(name);
    if (!(await succeeds(quickItem(name).click({ timeout: 5000 })))) await page.keyboard.press('Escape');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    if (await succeeds(chosen.waitFor({ timeout: 5000 }))) return;
  }
  throw new Error(`the colours "${name}" cannot be chosen`);
}

/** Types a path into the file dialog of that title, which is a quick input in the browser. */
async function typePath(title, file) {
  await quickInputTitled(title);
  // The dialog writes the folder that it starts in by itself, lists it, and may write it again.
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  const input = quickInputBox();
  for (let tries = 0; tries < 10; tries++) {
    await input.fill(file);
    await page.waitForTimeout(500);
    if ((await input.inputValue()).replace(/\/$/, '') === file) break;
  }
  await page.keyboard.press('Enter');
}

/** Chooses a file by its path in the file dialog of that title. */
export async function chooseFile(title, file) {
  await typePath(title, file);
  const dialog = page.locator('.quick-input-titlebar', { hasText: title });
  // It takes no Enter while it lists a folder.
  for (let tries = 0; tries < 10; tries++) {
    if (await succeeds(dialog.waitFor({ state: 'hidden', timeout: 2000 }))) return;
    await page.keyboard.press('Enter');
  }
  throw new Error(`${file} cannot be chosen`);
}

/** Like {@link chooseFile} for a folder: Enter only goes into it. */
export async function chooseFolder(title, folder) {
  await typePath(title, folder);
  const choose = page.locator('.quick-input-widget .monaco-button', { hasText: 'Choose' });
  for (let tries = 0; tries < 10; tries++) {
    await choose.click();
    const isChosen = await succeeds(choose.waitFor({ state: 'hidden', timeout: 1000 }));
    if (isChosen) return;
  }
  throw new Error(`${folder} cannot be chosen`);
}

/** Opens a capture with the command and its file dialog. */
export async function openCapture(file) {
  await runCommand('Page Holders: Open Capture…');
  await chooseFile('Open Capture', file);
}

/** Waits until the active editor is `file` (base name) with the cursor on `line` (1-based). */
export async function waitForEditor(file, line) {
  await page.locator('.tab.active', { hasText: file }).waitFor();
  await page
    .locator('#status\\.editor\\.selection')
    .getByText(new RegExp(`^Ln ${line}, `))
    .waitFor();
}

/**
 * Waits until the palette has the commands of the extension, whose icon a new window may remember from before. What is
 * opened as text until then, the box of Ctrl+P opens as text ever after.
 */
async function extensionKnown() {
  const command = quickItem('Page Holders: Open Capture');
  const giveUp = Date.now() + OPENED_WITHIN;
  while (Date.now() < giveUp) {
    await page.keyboard.press('F1');
    const isKnown = await succeeds(
      quickInputBox()
        .fill('>Page Holders: Open Capture', { timeout: 3000 })
        .then(() => command.waitFor({ timeout: 3000 })),
    );
    await page.keyboard.press('Escape');
    if (isKnown) return;
  }
  throw new Error('the window does not come to know the extension');
}

/** Opens a file by its name in the open folders, or by its path. */
export async function openFile(file) {
  const name = path.basename(file);
  if (!isExtensionKnown) await extensionKnown();
  isExtensionKnown = true;
  const tab = page.locator('.tab.active', { hasText: name });
  const giveUp = Date.now() + OPENED_WITHIN;
  for (let tries = 0; Date.now() < giveUp; tries++) {
    await page.keyboard.press('Control+P');
    // A window that still loads may close the box again; but a search through a kernel tree takes its time.
    const timeout = 3000 * (tries + 1);
    const isTyped = await succeeds(
      quickInputBox()
        .fill(file, { timeout })
        .then(() => quickItem(name).click({ timeout })),
    );
    if (isTyped && (await isOpen(tab, name))) return;
  }
  throw new Error(`${name} does not open`);
}

/** Lets VS Code find a file by its path, and presses it; resolves to when that was, in ms as of Date.now(). */
export async function pressFound(file) {
  await page.keyboard.press('Control+P');
  await quickInputBox().fill(file);
  const found = quickItem(path.basename(file));
  await found.waitFor();
  // The list is made anew as long as VS Code looks for more.
  await page.waitForTimeout(1000);
  const pressed = Date.now();
  await found.click();
  return pressed;
}

/**
 * Notes when something is first painted in a document that is loaded from now on, by looking from within: what
 * Playwright waits for it sees up to half a second late.
 *
 * @param selectors CSS selectors by name
 * @returns by name, when that was in ms as of Date.now(); filled as it happens
 */
export function notePaints(selectors) {
  const paints = new Map();
  page.on('framenavigated', (frame) => {
    for (const [name, selector] of Object.entries(selectors)) {
      frame.evaluate(firstPaint, selector).then(
        (time) => paints.set(name, time),
        () => undefined, // The document has gone.
      );
    }
  });
  return paints;
}

/** What is there when a frame is made is on the screen when the next one is. */
const firstPaint = (selector) =>
  new Promise((resolve) => {
    const look = () => {
      const isThere = document.querySelector(selector) !== null;
      requestAnimationFrame(isThere ? () => resolve(Date.now()) : look);
    };
    look();
  });

/** Opens a file from the explorer, for where no search finds it by its name. */
export async function openInExplorer(file, folder) {
  const tab = page.locator('.tab.active', { hasText: file });
  const giveUp = Date.now() + OPENED_WITHIN;
  // The rows move while the explorer reads its folders again, and another may be pressed.
  while (Date.now() < giveUp) {
    await (await rowInExplorer(file, folder)).dblclick();
    if (await isOpen(tab, file)) return;
  }
  throw new Error(`${file} does not open`);
}

/** How long a file is tried again, in ms: a busy machine may need longer for the extension than for its window. */
const OPENED_WITHIN = 60_000;

/**
 * Whether a tab comes, with its file in it. A window remembers the icon of an extension that it does not know yet: a
 * capture opened then is said to be no text, or too much of it, and its tab is closed.
 */
async function isOpen(tab, file) {
  if (!(await succeeds(tab.waitFor({ timeout: 3000 })))) return false;
  const noText = page.locator('.monaco-editor-pane-placeholder', {
    hasText: file.endsWith('.txt')
      ? / because it is either binary/
      : / because it is (?:either binary|very large)/,
  });
  // A placeholder stands for a text that is too large, too, until its capture editor comes.
  const something = page.locator(
    '.part.editor .monaco-editor, iframe.webview, .monaco-editor-pane-placeholder',
  );
  const isThere = await succeeds(something.first().waitFor({ state: 'attached', timeout: 10_000 }));
  if (isThere && !(await noText.isVisible())) return true;
  await succeeds(tab.locator('.codicon-close').click({ timeout: 3000 }));
  await page.waitForTimeout(1000);
  return false;
}

/** The row of a file in the explorer; `folder` is where it is if that is not the root. */
export async function rowInExplorer(file, folder) {
  await showContainer('Explorer');
  if (folder === undefined) return row(file);
  // A window unfolds by itself what was unfolded before it was loaded again, a moment later.
  await row(folder).waitFor();
  for (let tries = 0; tries < 5 && !(await row(file).isVisible()); tries++) {
    await expand(row(folder));
    await page.waitForTimeout(500);
  }
  return row(file);
}

/** Puts the cursor of the editor on a line and column (1-based), in the middle of what is seen. */
export async function goToLine(line, column = 1) {
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+G');
  await typeAndEnter(`:${line}:${column}`);
  await page
    .locator('#status\\.editor\\.selection')
    .getByText(new RegExp(`^Ln ${line}, `))
    .waitFor();
}

/** Where the text of the editor's current line has `text`, in the middle. */
async function placeOf(text) {
  const box = await page.evaluate((wanted) => {
    const top = document.querySelector('.editor-instance .cursor')?.getBoundingClientRect().top;
    for (const line of document.querySelectorAll('.editor-instance .view-line')) {
      if (Math.abs(line.getBoundingClientRect().top - top) > 4) continue;
      const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const index = node.data.replaceAll('\u00a0', ' ').indexOf(wanted);
        if (index < 0) continue;
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + wanted.length);
        const { x, y, width, height } = range.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      }
    }
    return null;
  }, text);
  if (box === null) throw new Error(`the current line has no ${text}`);
  return [box.x, box.y];
}

/** Rests the mouse on `text` in the current line of the editor until the hover says `wanted`; returns all it says. */
export async function hoverOn(text, wanted) {
  const [x, y] = await placeOf(text);
  const hover = page.locator('.monaco-hover', { hasText: wanted }).first();
  // A text that was just opened may be laid out anew under the mouse.
  for (let tries = 0; tries < 10; tries++) {
    await page.mouse.move(x - 30, y - 200);
    // As long as a hover is up, it is not asked for anew.
    await succeeds(page.locator('.monaco-hover:visible').first().waitFor({ state: 'hidden', timeout: 1000 }));
    await page.mouse.move(x - 3, y);
    await page.mouse.move(x, y);
    const isShown = await succeeds(hover.waitFor({ timeout: 3000 }));
    if (isShown) return (await hover.innerText()).replaceAll('\u00a0', ' ');
  }
  throw new Error(`no hover on ${text} says ${wanted}`);
}

/** Presses the mouse on `text` in the current line of the editor with a key held. */
export async function pressWith(key, text) {
  const [x, y] = await placeOf(text);
  await page.mouse.move(x, y);
  await page.keyboard.down(key);
  await page.mouse.move(x + 2, y);
  await page.waitForTimeout(1000);
  await page.mouse.down();
  await page.mouse.up();
  await page.keyboard.up(key);
}

/** The text of the message that has `text`; closes it. */
export async function takeMessage(text) {
  const message = page.locator('.notification-toast', { hasText: text });
  await message.waitFor();
  const said = await message.locator('.notification-list-item-message').innerText();
  // It may go by itself while it is moved over.
  await succeeds(message.hover({ timeout: 3000 }));
  await succeeds(message.locator('.codicon-notifications-clear').click({ timeout: 3000 }));
  await message.waitFor({ state: 'hidden' });
  return said;
}

/**
 * Holds Ctrl and presses the mouse on a link of the editor. Playwright's own click waits for ever: on Ctrl the
 * editor draws the line anew.
 */
export async function followLink(link) {
  const box = await link.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.keyboard.down('Control');
  await page.mouse.move(x + 1, y);
  await page.locator('.detected-link-active').first().waitFor();
  await page.mouse.down();
  await page.mouse.up();
  await page.keyboard.up('Control');
}
