import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { findCodeServer, hosts } from '../host/codeServer.mjs';

/** What was measured on and with: processor, memory, load, and the versions of all programs. */
export function machine() {
  return {
    processor: `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}`,
    memory: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    versions: {
      node: process.version,
      'trace-cmd': firstLine('trace-cmd', ['--version'], /version (\S+)/),
      perf: firstLine('perf', ['--version'], /version (\S+)/),
      rg: firstLine('rg', ['--version'], /ripgrep (\S+)/),
    },
  };
}

/**
 * The Nodes that Page Holders is measured in: this one, and that of the newest VS Code where the tests have installed it
 * (`npm test` does).
 */
export function runtimes() {
  const here = { name: `Node ${process.version}`, command: process.execPath };
  const found = findCodeServer('newest');
  if (!found) return [here];
  const { node, vscode } = hosts.newest;
  return [here, { name: `Node v${node} of VS Code ${vscode}`, command: found.node }];
}

/** Processes that ran or wanted to, on average over the last minute. */
export function load() {
  return os.loadavg()[0];
}

function firstLine(command, args, pattern) {
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.exec(stdout ?? '')?.[1] ?? 'absent';
}
