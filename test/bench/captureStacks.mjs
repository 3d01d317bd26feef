// Distinct stacks of text captures: `trace`, `trace_pipe` and `trace-cmd report`.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const FRAME = /^(\S+?)(?:\+0x([0-9a-f]+)(?:\/0x([0-9a-f]+))?)?(?: \[(\w+)\])?(?: +[<(]([0-9a-f]+)[>)])?$/;

/** [{ frames: [{ function, offset, size, module, address }] }] of a capture's folder, innermost frame first. */
export function captureStacks(folder) {
  const stacks = new Map();
  for (const name of ['report.txt', 'trace.txt', 'trace_pipe.txt']) {
    const text = readText(path.join(folder, name));
    let lines = [];
    for (const line of text.split('\n')) {
      const frame = /^\s*=> (.*)$/.exec(line)?.[1];
      if (frame !== undefined) {
        lines.push(frame.trim());
        continue;
      }
      if (lines.length > 0) stacks.set(lines.join('\n'), lines);
      lines = [];
    }
  }
  return [...stacks.values()].map((lines) => ({ frames: lines.map(parseFrame) }));
}

function parseFrame(text) {
  const [, name = text, offset, size, module, address] = FRAME.exec(text) ?? [];
  const hex = (digits) => (digits === undefined ? null : parseInt(digits, 16));
  return {
    function: name,
    offset: hex(offset),
    size: hex(size),
    module: module ?? null,
    address: address === undefined ? null : BigInt(`0x${address}`),
  };
}

function readText(file) {
  if (existsSync(file)) return readFileSync(file, 'utf8');
  if (existsSync(`${file}.gz`)) return gunzipSync(readFileSync(`${file}.gz`)).toString();
  return '';
}
