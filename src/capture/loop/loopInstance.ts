/** The WebAssembly of a loop, at work on its memory. */
import type { LoopMemory } from './loopMemory';

/** Asked by a loop when it meets a stack for the first time. */
export interface StackQuestions {
  /** The block of the stack whose addresses are in `[start, end)`; NONE when it is not kept. */
  blockOf(view: DataView, bytes: Uint8Array, start: number, end: number): number;
  /** The stack of the block that was asked for last. */
  stackOfBlock(): number;
}

type Functions = Readonly<Record<string, (...numbers: number[]) => number>>;

/**
 * @param code what a file of assembly/ compiles to
 * @param others what the loop asks besides, by the file that declares it
 * @returns what the file exports
 * @throws where WebAssembly lacks what the loop needs
 */
export function loopInstance(
  code: Uint8Array<ArrayBuffer>,
  memory: LoopMemory,
  questions: StackQuestions,
  others: Readonly<Record<string, Functions>> = {},
): Readonly<Record<string, unknown>> {
  const { exports } = new WebAssembly.Instance(moduleOf(code), {
    env: { memory: memory.memory },
    stackBlocks: {
      blockOf: (start: number, end: number) => {
        const block = questions.blockOf(memory.view, memory.bytes, start, end);
        memory.addBlock(block, questions.stackOfBlock(), start, end);
        return block;
      },
      stackOfBlock: () => questions.stackOfBlock(),
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
