import { moduleName } from './kernelMaps';
import { longAt } from './perfSample';

/** Numbers of the features that are read (tools/perf/util/header.h). */
export const Feature = {
  tracingData: 1,
  buildId: 2,
  hostname: 3,
  osRelease: 4,
  version: 5,
  arch: 6,
  cpuCount: 7,
  cpuDescription: 8,
  totalMemory: 10,
  commandLine: 11,
  eventDescriptions: 12,
  dirFormat: 24,
  clockData: 29,
} as const;

const READ_FEATURES: ReadonlySet<number> = new Set(Object.values(Feature));

/** An event as the EVENT_DESC feature names it. */
interface EventDescription {
  readonly name: string;
  readonly ids: readonly number[];
}

const STRING_FACTS: ReadonlyMap<number, string> = new Map<number, string>([
  [Feature.hostname, 'hostname'],
  [Feature.osRelease, 'kernel'],
  [Feature.version, 'perf version'],
  [Feature.arch, 'architecture'],
  [Feature.cpuDescription, 'CPU'],
]);

/** Offset of the name in an entry of the BUILD_ID feature: header, pid, and 24 bytes of build id. */
const BUILD_ID_NAME = 36;
const BUILD_ID_START = 12;
const BUILD_ID_SIZE = 20;
/** PERF_RECORD_MISC_CPUMODE_MASK and PERF_RECORD_MISC_KERNEL: whose memory the file is mapped in. */
const CPU_MODE_MASK = 7;
const MODE_KERNEL = 1;
/** PERF_RECORD_MISC_BUILD_ID_SIZE: byte 32 of the entry is the size of the build id. */
const HAS_BUILD_ID_SIZE = 1 << 15;

/** Names of CLOCK_* (include/uapi/linux/time.h). */
const CLOCKS: ReadonlyMap<number, string> = new Map([
  [0, 'realtime'],
  [1, 'monotonic'],
  [4, 'monotonic_raw'],
  [7, 'boottime'],
  [11, 'tai'],
]);

/** Name of a clock id; `null` stands for perf's own clock. */
export function clockName(id: number | null): string {
  if (id === null) return 'perf (sched_clock)';
  return CLOCKS.get(id) ?? `clock ${id}`;
}

/** A build-id of up to 20 bytes in lower-case hexadecimal digits. */
export function buildIdAt(bytes: Uint8Array, at: number, length: number): string {
  const id = bytes.subarray(at, at + Math.min(length, BUILD_ID_SIZE));
  return Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the features of a perf.data say, for people and for reading the events. */
export class PerfFacts {
  readonly facts = new Map<string, string>();
  /** Kernel release as of uname, or null. */
  release: string | null = null;
  /** In lower-case hexadecimal digits, or null. */
  kernelBuildId: string | null = null;
  /** By module, in lower-case hexadecimal digits. */
  readonly moduleBuildIds = new Map<string, string>();
  readonly descriptions: EventDescription[] = [];
  /** The data stands in other files of a directory (perf record --threads). */
  isDirectory = false;

  constructor(private readonly littleEndian: boolean) {}

  /** Whether a feature says something that is used. */
  static reads(feature: number): boolean {
    return READ_FEATURES.has(feature);
  }

  /** Takes in one feature's content. What does not fit in it is left out. */
  read(feature: number, content: Uint8Array): void {
    const cursor = new FeatureCursor(content, this.littleEndian);
    const fact = STRING_FACTS.get(feature);
    if (fact !== undefined) {
      const text = cursor.string();
      if (text !== '') this.facts.set(fact, text);
      if (feature === Feature.osRelease && text !== '') this.release = text;
      return;
    }
    switch (feature) {
      case Feature.cpuCount:
        if (cursor.has(8)) this.facts.set('CPUs', `${(cursor.word(), cursor.word())}`);
        break;
      case Feature.totalMemory:
        if (cursor.has(8)) this.facts.set('memory', `${cursor.long()} kB`);
        break;
      case Feature.commandLine:
        this.facts.set('command', cursor.strings().join(' '));
        break;
      case Feature.eventDescriptions:
        this.readDescriptions(cursor);
        break;
      case Feature.buildId:
        this.readBuildIds(content);
        break;
      case Feature.dirFormat:
        this.isDirectory = true;
        break;
      case Feature.clockData:
        this.readClockData(cursor);
        break;
      default:
    }
  }

  /** `u32 nr; u32 attr_size; { attr; u32 nr_ids; string; u64 ids[] }[nr]`. */
  private readDescriptions(cursor: FeatureCursor): void {
    if (!cursor.has(8)) return;
    const count = cursor.word();
    const attributeSize = cursor.word();
    for (let i = 0; i < count && cursor.has(attributeSize + 8); i++) {
      cursor.skip(attributeSize);
      const idCount = cursor.word();
      const name = cursor.string();
      const ids: number[] = [];
      while (ids.length < idCount && cursor.has(8)) ids.push(cursor.long());
      this.descriptions.push({ name, ids });
    }
  }

  private readBuildIds(content: Uint8Array): void {
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    for (let at = 0; at + BUILD_ID_NAME < content.length;) {
      const misc = view.getUint16(at + 4, this.littleEndian);
      const size = view.getUint16(at + 6, this.littleEndian);
      if (size < BUILD_ID_NAME) return;
      const name = text(content.subarray(at + BUILD_ID_NAME, at + size));
      const hasSize = (misc & HAS_BUILD_ID_SIZE) !== 0;
      const length = hasSize ? content[at + BUILD_ID_START + BUILD_ID_SIZE]! : BUILD_ID_SIZE;
      const module = (misc & CPU_MODE_MASK) === MODE_KERNEL ? moduleName(name) : null;
      if (name === '[kernel.kallsyms]') {
        this.kernelBuildId = buildIdAt(content, at + BUILD_ID_START, length);
        this.facts.set('kernel build id', this.kernelBuildId);
      } else if (module !== null && length > 0) {
        this.moduleBuildIds.set(module, buildIdAt(content, at + BUILD_ID_START, length));
      }
      at += size;
    }
  }

  /** `u32 version; u32 clockid; u64 wall_clock_ns; u64 clockid_time_ns`: the same moment by two clocks. */
  private readClockData(cursor: FeatureCursor): void {
    if (!cursor.has(24) || cursor.word() !== 1) return;
    const clock = clockName(cursor.word());
    const wall = cursor.long();
    const time = cursor.long();
    const date = new Date(wall / 1e6);
    if (Number.isNaN(date.getTime())) return;
    this.facts.set('wall clock', `${date.toISOString()} at ${(time / 1e9).toFixed(6)} of clock ${clock}`);
  }
}

/** Reads numbers and strings of a feature's content one after the other; behind its end all is empty. */
class FeatureCursor {
  private at = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly littleEndian: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  has(length: number): boolean {
    return this.at + length <= this.bytes.length;
  }

  skip(length: number): void {
    this.at += length;
  }

  word(): number {
    if (!this.has(4)) return 0;
    this.at += 4;
    return this.view.getUint32(this.at - 4, this.littleEndian);
  }

  long(): number {
    if (!this.has(8)) return 0;
    this.at += 8;
    return longAt(this.view, this.at - 8, this.littleEndian);
  }

  /** `u32 len; char string[len]`, padded with zeros. */
  string(): string {
    const length = Math.min(this.word(), this.bytes.length - this.at);
    this.at += length;
    return text(this.bytes.subarray(this.at - length, this.at));
  }

  strings(): string[] {
    const count = this.word();
    const strings: string[] = [];
    while (strings.length < count && this.has(4)) strings.push(this.string());
    return strings;
  }
}

/** Bytes up to the first NUL as UTF-8 text. */
export function text(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}
