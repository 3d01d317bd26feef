/**
 * Prints the functions and lines of addresses as addr2line does: FILE ADDRESS…. With `--warm` first, looks them up again
 * and again instead, then others near to them, and prints the seconds that one look-up of each takes.
 */
import { OpenFiles } from '../../src/engine/node/openFiles';
import { DebugFile } from '../../src/source/debugFile';

async function main(args: string[]): Promise<void> {
  const isWarm = args[0] === '--warm';
  const [name, ...texts] = isWarm ? args.slice(1) : args;
  const file = await DebugFile.open(new OpenFiles().open(name!));
  const addresses = texts.map(BigInt);
  const found = await file.lookUpAll(addresses);
  if (isWarm) {
    const few = addresses.slice(0, 300);
    for (let round = 0; round < 5; round++) for (const address of few) await file.lookUp(address);
    const begun = performance.now();
    for (let round = 0; round < 20; round++) for (const address of few) await file.lookUp(address);
    const again = (performance.now() - begun) / 1000 / (20 * few.length);
    process.stdout.write(`${again} ${await nearBy(file, few)}`);
  } else {
    const lines: string[] = [];
    for (const { symbol, places } of found) {
      if (places.length === 0) lines.push(symbol?.name ?? '??', '??:0');
      for (const place of places)
        lines.push(place.function ?? '??', `${place.file ?? '??'}:${place.line ?? 0}`);
    }
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** Seconds for an address that was not asked for, in a function that was: the median of many rounds. */
async function nearBy(file: DebugFile, addresses: readonly bigint[]): Promise<number> {
  const rounds: number[] = [];
  for (let distance = 1n; distance <= 60n; distance++) {
    const begun = performance.now();
    for (const address of addresses) await file.lookUp(address + distance);
    rounds.push((performance.now() - begun) / 1000 / addresses.length);
  }
  return rounds.slice(20).sort((a, b) => a - b)[20]!;
}

void main(process.argv.slice(2));
