// Installs the VS Code server of npm's code-server package, the one real VS Code that npm has.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runLogged } from './command.mjs';
import { ensureTools } from './debian.mjs';
import { cacheFolder } from './paths.mjs';

/**
 * `node` is the version that this VS Code asks for; it comes from npm too. `newest` is the newest VS Code that npm
 * has, `floor` the oldest that engines.vscode promises.
 */
export const hosts = {
  newest: { vscode: '1.139.1', codeServer: '4.139.1', node: '24.21.0' },
  floor: { vscode: '1.100.3', codeServer: '4.100.3', node: '20.19.5' },
};

const nodePackage = `node-linux-${process.arch}`;

function locate(folder) {
  const modules = path.join(folder, 'node_modules');
  const vscode = path.join(modules, 'code-server/lib/vscode');
  const nodeHome = path.join(modules, nodePackage);
  return {
    vscode,
    nodeHome,
    server: path.join(vscode, 'out/server-main.js'),
    node: path.join(nodeHome, 'bin/node'),
  };
}

const hostFolder = (version) =>
  path.join(cacheFolder, `code-server-${version.codeServer}-node-${version.node}`);

/** `{ server, node }` of an installed host (a key of {@link hosts}), or undefined. */
export function findCodeServer(host) {
  const folder = hostFolder(hosts[host]);
  return existsSync(folder) ? locate(folder) : undefined;
}

/** `{ server, node }` of a host, installed from npm first if need be (780 MB on disk, about a minute). */
export async function ensureCodeServer(host) {
  const found = findCodeServer(host);
  if (found) return found;
  if (process.platform !== 'linux') {
    throw new Error('Without a desktop VS Code the tests need Linux: code-server comes as a Linux package.');
  }
  const version = hosts[host];
  const started = Date.now();
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(path.join(cacheFolder, 'installing-'));
  try {
    await installFromNpm(work, version);
    renameSync(work, hostFolder(version));
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw new Error(`code-server ${version.codeServer} cannot be installed from npm. ${error.message}`);
  }
  console.log(
    `code-server ${version.codeServer}: installed in ${Math.round((Date.now() - started) / 1000)} s`,
  );
  return findCodeServer(host);
}

async function installFromNpm(folder, version) {
  const log = `code-server-${version.codeServer}`;
  const { vscode, nodeHome } = locate(folder);
  const npm = (args, env = {}) =>
    runLogged(log, 'npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { 'code-server': version.codeServer, [nodePackage]: version.node },
    }),
  );
  // The scripts of code-server compile kerberos, sqlite3 and more for four minutes, and need their -dev packages.
  // The file watcher is an optional dependency: without it no file event ever comes.
  await npm(['install', '--ignore-scripts', '--include=optional']);
  await npm(['install', '--ignore-scripts', '--include=optional', '--omit=dev', '--prefix', vscode]);
  await ensureTools('compiler');
  // Compiled for the Node that it runs in; the headers are in that Node's own package.
  const forItsNode = {
    PATH: `${path.join(nodeHome, 'bin')}:${process.env.PATH}`,
    npm_config_nodedir: nodeHome,
  };
  // Without spdlog output channels stay empty. (An old version has no prebuilt pty, so no terminal; none is tested.)
  await npm(['rebuild', '--prefix', vscode, '@vscode/spdlog', '@vscode/native-watchdog'], forItsNode);
}
