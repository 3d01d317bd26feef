import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { logFolder } from './paths.mjs';

/** Whether `name` is a program on the PATH. */
export function onPath(name) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { stdio: 'ignore' }).status === 0;
}

/**
 * Runs a command with its output in out/log/`log`.log (appended), and rejects with the end of that log when it
 * fails.
 */
export async function runLogged(log, command, args, options = {}) {
  mkdirSync(logFolder, { recursive: true });
  const file = path.join(logFolder, `${log}.log`);
  const output = openSync(file, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output], ...options });
  const status = await ended(child).finally(() => closeSync(output));
  if (status === 0) return;
  const end = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
  throw new Error(`${command} ${args.join(' ')} ended with ${status}; the end of ${file}:\n${end}`);
}

/** Runs a command with this process's output and resolves to its exit status (1 when a signal ended it). */
export async function runVisible(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  const end = await ended(child);
  return typeof end === 'number' ? end : 1;
}

/**
 * Runs a command whenever nothing else wants a processor, and resolves to its exit status (1 when a signal ended it) and
 * what it printed.
 */
export async function runBeside(command, args, options = {}) {
  const child = spawn('nice', ['-n', '19', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const printed = [];
  child.stdout.on('data', (bytes) => printed.push(bytes));
  child.stderr.on('data', (bytes) => printed.push(bytes));
  // Behind its last words.
  const end = await ended(child, 'close');
  return { status: typeof end === 'number' ? end : 1, output: Buffer.concat(printed).toString() };
}

/** Resolves to its exit status, or to the signal that ended it. */
function ended(child, event = 'exit') {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once(event, (code, signal) => resolve(code ?? signal));
  });
}
