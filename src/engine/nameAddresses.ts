/** Names for the frames of a text that are addresses alone, by the kallsyms of their boot. */
import { NONE } from '../capture/eventTable';
import type { Kallsyms } from '../capture/kallsyms';
import { SymbolTableBuilder } from '../capture/symbolTableBuilder';
import type { DebugFrame } from '../source/kernelDebugInfo';
import type { AnnotateStack } from './annotateStacks';

/** Of the frames that have both: where fewer agree, the file is of another boot. Live patches and eBPF move a few. */
const LEAST_AGREEMENT = 0.9;

export class AddressNames {
  private readonly symbols = new SymbolTableBuilder();
  private compared = 0;
  private agreeing = 0;

  constructor(private readonly kallsyms: Kallsyms) {}

  /** What the frames with a name and an address say against the file being of their boot; empty when nothing does. */
  get doubt(): string {
    const { compared, agreeing } = this;
    if (agreeing >= LEAST_AGREEMENT * compared) return '';
    return (
      `of ${compared} frames with a name and an address it names ${agreeing} the same. It is of another boot ` +
      'or kernel, and what it says of addresses alone is wrong'
    );
  }

  /** The frame with its name where it is an address alone, else the frame itself. */
  named(frame: DebugFrame): DebugFrame {
    const { symbols } = this;
    const { function: own, address, isInterrupted } = frame;
    if (typeof address !== 'bigint') return frame;
    const [high, low] = [Number(address >> 32n), Number(address & 0xffffffffn)];
    const id = this.kallsyms.names.namedFrame(high, low, symbols, isInterrupted !== true);
    const name = id === NONE ? null : symbols.frameFunction(id);
    if (!own.startsWith('0x')) {
      this.compared++;
      if (name === own) this.agreeing++;
      return frame;
    }
    if (name === null) return frame;
    const size = symbols.frameSize(id);
    return {
      ...frame,
      function: name,
      offset: symbols.frameOffset(id),
      size: size < 0 ? null : size,
      module: symbols.frameModule(id),
    };
  }

  /** Annotates the stacks with their names, and says for each address what it stands for. */
  before(annotate: AnnotateStack): AnnotateStack {
    return async (stack) => {
      const named = stack.map((frame) => this.named(frame));
      const annotated = await annotate(named);
      return annotated.map((one, i) => (named[i] === stack[i] ? one : { ...one, name: nameText(named[i]!) }));
    };
  }
}

/** As printk and ftrace print it: `func+0x1a/0x2b [module]`. */
function nameText({ function: name, offset, size, module }: DebugFrame): string {
  const place = `${name}+0x${(offset ?? 0).toString(16)}`;
  const whole = typeof size === 'number' ? `${place}/0x${size.toString(16)}` : place;
  return module === null ? whole : `${whole} [${module}]`;
}
