import assert from 'node:assert/strict';
import path from 'node:path';
import { repository } from '../host/paths.mjs';
import {
  captureEditorPage as editor,
  folderWith,
  goToLine,
  hoverOn,
  openFolders,
  openInExplorer,
  page,
  quickItem,
  row,
  runCommand,
  sample,
  screenshot,
  showContainer,
  speak,
  view,
} from './workbench.mjs';

describe('in German', () => {
  let speakEnglish;

  before(async () => {
    speakEnglish = await speak('de');
    const recording = path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat');
    await openFolders(folderWith('german', recording, sample));
    await showContainer('Page Holders');
  });

  after(() => speakEnglish());

  it('names its views and what to do first', async () => {
    await view('Halter').locator('.monaco-button', { hasText: 'Aufzeichnung öffnen…' }).waitFor();
    await view('Aufzeichnungen').waitFor();
    await view('Halter').getByText('das Beispiel').click();
    // Rows are the engine's, as in a terminal.
    await row('0x12f98', view('Halter')).waitFor();
    assert.match(await row('Held: 3 references', view('Halter')).innerText(), /2 × pipe buffer/);
    await page.getByText('trace.txt · kein Kernel-Quellbaum').waitFor();
  });

  it('asks its questions', async () => {
    await runCommand('Page Holders: Halter gruppieren nach…');
    // One text is of the views, the other of the table that the command line has its help from.
    const task = await quickItem('Tasks, die die Referenzen nahmen').innerText();
    assert.match(task, /^Task\b/);
    await screenshot('german-question');
    await page.keyboard.press('Escape');
  });

  it('says what the fields of events mean', async () => {
    await openInExplorer('trace.txt');
    await goToLine(1142);
    assert.match(await hoverOn('uptodate', 'PG_uptodate'), /ihr Inhalt ist gültig/);
    await page.keyboard.press('Escape');
  });

  it('says what the page of the capture editor says', async () => {
    await openInExplorer('trace.dat');
    await editor().getByRole('grid', { name: 'Ereignisse' }).waitFor();
    await editor().locator('.filter-status').getByText('114 Ereignisse', { exact: true }).waitFor();
    await editor().getByText('2 Frames, die nur Referenzen zählen').waitFor();
    // Its times come with the second answer, when its width is known.
    const timeline = editor().locator('.timeline-canvas[aria-label^="Zeitachse, "]');
    assert.match(
      await timeline.getAttribute('aria-label'),
      /^Zeitachse, .* Marks, .* zeigt das Ganze, F filtert auf das Angezeigte\. /,
    );
    await screenshot('german-editor');
  });
});
