import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
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
  const status = await ended(child, 'exit').finally(() => closeSync(output));
  if (status === 0) return;
  const end = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
  throw new Error(`${command} ${args.join(' ')} ended with ${status}; the end of ${file}:\n${end}`);
}

/** Runs a command with this process's output and resolves to its exit status (1 when a signal ended it). */
export async function runVisible(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  return statusOf(await ended(child, 'exit'));
}

/**
 * Runs a command beside others, and resolves to its exit status (1 when a signal ended it) and all that it printed.
 *
 * @param isPatient whether it takes only what others leave of the processors
 */
export async function runBeside(command, args, options = {}, isPatient = false) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => printed.push(piece));
  const ending = ended(child, 'close');
  if (isPatient && child.pid !== undefined) os.setPriority(child.pid, os.constants.priority.PRIORITY_LOW);
  return { status: statusOf(await ending), output: Buffer.concat(printed).toString() };
}

/** Resolves to its exit status, or to the signal that ended it. */
function ended(child, event) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once(event, (code, signal) => resolve(code ?? signal));
  });
}

function statusOf(end) {
  return typeof end === 'number' ? end : 1;
}
