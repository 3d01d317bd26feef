import { stat } from 'node:fs/promises';
import { openFailure } from '../engine/node/openFailure';

/** Why modules cannot be looked for there, with the name of the folder; null where they can. */
export async function whyNoFolder(modules: string): Promise<string | null> {
  try {
    const status = await stat(modules);
    return status.isDirectory() ? null : `${modules} is no folder; expected the one in which the modules are`;
  } catch (error) {
    return `${modules} ${openFailure(error)}; expected the folder in which the modules are`;
  }
}
