import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

export interface KnownCapture {
  readonly name: string;
  readonly file: string;
  readonly truth: string;
  /** Text has microseconds where the binary form has ns. */
  readonly text: boolean;
}

const TEXT_FILES = [
  'report.txt',
  'report.txt.gz',
  'trace.txt',
  'trace.txt.gz',
  'trace_pipe.txt',
  'perf.txt',
  'perf.txt.gz',
];
const BINARY_FILES = ['trace.dat', 'perf.data'];

/** Every capture with known truth below a folder: one entry a file. */
export function knownCaptures(folder: string): KnownCapture[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => capturesOf(folder, entry.name))
    .sort((a, b) => a.file.localeCompare(b.file));
}

function capturesOf(folder: string, name: string): KnownCapture[] {
  const truth = path.join(folder, name, 'truth.json');
  if (!existsSync(truth)) return [];
  const found = (names: readonly string[], text: boolean): KnownCapture[] =>
    names
      .map((file) => path.join(folder, name, file))
      .filter((file) => existsSync(file))
      .map((file) => ({ name, file, truth, text }));
  return [...found(TEXT_FILES, true), ...found(BINARY_FILES, false)];
}
