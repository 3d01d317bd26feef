/** Texts that an engine has open as captures, in files that are gone after the tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { Engine } from '../../../../src/engine/engine';
import { DEFAULT_QUERY, type HoldersQuery } from '../../../../src/engine/holdersQuery';
import { nodeHost } from '../../../../src/engine/node/nodeHost';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-texts-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** @param name of the file, which no other text of the tests has */
export async function openedText(name: string, text: string) {
  const file = path.join(scratch, name);
  writeFileSync(file, text);
  const engine = new Engine(nodeHost());
  const { id } = await engine.openCapture({ path: file });
  return { engine, capture: id };
}

/** All that the Holders view has, as text. */
export async function textOf(engine: Engine, query: Partial<HoldersQuery> = {}): Promise<string> {
  return engine.text({ node: null, query: { ...DEFAULT_QUERY, ...query } });
}
