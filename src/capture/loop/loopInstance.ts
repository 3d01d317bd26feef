/** The WebAssembly of a loop, at work on its memory. */
import type { AddressStacks } from '../addressStacks';
import type { LoopMemory } from './loopMemory';

type Functions = Readonly<Record<string, (...numbers: number[]) => number>>;

/**
 * @param code what a file of assembly/ compiles to
 * @param stacks asked when the loop meets a stack for the first time
 * @param others what the loop asks besides, by the file that declares it
 * @returns what the file exports
 * @throws where WebAssembly lacks what the loop needs
 */
export function loopInstance(
  code: Uint8Array<ArrayBuffer>,
  memory: LoopMemory,
  stacks: AddressStacks,
  others: Readonly<Record<string, Functions>> = {},
): Readonly<Record<string, unknown>> {
  const { exports } = new WebAssembly.Instance(moduleOf(code), {
    env: { memory: memory.memory },
    stackBlocks: {
      blockOf: (start: number, end: number) => {
        const block = stacks.blockOf(memory.view, memory.bytes, start, end);
        memory.addBlock(block, stacks.stackOfBlock(), start, end);
        return block;
      },
      stackOfBlock: () => stacks.stackOfBlock(),
    },
    ...others,
  });
  return exports;
}

/** Compiled once: a folder may have hundreds of small captures. */
const modules = new Map<Uint8Array, WebAssembly.Module>();

function moduleOf(code: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const known = modules.get(code);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(code);
  modules.set(code, module);
  return module;
}
