/**
 * What the open files say of each other: symbol files name the frames of captures that need it, and page_owner dumps
 * say who allocated the pages of traces.
 *
 * The events of two traces are never merged into one. No format says of which boot it is; a text does not even name
 * its clock; and two recordings of one time may hold the same event twice (perf beside ftrace), which would count a
 * get or put double. They are shown side by side.
 */
import type { Problem } from '../capture/eventTable';
import { readSymbolFile, type Kallsyms } from '../capture/kallsyms';
import { nameFrames } from '../capture/nameFrames';
import { atOnce } from '../capture/turns';
import { analysisSteps } from '../holders/analyseHolders';
import type { KindRule } from '../holders/kindRule';
import { dumpsFor, PageAllocations, type AllocationDump } from '../holders/pageAllocations';
import { CancelledError, CaptureError } from './errors';
import { NodeFile } from './nodeFile';
import type { RequestOptions } from './protocol';
import type { Analysed } from './readCapture';

export interface SymbolFile {
  readonly path: string;
  readonly kallsyms: Kallsyms;
  readonly problems: readonly Problem[];
}

/** What a symbol file did for a capture. */
export interface Naming {
  readonly file: string;
  /** Addresses without a name before, and how many of them have one now. */
  readonly bare: number;
  readonly named: number;
  /** How far the recorded kernel stood from the addresses of the file, in bytes. */
  readonly shift: bigint;
  /** Why it was not used; null when it was. */
  readonly refusal: string | null;
}

/** The allocations of the pages of one capture, and the dumps that tell of them. */
export interface JoinedAllocations {
  readonly dumps: readonly AllocationDump[];
  readonly pages: PageAllocations;
}

/**
 * Reads a saved /proc/kallsyms or a System.map.
 *
 * @returns null for a file that is none
 * @throws CaptureError when it cannot be read or holds no address, CancelledError
 */
export async function openSymbolFile(path: string, { signal }: RequestOptions): Promise<SymbolFile | null> {
  const file = await NodeFile.open(path);
  try {
    const read = await readSymbolFile(file, signal === undefined ? {} : { signal });
    if (read === null) return null;
    const { kallsyms, problems } = read;
    if (kallsyms !== null) return { path, kallsyms, problems };
    const said = problems.map(({ message }) => message.replace(`${path}: `, '')).join('; ');
    throw new CaptureError(path, `cannot be used: ${said}.`);
  } catch (error) {
    throw signal?.aborted === true ? new CancelledError() : error;
  } finally {
    await file.close();
  }
}

export class JoinedFiles {
  private readonly files = new Map<string, SymbolFile>();
  private readonly asRead = new Map<string, Analysed>();
  private readonly namings = new Map<string, readonly Naming[]>();
  /** By id of the capture; made anew when a file is opened or closed. */
  private readonly allocations = new Map<string, JoinedAllocations>();

  /** Symbol files by id, in the order in which they were opened. */
  get symbolFiles(): ReadonlyMap<string, SymbolFile> {
    return this.files;
  }

  addSymbols(id: string, file: SymbolFile): void {
    this.files.set(id, file);
  }

  /** A capture with the names that the open symbol files give to its frames, and what is found by these and rules. */
  named(id: string, read: Analysed, rules: readonly KindRule[]): Analysed {
    this.asRead.set(id, read);
    this.allocations.clear();
    let { capture } = read;
    const namings: Naming[] = [];
    for (const { path, kallsyms } of this.files.values()) {
      const named = nameFrames(capture, kallsyms);
      // One that needs no names is not worth a word.
      if (named.bare === 0) break;
      namings.push({ file: path, ...named });
      capture = named.capture;
    }
    this.namings.set(id, namings);
    if (capture === read.capture && read.rules === rules) return read;
    const judged = { capture, ...atOnce(analysisSteps(capture, rules)), rules };
    if (capture === read.capture) this.asRead.set(id, judged);
    return judged;
  }

  /** The same again when other symbol files are open; null for a capture that was never named. */
  namedAnew(id: string, rules: readonly KindRule[]): Analysed | null {
    const read = this.asRead.get(id);
    return read === undefined ? null : this.named(id, read, rules);
  }

  /** What the symbol files did for a capture; empty for one that needs no names. */
  namingsOf(id: string): readonly Naming[] {
    return this.namings.get(id) ?? [];
  }

  /** Forgets a file; true when it was one of symbols, so that captures have to be named anew. */
  close(id: string): boolean {
    this.asRead.delete(id);
    this.namings.delete(id);
    this.allocations.clear();
    return this.files.delete(id);
  }

  /** To be called when any capture comes, grows or goes. */
  forgetAllocations(): void {
    this.allocations.clear();
  }

  /** @param all the open captures, by id */
  allocationsOf(id: string, all: ReadonlyMap<string, Analysed>): JoinedAllocations {
    const known = this.allocations.get(id);
    if (known !== undefined) return known;
    const { capture, analysis } = all.get(id)!;
    const { pages } = analysis;
    const others = [...all].map(([other, analysed]) => ({ id: other, capture: analysed.capture }));
    const dumps = pages.length === 0 ? [] : dumpsFor(capture, others);
    const made = { dumps, pages: new PageAllocations(capture, pages, dumps) };
    this.allocations.set(id, made);
    return made;
  }

  /** Ids of the captures to whose pages a dump is joined. */
  tracesOf(dump: string, all: ReadonlyMap<string, Analysed>): readonly string[] {
    return [...all.keys()].filter(
      (id) => id !== dump && this.allocationsOf(id, all).dumps.some((each) => each.id === dump),
    );
  }
}
