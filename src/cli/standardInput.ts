/** Standard input as a file: captures are read by ranges, which a pipe does not have. */
import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CaptureFile, EngineHost } from '../engine/engineHost';
import { CaptureError } from '../engine/errors';
import { systemReason } from '../engine/node/systemReason';

/** What stands for it among the captures of a command. */
export const STANDARD_INPUT = '-';
/** What it is called where files are called by their names. */
export const STANDARD_INPUT_NAME = 'standard input';

/** The same machine, on which standard input is one more file. */
export function withStandardInput(host: EngineHost): EngineHost {
  return {
    ...host,
    openFile: async (name, options) => {
      if (name !== STANDARD_INPUT) return host.openFile(name, options);
      const spooled = await spoolStandardInput();
      try {
        const file = new StandardInput(await host.openFile(spooled.path, options), spooled.remove);
        if (file.size > 0) return file;
        await file.close();
      } catch (error) {
        spooled.remove();
        throw error;
      }
      throw new CaptureError(
        STANDARD_INPUT_NAME,
        'is empty: the program that should write a capture there wrote nothing. Look at its messages.',
      );
    },
    unpack: (file, options) => host.unpack(file instanceof StandardInput ? file.spooled : file, options),
  };
}

/** What came, under a name that people know. */
class StandardInput implements CaptureFile {
  readonly name = STANDARD_INPUT_NAME;
  readonly state: CaptureFile['state'];
  readonly startDecompression: NonNullable<CaptureFile['startDecompression']> | null;
  readonly readInto?: NonNullable<CaptureFile['readInto']>;

  constructor(
    readonly spooled: CaptureFile,
    private readonly remove: () => void,
  ) {
    this.state = spooled.state;
    this.startDecompression = spooled.startDecompression ?? null;
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

  change(): Promise<string | null> {
    return this.spooled.change();
  }

  async close(): Promise<void> {
    await this.spooled.close();
    this.remove();
  }
}

interface SpooledInput {
  readonly path: string;
  readonly remove: () => void;
}

/** @throws CaptureError when it cannot be read, or there is no room for it in the folder of temporary files */
async function spoolStandardInput(): Promise<SpooledInput> {
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
    const file = path.join(folder, 'stdin');
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
    return { path: file, remove };
  } catch (error) {
    remove();
    throw new CaptureError(
      STANDARD_INPUT_NAME,
      `cannot be copied to the temporary folder ${os.tmpdir()}: ${systemReason(error)}.`,
    );
  }
}
