// Mutation tests for longer: round after round with seeds of their own until the time is over.
// npm run fuzz -- [MINUTES] [NAME]   (default: 10 minutes, every *Mutation.test.js in turn)
//
// Each run prints its seed. A round that fails says how it is run alone and where its file is kept.
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runVisible } from '../host/command.mjs';

const FOLDER = 'out/unit';
const ROUNDS = process.env.MUTATIONS ?? '20000';
const [minutes = '10', name = ''] = process.argv.slice(2);

const files = readdirSync(FOLDER).filter((file) => file.endsWith('Mutation.test.js') && file.includes(name));
if (files.length === 0) {
  console.error(`no ${name}*Mutation.test.js in ${FOLDER}: build with "npm run build" first`);
  process.exit(2);
}
const until = Date.now() + Number(minutes) * 60_000;
let failed = 0;
let runs = 0;
do {
  const seed = String(process.env.MUTATION_SEED ?? randomInt(2 ** 31));
  for (const file of files) {
    if (runs > 0 && Date.now() >= until) break;
    runs++;
    console.log(`\n${file}: MUTATION_SEED=${seed} MUTATIONS=${ROUNDS}`);
    const env = { ...process.env, MUTATION_SEED: seed, MUTATIONS: ROUNDS };
    const args = ['--test', '--test-reporter=spec', path.join(FOLDER, file)];
    if ((await runVisible(process.execPath, args, { env })) !== 0) failed++;
  }
} while (Date.now() < until && process.env.MUTATION_SEED === undefined);
console.log(`\n${runs} runs, ${failed} of them failed`);
process.exitCode = failed > 0 ? 1 : 0;
