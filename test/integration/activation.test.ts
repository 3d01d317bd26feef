/// <reference types="mocha" />
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { extension, kernelTree } from './extension';
import { until } from './until';

// Mocha takes files in the order of their names: this one comes first, before anything else wakes the extension.
describe(`activation in VS Code ${vscode.version} (${vscode.env.appName})`, () => {
  it('is woken by no start of VS Code and by no folder', () => {
    kernelTree();
    const { activationEvents } = extension().packageJSON as { activationEvents: string[] };
    // Whether it sleeps cannot be asked: VS Code makes texts of its own at its start, which wake it as any text does.
    assert.deepEqual(
      activationEvents.filter((event) => /^(?:\*|onStartupFinished|workspaceContains:)/.test(event)),
      [],
    );
    assert.ok(activationEvents.includes('onLanguage:ftrace'));
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
