// Makes a capture of any size out of a small real one: all of it comes again and again, later each time and on other
// pages, along the same code paths.
// node test/bench/generate.mjs --from FILE (--events N | --times K) --out FILE
import { existsSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundled } from './build.mjs';

const USAGE = 'node test/bench/generate.mjs --from FILE (--events N | --times K) --out FILE';
const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    events: { type: 'string' },
    times: { type: 'string' },
    out: { type: 'string' },
  },
});
const { from, out } = values;
const amount =
  values.times === undefined ? { events: Number(values.events) } : { times: Number(values.times) };
const [number] = Object.values(amount);
if (!from || !out || !Number.isInteger(number) || number < 1) {
  console.error(`usage: ${USAGE}`);
  process.exit(2);
}
if (!existsSync(from)) {
  console.error(`${from}: there is no such file`);
  process.exit(2);
}
const { writeRepeated } = (await import(pathToFileURL(await bundled('generator/repeatCapture.ts')).href))
  .default;
try {
  const { times } = await writeRepeated(from, amount, out);
  console.log(`${out}: ${times} times ${from}, ${statSync(out).size} bytes`);
} catch (error) {
  console.error(`${from}: cannot be repeated: ${error.message}`);
  process.exit(1);
}
