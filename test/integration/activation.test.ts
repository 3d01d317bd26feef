/// <reference types="mocha" />
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { extension, kernelTree } from './extension';
import { until } from './until';

// Mocha takes files in the order of their names: this one comes first, before anything else wakes the extension.
describe(`activation in VS Code ${vscode.version} (${vscode.env.appName})`, () => {
  it('sleeps at start-up, with a kernel tree as the folder', () => {
    kernelTree();
    // A log that VS Code itself has opened by now wakes it, as any log does.
    const documents = vscode.workspace.textDocuments;
    const isWokenByLog = documents.some(({ uri }) => uri.scheme === 'output');
    const opened = documents.map(({ languageId, uri }) => `${languageId} ${uri.toString()}`);
    assert.ok(!extension().isActive || isWokenByLog, `open: ${opened.join(', ')}`);
  });

  it('wakes when its view is shown', async () => {
    await vscode.commands.executeCommand('pageHolders.holders.focus');
    await until('the extension is active', () => extension().isActive);
  });

  it('registers the commands that the manifest promises', async () => {
    const manifest = extension().packageJSON as { contributes: { commands: { command: string }[] } };
    const promised = manifest.contributes.commands.map(({ command }) => command);
    assert.ok(promised.includes('pageHolders.openCapture'));
    assert.ok(promised.includes('pageHolders.openSample'));
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      promised.filter((command) => !registered.includes(command)),
      [],
    );
  });
});
