/** Runs the built command line as a process of its own, as people do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { setTimeout } from 'node:timers/promises';

const CLI = path.resolve('dist/page-holders.js');

/** A folder of this test file alone, removed at its end. */
export const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-cli-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/**
 * @param input what it finds on standard input
 * @param environment variables that it gets beside those of the tests
 */
export function runCli(
  args: readonly string[],
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, XDG_CACHE_HOME: path.join(scratch, 'cache'), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // What ends without reading it says so by its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() });
    });
  });
}

/** A text report in one line: its lines are broken for mails. */
export function unbroken(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Writes its output to a file, or a device. */
export async function runCliIntoFile(args: readonly string[], file: string): Promise<Ended> {
  const handle = await open(file, 'w');
  try {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', handle.fd, 'pipe'] });
    const errors: Buffer[] = [];
    child.stderr!.on('data', (bytes: Buffer) => errors.push(bytes));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output: '', errors: Buffer.concat(errors).toString() };
  } finally {
    await handle.close();
  }
}

/** Reads no more than the beginning of the output and goes away, as `head` does. */
export function runCliAndLeave(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  child.stdout.once('data', () => child.stdout.destroy());
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, output: '', errors: Buffer.concat(errors).toString() });
    });
  });
}

/**
 * Presses Ctrl+C once the file is open, and when a second one is given once more when that is.
 *
 * @param leaves whether the reader of the output is gone by then
 */
export async function interruptCli(
  args: readonly string[],
  file: string,
  next: string | null = null,
  leaves = false,
): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  const ended = once(child, 'close');
  for (const each of next === null ? [file] : [file, next]) {
    await isOpenIn(child.pid!, each);
    if (leaves) child.stdout.destroy();
    child.kill('SIGINT');
  }
  const [status] = (await ended) as [number | null];
  return { status, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() };
}

/** More than Node reads of itself. */
const PART_OF_BIG = 20e6;

/** Resolves when a process reads a file, or when it has ended. */
async function isOpenIn(pid: number, file: string): Promise<void> {
  const folder = `/proc/${pid}`;
  const isOpen = (name: string): boolean => {
    try {
      return readlinkSync(path.join(folder, 'fd', name)) === file;
    } catch {
      return false;
    }
  };
  while (existsSync(folder) && !readdirSync(path.join(folder, 'fd')).some(isOpen)) await setTimeout(10);
  // Until something of it was read: what a pipe has is not much.
  if (!statSync(file).isFile()) await setTimeout(200);
  else while (existsSync(folder) && bytesRead(folder) < PART_OF_BIG) await setTimeout(10);
}

function bytesRead(folder: string): number {
  const [, bytes = '0'] = /^rchar: (\d+)/.exec(readFileSync(path.join(folder, 'io'), 'utf8')) ?? [];
  return Number(bytes);
}
