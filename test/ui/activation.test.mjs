import { kernelTree, openFolders, row, screenshot, showContainer, view } from './workbench.mjs';

describe('the packaged extension', () => {
  before(() => openFolders(kernelTree));

  it('shows its views, and what to do first, from the activity bar', async () => {
    await showContainer('Page Holders');
    await view('Holders').locator('.monaco-button', { hasText: 'Open Capture…' }).waitFor();
    await view('Captures').waitFor();
    await screenshot('welcome');
  });

  it('opens the sample from the welcome view', async () => {
    await view('Holders').getByText('the sample').click();
    await row('0x12f98', view('Holders')).waitFor();
    await screenshot('sample');
  });
});
