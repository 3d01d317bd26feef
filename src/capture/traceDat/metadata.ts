import { eventIdentity, parseEventFormat, parseField, type EventFormat } from './eventFormat';
import { KernelSymbols } from './kernelSymbols';
import { decodeText, type SequentialReader } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Where the head of a ring buffer page keeps what, in bytes (events/header_page). */
export interface PageHeader {
  readonly timestampOffset: number;
  readonly commitOffset: number;
  /** Size of the commit word: the kernel's `long`, 4 or 8. */
  readonly longSize: 4 | 8;
  readonly dataOffset: number;
}

/** How a record's head is packed (events/header_event). */
export interface RecordHeader {
  readonly typeBits: number;
  readonly deltaBits: number;
  readonly padding: number;
  readonly timeExtend: number;
  readonly timeStamp: number;
  /** Largest type that is a length in words. */
  readonly largestData: number;
}

interface FormatText {
  readonly system: string;
  readonly text: string;
}

/** As kernels since 2.6.32 pack it, for a `header_event` that does not say. */
const USUAL_RECORD_HEADER: RecordHeader = {
  typeBits: 5,
  deltaBits: 27,
  padding: 29,
  timeExtend: 30,
  timeStamp: 31,
  largestData: 28,
};

/** Largest list of events or systems that is believed: all of a kernel's are some 2,000 in 150 systems. */
const MOST_LISTED = 1 << 20;

/**
 * What a recording says about the recorded kernel: how pages and events are laid out, and what addresses, pids
 * and string pointers stand for. Each `read…` takes one part in the form that both versions of trace.dat and
 * the tracing data of perf.data share, and throws UnexpectedData where it is damaged.
 */
export class TraceMetadata {
  page: PageHeader | null = null;
  record: RecordHeader = USUAL_RECORD_HEADER;
  readonly symbols = new KernelSymbols();
  /** Strings of the kernel by address: trace_printk formats and what RCU and others print by pointer. */
  readonly strings = new Map<bigint, string>();
  /** Names of tasks by pid. */
  readonly comms = new Map<number, string>();
  private readonly formats = new Map<number, FormatText>();

  /** Number of events whose format is known. */
  get eventCount(): number {
    return this.formats.size;
  }

  /** Ids of all events whose format is known. */
  get eventIds(): IterableIterator<number> {
    return this.formats.keys();
  }

  /** The format of the event with an id, parsed when it is first met, or null. */
  format(id: number): EventFormat | null {
    const found = this.formats.get(id);
    return found ? parseEventFormat(found.system, found.text) : null;
  }

  /** `header_page` and `header_event`. */
  async readHeaders(reader: SequentialReader): Promise<void> {
    const page = await headerText(reader, 'header_page');
    const event = await headerText(reader, 'header_event');
    this.page = pageHeader(page.text, page.offset);
    this.record = recordHeader(event.text, event.offset);
  }

  /** The formats of the ftrace system. */
  async readFtraceFormats(reader: SequentialReader): Promise<void> {
    const count = await reader.u32('the number of ftrace events');
    await this.readFormats(reader, 'ftrace', count);
  }

  /** The formats of all other systems. */
  async readEventFormats(reader: SequentialReader): Promise<void> {
    const systems = await counted(reader, 'event systems');
    for (let i = 0; i < systems; i++) {
      const system = await reader.string('the name of an event system');
      await this.readFormats(reader, system, await counted(reader, `events of ${system}`));
    }
  }

  async readKallsyms(reader: SequentialReader): Promise<void> {
    const size = await reader.u32('the size of kallsyms');
    const text = await reader.upTo(size);
    // Names are looked up in these bytes later: the reader never writes into a window again.
    this.symbols.readKallsyms(text);
    if (text.length < size) throw cutOff(reader, 'kallsyms', size, text.length);
  }

  /** `0xffffffff81dec778 : "thaw_processes"` (tracing/printk_formats). */
  async readPrintkFormats(reader: SequentialReader): Promise<void> {
    const size = await reader.u32('the size of the printk formats');
    const text = await reader.upTo(size);
    for (const [, address, string] of decodeText(text).matchAll(/^0x([0-9a-f]{1,16}) : "(.*)"$/gim)) {
      this.strings.set(BigInt(`0x${address}`), string!.replace(/\\n$/, ''));
    }
    if (text.length < size) throw cutOff(reader, 'the printk formats', size, text.length);
  }

  /** `130 pinner` (tracing/saved_cmdlines). */
  async readCommandLines(reader: SequentialReader): Promise<void> {
    const size = await reader.u64('the size of the task names');
    const text = await reader.upTo(size);
    for (const line of decodeText(text).split('\n')) {
      const match = /^\s*(\d{1,10}) (.*)$/.exec(line);
      if (match) this.comms.set(Number(match[1]), match[2]!);
    }
    if (text.length < size) throw cutOff(reader, 'the task names', size, text.length);
  }

  private async readFormats(reader: SequentialReader, system: string, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const size = await reader.u64(`the size of a format of ${system}`);
      const text = decodeText(await reader.bytes(size, `a format of ${system}`));
      const identity = eventIdentity(text);
      if (identity) this.formats.set(identity.id, { system, text });
    }
  }
}

async function counted(reader: SequentialReader, what: string): Promise<number> {
  const place = reader.place;
  const count = await reader.u32(`the number of ${what}`);
  if (count > MOST_LISTED) {
    throw new UnexpectedData(place, `${count} ${what}, expected at most ${MOST_LISTED}; the file is damaged`);
  }
  return count;
}

async function headerText(reader: SequentialReader, name: string): Promise<{ text: string; offset: number }> {
  const offset = reader.place;
  const found = await reader.bytes(name.length + 1, name);
  if (decodeText(found) !== `${name}\0`) {
    throw new UnexpectedData(offset, `"${name}" is missing, expected it here; the file is damaged`);
  }
  const size = await reader.u64(`the size of ${name}`);
  return { text: decodeText(await reader.bytes(size, name)), offset };
}

/** @throws UnexpectedData when the text does not describe the pages of a ring buffer since Linux 2.6.32 */
function pageHeader(text: string, offset: number): PageHeader {
  const fields = new Map(
    text
      .split('\n')
      .map(parseField)
      .filter((field) => field !== null)
      .map((field) => [field.name, field]),
  );
  const timestamp = fields.get('timestamp');
  const commit = fields.get('commit');
  const data = fields.get('data');
  if (timestamp?.size !== 8 || !commit || (commit.size !== 4 && commit.size !== 8) || !data) {
    throw new UnexpectedData(
      offset,
      'header_page does not describe pages with a timestamp of 8 bytes, a commit of 4 or 8 bytes and data',
    );
  }
  return {
    timestampOffset: timestamp.offset,
    commitOffset: commit.offset,
    longSize: commit.size,
    dataOffset: data.offset,
  };
}

/** @throws UnexpectedData when a record's head is not a 32-bit word of type and time delta */
function recordHeader(text: string, offset: number): RecordHeader {
  const number = (pattern: RegExp, usual: number): number => {
    const match = pattern.exec(text);
    return match ? Number(match[1]) : usual;
  };
  const usual = USUAL_RECORD_HEADER;
  const header = {
    typeBits: number(/type_len\s*:\s*(\d+) bits/, usual.typeBits),
    deltaBits: number(/time_delta\s*:\s*(\d+) bits/, usual.deltaBits),
    padding: number(/padding\s*:\s*type == (\d+)/, usual.padding),
    timeExtend: number(/time_extend\s*:\s*type == (\d+)/, usual.timeExtend),
    timeStamp: number(/time_stamp\s*:\s*type == (\d+)/, usual.timeStamp),
    largestData: number(/data max type_len\s*==\s*(\d+)/, usual.largestData),
  };
  if (
    header.typeBits < 1 ||
    header.typeBits + header.deltaBits !== 32 ||
    header.largestData >= header.padding
  ) {
    throw new UnexpectedData(
      offset,
      `header_event describes records with ${header.typeBits} bits of type and ${header.deltaBits} of time, ` +
        'expected 32 together; the recording is of a kernel before 2.6.32 or damaged',
    );
  }
  return header;
}

function cutOff(reader: SequentialReader, what: string, size: number, found: number): UnexpectedData {
  return new UnexpectedData(
    reader.place,
    `${what} should take ${size} bytes, but only ${found} are there; what is there was read`,
  );
}
