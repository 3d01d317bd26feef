import type { FileStructure } from './fileStructure';

/** What the head, the options and the metadata of a file say about the recording, for people. */
export function captureFacts(structure: FileStructure): (readonly [string, string])[] {
  const { header, options, metadata, buffers, clock } = structure;
  const facts: (readonly [string, string])[] = [];
  if (header) facts.push(['trace.dat version', String(header.version)]);
  if (header && header.compression !== 'none') facts.push(['compression', header.compression]);
  if (header && !header.littleEndian) facts.push(['byte order', 'big endian']);
  if (options.uname !== null) facts.push(['kernel', options.uname]);
  if (options.recorder !== null) facts.push(['recorded by trace-cmd', options.recorder]);
  if (clock !== '') facts.push(['clock', options.tsc ? `${clock}, converted to ns` : clock]);
  const cpus = new Set(buffers.flatMap((buffer) => buffer.cpus.map((range) => range.cpu)));
  if (cpus.size > 0) facts.push(['CPUs', String(options.cpuCount ?? cpus.size)]);
  const instances = buffers.map((buffer) => buffer.name).filter((name) => name !== '');
  if (instances.length > 0) facts.push(['instances', instances.join(', ')]);
  if (options.traceId !== null) facts.push(['trace id', hexadecimal(options.traceId)]);
  for (const guest of options.guests) {
    facts.push(['guest', `${guest.name} (trace id ${hexadecimal(guest.traceId)})`]);
  }
  if (options.host) facts.push(['times shifted to host', `trace id ${hexadecimal(options.host.peer)}`]);
  if (options.timeOffset !== 0n) facts.push(['time offset', `${options.timeOffset} ns`]);
  for (const [name, count] of lossesIn(options.cpuStats)) facts.push([name, String(count)]);
  if (options.hasLastBoot)
    facts.push(['recorded before the last boot', 'names of frames may be those of a later boot']);
  if (metadata.symbols.codeCount > 0) facts.push(['kernel symbols', String(metadata.symbols.codeCount)]);
  return facts;
}

/** Events that the ring buffers lost before they were read, summed over all CPUs (per_cpu/cpuN/stats). */
function lossesIn(stats: readonly string[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const text of stats) {
    for (const [, name, count] of text.matchAll(/^(overrun|commit overrun|dropped events): (\d{1,15})$/gm)) {
      if (Number(count) > 0) sums.set(name!, (sums.get(name!) ?? 0) + Number(count));
    }
  }
  return [...sums];
}

function hexadecimal(value: bigint): string {
  return `0x${value.toString(16)}`;
}
