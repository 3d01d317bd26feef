import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenFiles } from '../../../src/engine/node/openFiles';
import { DebugFile } from '../../../src/source/debugFile';

const FOLDER = 'test/fixtures/debugInfo';
const FUNCTIONS = ['same', 'caller', 'jumper', 'outer', 'indirect', 'other'];

for (const name of ['dwarf4.elf', 'dwarf5.ko', 'dwarf5-zlib.elf', 'dwarf4-zstd.ko', 'clang-dwarf5.elf']) {
  test(`${name}: an address says the same whether or not its function was asked before`, async () => {
    const open = (): Promise<DebugFile> => DebugFile.open(new OpenFiles().open(`${FOLDER}/${name}`));
    const asked = await open();
    let inlined = 0;
    for (const symbol of (await Promise.all(FUNCTIONS.map((each) => asked.symbolsNamed(each)))).flat()) {
      for (let offset = 0n; offset < BigInt(symbol.size); offset++) {
        const address = symbol.address + offset;
        const fresh = await (await open()).lookUp(address);
        assert.deepEqual((await asked.lookUp(address)).places, fresh.places, `${symbol.name}+${offset}`);
        if (fresh.places.length > 1) inlined++;
      }
    }
    assert.ok(inlined > 0);
  });
}
