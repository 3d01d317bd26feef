import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { ByteSource } from '../../../src/capture/byteSource';
import { isPerfData } from '../../../src/capture/perfData/perfHeader';
import { openCapture } from '../../../src/capture/openCapture';
import { isTraceDat } from '../../../src/capture/traceDat/fileHeader';
import { perfDataOfTrace } from './perfDataOfTrace';
import { repeatPerfData } from './repeatPerfData';
import { repeatText } from './repeatText';
import { repeatTraceDat } from './repeatTraceDat';

/** How often all of a recording comes, or how many events there should be at least. */
type Amount = { readonly times: number } | { readonly events: number };

/**
 * Writes a capture like `from` (ftrace text, trace.dat or perf.data, text also gzipped) that is larger. Of what is
 * written, one round is in memory at a time.
 *
 * @throws Error saying why the recording cannot be repeated
 */
export async function writeRepeated(from: string, amount: Amount, to: string): Promise<{ times: number }> {
  const bytes = contentOf(from);
  const times = 'times' in amount ? amount.times : await timesFor(bytes, from, amount.events);
  await written(repeated(bytes, from, times), to);
  return { times };
}

/**
 * Writes a perf.data with the first events of a trace.dat, in the frame of a small perf.data of the same kernel.
 *
 * @throws Error saying why the two do not fit
 */
export async function writePerfDataOfTrace(
  trace: string,
  small: string,
  samples: number,
  to: string,
): Promise<void> {
  const source = (file: string): ByteSource => sourceOf(contentOf(file), file);
  await written(perfDataOfTrace(source(trace), source(small), samples), to);
}

async function written(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, to: string): Promise<void> {
  const output = await open(to, 'w');
  try {
    for await (const part of parts) await output.writeFile(part);
  } finally {
    await output.close();
  }
}

/** The parts of a capture in which all of `bytes` comes `times` times. */
export function repeated(
  bytes: Uint8Array,
  name: string,
  times: number,
): AsyncGenerator<Uint8Array> | Generator<Uint8Array> {
  if (isTraceDat(bytes)) return repeatTraceDat(sourceOf(bytes, name), times);
  if (isPerfData(bytes)) return repeatPerfData(sourceOf(bytes, name), times);
  return repeatText(new TextDecoder().decode(bytes), times);
}

/** The content of a file, which may be gzipped. */
export function contentOf(file: string): Uint8Array {
  const bytes = readFileSync(file);
  return new Uint8Array(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
}

async function timesFor(bytes: Uint8Array, name: string, events: number): Promise<number> {
  const { events: table } = await openCapture(sourceOf(bytes, name));
  if (table.length === 0) throw new Error('it holds no event');
  return Math.max(1, Math.ceil(events / table.length));
}

function sourceOf(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}
