// Starts an installed code-server in a throw-away profile, reachable from this machine alone.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { logFolder } from './paths.mjs';

const startTimeout = 60_000;

export const settings = {
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  // A chat panel would take a third of the window and start a process of its own.
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'security.workspace.trust.enabled': false,
  'git.enabled': false,
  'search.followSymlinks': false,
  'task.autoDetect': 'off',
  // What blinks, glides and is drawn small is not looked at, and took a tenth of the processors.
  'editor.cursorBlinking': 'solid',
  'editor.minimap.enabled': false,
  'workbench.reduceMotion': 'on',
};

/**
 * Starts the server of `host` (`{ server, node }`). `log` names its file in out/log, `env` reaches the extension
 * host. Folders are trusted, or with `asksForTrust` those alone that somebody says are. Resolves to
 * `{ authority, url, ended, stop }`: `url` makes the address of a workbench from its query.
 */
export async function startServer(
  host,
  { log, extensionsFolder, env = {}, args = [], kernelTree, asksForTrust = false },
) {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'page-holders-host-'));
  const userData = path.join(profile, 'data');
  mkdirSync(path.join(userData, 'User'), { recursive: true });
  // A kernel tree has 5 000 folders to watch, and nothing in it changes here.
  // The tree serves every run: nothing typed in a test may get into it.
  const quiet = kernelTree
    ? {
        'files.watcherExclude': { [`${kernelTree}/**`]: true },
        'files.readonlyInclude': { [`${kernelTree}/**`]: true },
        'files.autoSave': 'off',
      }
    : {};
  writeFileSync(
    path.join(userData, 'User/settings.json'),
    JSON.stringify({ ...settings, ...quiet, 'security.workspace.trust.enabled': asksForTrust }, null, 1),
  );
  // The workbench has a terminal, so other people on this machine must not get in.
  const token = randomBytes(16).toString('hex');
  const child = spawn(
    host.node,
    [
      host.server,
      ...['--host', '127.0.0.1', '--port', '0', '--connection-token', token],
      ...['--accept-server-license-terms', '--server-data-dir', profile, '--user-data-dir', userData],
      ...['--extensions-dir', extensionsFolder ?? path.join(profile, 'extensions')],
      ...(asksForTrust ? [] : ['--disable-workspace-trust']),
      ...['--disable-telemetry', '--telemetry-level', 'off', ...args],
    ],
    {
      env: {
        ...process.env,
        HOME: profile,
        XDG_CONFIG_HOME: profile,
        XDG_DATA_HOME: profile,
        XDG_CACHE_HOME: path.join(profile, 'cache'),
        // No calls to an extension gallery.
        EXTENSIONS_GALLERY: '{"serviceUrl":""}',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that stopping it ends the extension hosts as well.
      detached: true,
    },
  );
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It is gone already.
    }
  };
  const killNow = () => kill('SIGKILL');
  process.once('exit', killNow);
  const ended = new Promise((resolve) => child.once('exit', resolve));

  let authority;
  try {
    authority = `127.0.0.1:${await listeningPort(child, log)}`;
  } catch (error) {
    killNow();
    rmSync(profile, { recursive: true, force: true });
    throw error;
  }
  return {
    authority,
    ended,
    url: (query = {}) => `http://${authority}/?${new URLSearchParams({ tkn: token, ...query })}`,
    async stop() {
      kill('SIGTERM');
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
      killNow();
      process.off('exit', killNow);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function listeningPort(child, log) {
  mkdirSync(logFolder, { recursive: true });
  const file = createWriteStream(path.join(logFolder, `${log}.log`));
  let seen = '';
  return new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`The VS Code server ${what}. It said:\n${seen}`));
    const timer = setTimeout(() => fail(`did not start within ${startTimeout / 1000} s`), startTimeout);
    const onOutput = (bytes) => {
      file.write(bytes);
      if (seen.length < 100_000) seen += bytes;
      const port = /Extension host agent listening on (\d+)/.exec(seen)?.[1];
      if (!port) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    child.once('error', (error) => fail(`cannot be run: ${error.message}`));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
}
