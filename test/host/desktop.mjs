// Runs the integration suite in a desktop VS Code, where one can be had.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { onPath } from './command.mjs';
import { cacheFolder } from './paths.mjs';

const usualPlaces = [
  '/usr/share/code/code',
  '/usr/share/codium/codium',
  '/opt/visual-studio-code/code',
  '/Applications/Visual Studio Code.app/Contents/MacOS/Electron',
  path.join(os.homedir(), 'AppData/Local/Programs/Microsoft VS Code/Code.exe'),
];

/**
 * The Electron binary of a desktop VS Code: $PAGE_HOLDERS_VSCODE, an installed one, or one that can be downloaded;
 * undefined where there is none or no screen for it.
 */
export async function findDesktop() {
  const chosen = process.env.PAGE_HOLDERS_VSCODE;
  if (chosen) {
    if (!existsSync(chosen)) throw new Error(`PAGE_HOLDERS_VSCODE: there is no file ${chosen}`);
    return chosen;
  }
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return undefined;
  const installed = usualPlaces.find((file) => existsSync(file));
  if (installed) return installed;
  try {
    return await downloadAndUnzipVSCode({ cachePath: path.join(cacheFolder, 'vscode') });
  } catch {
    // No way to its download server from here.
    return undefined;
  }
}

/** The `code` command for people, or undefined. */
export function findDesktopCommand() {
  return ['code', 'codium'].find(onPath);
}

/** Runs `tests` (a module that exports `run`) in the desktop VS Code `executable`; resolves to an exit status. */
export async function runInDesktop(executable, { extension, tests, folder, env }) {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'page-holders-desktop-'));
  try {
    return await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: extension,
      extensionTestsPath: tests,
      extensionTestsEnv: env,
      launchArgs: [
        folder,
        ...['--disable-extensions', '--disable-telemetry', '--disable-gpu'],
        ...[
          `--user-data-dir=${path.join(profile, 'data')}`,
          `--extensions-dir=${path.join(profile, 'extensions')}`,
        ],
      ],
    });
  } catch (error) {
    console.error(error.message);
    return 1;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
