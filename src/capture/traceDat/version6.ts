import { NO_CPU } from '../eventTable';
import type { ProblemList } from '../problemList';
import { noteSecondFile } from '../secondFile';
import { HOW_TO_GET_ALL } from './adviceForCutFile';
import { isTraceDat, type FileHeader } from './fileHeader';
import { OptionId, chosenClock, type BufferOption, type CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import type { FileStructure } from './fileStructure';
import { SequentialReader, decodeText } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Bytes of `options  \0`, `latency  \0`, `flyrecord\0`. */
const TAG_LENGTH = 10;

/** Reads what a trace.dat of version 6 holds, where one part stands after the other (trace-cmd.dat.v6(5)). */
export class Version6Reader {
  constructor(
    private readonly file: FileRanges,
    private readonly header: FileHeader,
    private readonly structure: FileStructure,
    private readonly problems: ProblemList,
  ) {}

  /** @throws UnexpectedData where the file is cut off or damaged; what was read before is kept */
  async read(): Promise<void> {
    const reader = new SequentialReader(this.file, this.header.end, this.file.size, this.header.littleEndian);
    const { metadata, options } = this.structure;
    await metadata.readHeaders(reader);
    await metadata.readFtraceFormats(reader);
    await metadata.readEventFormats(reader);
    await metadata.readKallsyms(reader);
    await metadata.readPrintkFormats(reader);
    await metadata.readCommandLines(reader);
    const cpuCount = await reader.u32('the number of CPUs');
    await this.readBuffer(reader, '', cpuCount);
    for (const buffer of [...options.buffers]) {
      await this.structure.guarded(async () => {
        this.expectBuffer(buffer);
        const bufferReader = new SequentialReader(
          this.file,
          buffer.offset,
          this.file.size,
          this.header.littleEndian,
        );
        await this.readBuffer(bufferReader, buffer.name, options.cpuCount ?? cpuCount);
      });
    }
    const ends = this.structure.buffers.flatMap(({ cpus }) => cpus.map(({ offset, size }) => offset + size));
    await noteSecondFile(this.file, Math.max(reader.position, ...ends), isTraceDat, this.problems);
  }

  /** @throws UnexpectedData when the data of an instance is not in the file */
  private expectBuffer({ name, offset }: BufferOption): void {
    const { size } = this.file;
    if (offset > 0 && offset + TAG_LENGTH <= size) return;
    const place = offset > 0 ? `should be at byte ${offset}` : 'were not written yet';
    throw new UnexpectedData(
      size,
      `the file is cut off at byte ${size}: the events of buffer "${name}" ${place}. ${HOW_TO_GET_ALL}`,
      true,
    );
  }

  /** Options if there are any, then the tag that says what follows, and the table of CPUs. */
  private async readBuffer(reader: SequentialReader, name: string, cpuCount: number): Promise<void> {
    const { options } = this.structure;
    let place = reader.place;
    let tag = decodeText(await reader.bytes(TAG_LENGTH, 'the kind of trace data'));
    if (tag.startsWith('options')) {
      await this.readOptions(reader);
      place = reader.place;
      tag = decodeText(await reader.bytes(TAG_LENGTH, 'the kind of trace data'));
    }
    if (tag.startsWith('latency')) {
      this.structure.texts.push({
        offset: reader.position,
        size: this.file.size - reader.position,
        isCompressed: false,
      });
      return;
    }
    if (tag !== 'flyrecord\0') {
      throw new UnexpectedData(
        place,
        'expected "options", "latency" or "flyrecord" here; the file is damaged',
      );
    }
    const cpus: CpuRange[] = [];
    const isWhole = await this.structure.guarded(async () => {
      const count = name === '' ? (options.cpuCount ?? cpuCount) : cpuCount;
      for (let cpu = 0; cpu < Math.min(count, NO_CPU); cpu++) {
        const offset = await reader.u64('the offset of the data of a CPU');
        const size = await reader.u64('the size of the data of a CPU');
        cpus.push({ cpu, offset, size, isCutOff: false });
      }
    });
    if (isWhole && name === '' && options.hasTraceClock) await this.readTraceClock(reader);
    if (isWhole) this.findOpenCpu(name, cpus, reader.position);
    const clock = options.traceClock ?? '';
    this.structure.buffers.push({ name, clock, pageSize: this.header.pageSize, isCompressed: false, cpus });
  }

  /**
   * trace-cmd 3 writes zeros into the table, and over them where the data of a CPU is when all of it is written
   * (tcmd_out_write_cpu_data()): it was ended before, in the data of the first CPU without a place. No buffer has a
   * place behind that one then.
   */
  private findOpenCpu(name: string, cpus: CpuRange[], tableEnd: number): void {
    const cpu = cpus.findIndex(({ offset, size }) => offset === 0 && size === 0);
    const { buffers } = this.structure.options;
    const later = buffers.slice(buffers.findIndex((buffer) => buffer.name === name) + 1);
    if (cpu < 0 || later.some(({ offset }) => offset !== 0)) return;
    const dataEnd = Math.max(tableEnd, ...cpus.map(({ offset, size }) => offset + size));
    const offset = Math.ceil(dataEnd / this.header.pageSize) * this.header.pageSize;
    const size = this.file.size - offset;
    if (!(size > 0)) return;
    cpus[cpu] = { cpu, offset, size, isCutOff: true };
    this.problems.add(
      offset,
      null,
      `trace-cmd was ended while it wrote the events of CPU ${cpu}: the ${size} bytes that are there were read, those ` +
        `of the CPUs after it are lost. ${HOW_TO_GET_ALL}`,
    );
  }

  private async readOptions(reader: SequentialReader): Promise<void> {
    for (;;) {
      const id = await reader.u16('the id of an option');
      if (id === OptionId.done) return;
      const size = await reader.u32('the size of an option');
      const place = reader.place;
      const data = await reader.bytes(size, 'an option');
      await this.structure.guarded(() => this.structure.options.add(id, data, place));
    }
  }

  /** The clock stands behind the table of CPUs; some versions of trace-cmd wrote nothing there. */
  private async readTraceClock(reader: SequentialReader): Promise<void> {
    try {
      const size = await reader.u64('the size of the clock');
      const clock = chosenClock(decodeText(await reader.bytes(size, 'the clock')));
      if (clock !== null) this.structure.options.traceClock = clock;
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
    }
  }
}
