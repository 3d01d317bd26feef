/**
 * Standard input, pipes and what the kernel makes up as it is read, as files: captures are read by ranges, which these
 * do not have.
 */
import { createReadStream, createWriteStream, open, rmSync } from 'node:fs';
import { mkdtemp, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { OtherThreads } from '../capture/otherThreads';
import type { CaptureFile, EngineHost } from '../engine/engineHost';
import { CaptureError } from '../engine/errors';
import type { FileChange } from '../engine/fileState';
import { openFailure } from '../engine/node/openFailure';
import { systemReason } from '../engine/node/systemReason';

/** What stands for it among the captures of a command. */
export const STANDARD_INPUT = '-';
/** What it is called where files are called by their names. */
export const STANDARD_INPUT_NAME = 'standard input';

interface StreamingHost extends EngineHost {
  /** Waits for no more of the stream that is read now, if one is: what came is all of it. Answers whether anything did. */
  readonly endStream: () => boolean;
}

/** The same machine, on which standard input is one more file, and files without a size are read to their end first. */
export function withStreams(host: EngineHost): StreamingHost {
  let coming: Coming | null = null;
  const openSpooled = async (
    name: string,
    stream: Readable,
    options: Parameters<EngineHost['openFile']>[1],
  ): Promise<CaptureFile | null> => {
    coming = new Coming(stream);
    const spooled = await spool(name, coming).finally(() => {
      coming = null;
    });
    try {
      const file = new SpooledFile(name, await host.openFile(spooled.path, options), spooled.remove);
      if (file.size > 0) return file;
      await file.close();
      return null;
    } catch (error) {
      spooled.remove();
      throw error;
    }
  };
  return {
    ...host,
    endStream: () => coming?.end() === true,
    openFile: async (name, options) => {
      if (name === STANDARD_INPUT) {
        const file = await openSpooled(STANDARD_INPUT_NAME, process.stdin, options);
        if (file !== null) return file;
        throw nothingCame(STANDARD_INPUT_NAME);
      }
      const kind = await streamKind(name);
      if (kind === null) return host.openFile(name, options);
      const file = await openSpooled(
        name,
        kind === 'pipe' ? await openPipe(name) : createReadStream(name),
        options,
      );
      if (file !== null) return file;
      if (kind === 'pipe') throw nothingCame(name);
      // A file that is empty, and nothing more than that.
      return host.openFile(name, options);
    },
    unpack: (file, options) => host.unpack(file instanceof SpooledFile ? file.spooled : file, options),
  };
}

function nothingCame(name: string): CaptureError {
  return new CaptureError(
    name,
    'is empty: the program that should write a capture there wrote nothing. Look at its messages.',
  );
}

/** trace_pipe and trace_pipe_raw wait for events for ever, and what is read of them is gone. */
const ENDLESS = 'trace_pipe';

/**
 * A pipe (of a shell: `<(ssh target cat trace)`), or a file that has no size (/proc/kallsyms, /sys/kernel/tracing/trace,
 * and those that are just empty). Null for any other, and for what cannot be told.
 */
async function streamKind(name: string): Promise<'pipe' | 'no-size' | null> {
  const status = await stat(name).catch(() => null);
  if (status === null) return null;
  if (status.isFIFO()) return 'pipe';
  return status.isFile() && status.size === 0 && !path.basename(name).startsWith(ENDLESS) ? 'no-size' : null;
}

/**
 * A file stream would have the process wait, at its end too, for what comes after Ctrl+C.
 *
 * @throws CaptureError when it cannot be opened
 */
async function openPipe(name: string): Promise<Readable> {
  const { Socket } = await import('node:net');
  try {
    return new Socket({ fd: await promisify(open)(name, 'r'), readable: true, writable: false });
  } catch (error) {
    throw new CaptureError(name, `${openFailure(error)}.`);
  }
}

/** What came, under a name that people know. */
class SpooledFile implements CaptureFile {
  readonly state: CaptureFile['state'];
  readonly otherThreads: OtherThreads | null;
  readonly readInto?: NonNullable<CaptureFile['readInto']>;

  constructor(
    readonly name: string,
    readonly spooled: CaptureFile,
    private readonly remove: () => void,
  ) {
    this.state = spooled.state;
    this.otherThreads = spooled.otherThreads ?? null;
    if (spooled.readInto) this.readInto = spooled.readInto.bind(spooled);
  }

  get size(): number {
    return this.spooled.size;
  }

  get failure(): CaptureFile['failure'] {
    return this.spooled.failure;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.spooled.read(offset, length);
  }

  change(): Promise<FileChange | null> {
    return this.spooled.change();
  }

  async close(): Promise<void> {
    await this.spooled.close();
    this.remove();
  }
}

/** What comes of a stream till it ends or is ended. */
class Coming {
  private hasCome = false;
  private endNow: () => void = () => undefined;
  private readonly ended = new Promise<null>((resolve) => {
    this.endNow = () => {
      resolve(null);
    };
  });

  constructor(private readonly stream: Readable) {}

  /** Answers whether anything came. */
  end(): boolean {
    this.endNow();
    return this.hasCome;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    const all: AsyncIterator<Uint8Array> = this.stream[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([all.next(), this.ended]);
      if (next === null || next.done === true) break;
      this.hasCome = true;
      yield next.value;
    }
    this.stream.destroy();
  }
}

interface Spooled {
  readonly path: string;
  readonly remove: () => void;
}

/** @throws CaptureError when it cannot be read, or there is no room for it in the folder of temporary files */
async function spool(name: string, coming: Coming): Promise<Spooled> {
  let remove = (): void => undefined;
  try {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'page-holders-'));
    const removeFolder = (): void => {
      rmSync(folder, { recursive: true, force: true });
    };
    // Ctrl+C ends the process while it reads.
    process.once('exit', removeFolder);
    remove = () => {
      process.off('exit', removeFolder);
      removeFolder();
    };
    const file = path.join(folder, 'capture');
    const { pipeline } = await import('node:stream/promises');
    await pipeline(coming.chunks(), createWriteStream(file, { mode: 0o600 }));
    return { path: file, remove };
  } catch (error) {
    remove();
    throw new CaptureError(
      name,
      `cannot be copied to the temporary folder ${os.tmpdir()}: ${systemReason(error)}.`,
    );
  }
}
