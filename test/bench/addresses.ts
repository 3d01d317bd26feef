/**
 * Prints the functions and lines of addresses as addr2line does: FILE ADDRESS…. With `--warm` first, looks them up again
 * and again instead and prints the seconds that one look-up takes.
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
    process.stdout.write(String((performance.now() - begun) / 1000 / (20 * few.length)));
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

void main(process.argv.slice(2));
