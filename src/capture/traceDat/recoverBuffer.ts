import { NO_CPU } from '../eventTable';
import { cpusOfRuns, findCpuRuns } from './cpuRuns';
import { bufferStatistics } from './cpuStatistics';
import type { FileHeader } from './fileHeader';
import type { CpuRange, FileOptions } from './fileOptions';
import type { FileRanges } from './fileRanges';
import type { PageHeader } from './metadata';
import { isPageSize } from './pageSize';
import type { FoundSection } from './sections';

/** A buffer whose option is lost. */
interface RecoveredBuffer {
  /** Empty for the top level, else that of the instance by the statistics, or one made up in brackets. */
  readonly name: string;
  readonly cpus: readonly CpuRange[];
  /** What is lost and what was found, for people. */
  readonly loss: string;
}

/**
 * Finds the data of the CPUs in a section of trace data that no option names.
 *
 * @param page null where the file does not say how its pages are laid out
 * @param index place of the section among those of trace data
 */
export async function recoverBuffer(
  file: FileRanges,
  { littleEndian, pageSize }: FileHeader,
  page: PageHeader | null,
  { cpuStats, cpuCount }: FileOptions,
  section: FoundSection,
  index: number,
): Promise<RecoveredBuffer> {
  const layout = page && isPageSize(pageSize) ? { littleEndian, pageSize, page } : null;
  const runs = layout ? await findCpuRuns(file, section, layout) : [];
  const known = bufferStatistics(cpuStats)[index];
  const { name, activeCpus } = known ?? { name: `(instance ${index})`, activeCpus: [] };
  const numbers = cpusOfRuns(runs.length, section.isCompressed, activeCpus, cpuCount);
  const cpus = runs.map((run, at) => ({ ...run, cpu: numbers[at]! }));
  return { name, cpus, loss: lossOf(file.size, section, name, cpus) };
}

function lossOf(fileSize: number, section: FoundSection, name: string, cpus: readonly CpuRange[]): string {
  const buffer = name === '' ? 'the top level' : `buffer "${name}"`;
  const lost = `the option with the place of the events of ${buffer} is lost`;
  if (cpus.length === 0) return `${lost}, and none of their pages is left`;
  const found = cpus.reduce((sum, { size }) => sum + size, 0);
  const isNumbered = cpus.every(({ cpu }) => cpu !== NO_CPU);
  const whose = isNumbered
    ? `of CPU ${cpus.map(({ cpu }) => cpu).join(', ')}`
    : cpus.length === 1
      ? 'of a CPU whose number is lost too'
      : `of ${cpus.length} CPUs whose numbers are lost too`;
  return `${lost}; ${found} bytes ${whose} were found without it${missingBehind(fileSize, section)}`;
}

function missingBehind(fileSize: number, { dataOffset, size, isCutOff }: FoundSection): string {
  if (!isCutOff) return '';
  return size > 0
    ? `, ${dataOffset + size - fileSize} more are missing past the end of the file`
    : ', and nobody wrote how many there should be';
}
