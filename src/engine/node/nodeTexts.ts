/** Texts that are kept in a folder of this machine. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KeptTexts } from '../indexStore';

export class NodeTexts implements KeptTexts {
  constructor(private readonly folder: string) {}

  read(name: string): Promise<string> {
    return readFile(path.join(this.folder, name), 'utf8');
  }

  async write(name: string, text: string): Promise<void> {
    const file = path.join(this.folder, name);
    const unfinished = `${file}.${process.pid}`;
    // As the XDG base directory specification has it; of the command line, compiled code may come to be beside.
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(unfinished, text);
    await rename(unfinished, file);
  }
}
