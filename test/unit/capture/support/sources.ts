import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ByteSource } from '../../../../src/capture/byteSource';

/**
 * A source over bytes, or over the UTF-8 of a text. It fills given memory at once, so that a reader which gives some
 * that is still in use is found out.
 */
export function memorySource(content: Uint8Array | string, name = 'memory'): ByteSource {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    ...readOnlySource(bytes, name),
    readInto: (offset, target) => {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return Promise.resolve(part.length);
    },
  };
}

/** A source that cannot read into given memory. */
export function readOnlySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

/** A source over a file, which is closed when `use` is done. */
export async function withFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const descriptor = openSync(file, 'r');
  try {
    const source: ByteSource = {
      name: file,
      size: fstatSync(descriptor).size,
      read: (offset, length) => {
        const bytes = new Uint8Array(length);
        return Promise.resolve(bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset)));
      },
      readInto: (offset, target) => Promise.resolve(readSync(descriptor, target, 0, target.length, offset)),
    };
    return await use(source);
  } finally {
    closeSync(descriptor);
  }
}

/** The text of a file as bytes, decompressed. */
export function textBytes(file: string): Uint8Array {
  const bytes = readFileSync(file);
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** The ftrace texts of a folder of captures, by path relative to it. */
export function ftraceTexts(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => /^(report.*|trace|trace_pipe)\.txt(\.gz)?$/.test(path.basename(file)))
    .sort();
}

/** The trace.dat recordings of a folder of captures, gzipped ones too, by path. */
export function traceDatFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((file) => path.join(folder, String(file)))
    .filter((file) => /\.dat(\.gz)?$/.test(file))
    .sort();
}

export const FIXTURES = 'test/fixtures';

/** Recordings beside the repository where it is developed; a clone alone has FIXTURES. */
export const SHARED = '../shared/captures';
