/** What the frames of a capture say of a vmlinux: where it stood in memory, and whether it is of the traced build. */
import type { CodeSymbol, DebugFile } from './debugFile';
import type { DebugFrame, KernelModules } from './kernelDebugInfo';

/** How many functions of a capture were held against the debug info, and how many agree. */
interface Compared {
  readonly compared: number;
  readonly agreeing: number;
}

export interface KernelFit {
  /** By the sizes in `func+0x1/0x20`. */
  readonly sizes: Compared;
  /** By their addresses: all functions of a kernel are moved alike. */
  readonly addresses: Compared;
}

interface Learned {
  /** Added by KASLR to the addresses of the kernel; null when nothing tells. */
  readonly shift: bigint | null;
  /** By module, what is added to the addresses of its file. */
  readonly moduleShifts: Map<string, bigint>;
  readonly fit: KernelFit;
  /** What speaks against the same build, to continue "it is of another build:"; empty when nothing does. */
  readonly misfit: string;
  /** Whether so much agrees that no other build would. */
  readonly isFitting: boolean;
}

export const NOTHING_COMPARED: KernelFit = {
  sizes: { compared: 0, agreeing: 0 },
  addresses: { compared: 0, agreeing: 0 },
};

/** x86 and arm64 move the kernel by multiples of 2 MB at least (CONFIG_PHYSICAL_ALIGN; MIN_KIMG_ALIGN). */
const KASLR_STEP = 0x200000n;
/** Modules are loaded at the begin of a page (vmalloc). */
const PAGE = 0x1000n;
/** CONFIG_FUNCTION_ALIGNMENT is 64 bytes at most. */
const LARGEST_PADDING = 64;
/** The last function of a section has the space up to the next section in its size by kallsyms: a few may differ. */
const LEAST_AGREEMENT = 0.9;
/** As many functions would not be as far from each other in another build by chance; their sizes often are the same. */
const LEAST_COMPARED = 8;
/** Return addresses that are tried to find out where a module was. */
const MOST_TRIED = 64;

/** Of the symbols behind a function kallsyms leaves some out (scripts/kallsyms.c is_ignored_symbol). */
const MOST_LEFT_OUT = 4;

/**
 * Whether a function is printed as one of `printed` bytes: kallsyms takes what is up to the next symbol
 * (kernel/kallsyms.c get_symbol_pos), and so counts the padding between functions. Assembly often has no size.
 */
export async function hasSize(file: DebugFile, symbol: CodeSymbol, printed: number): Promise<boolean> {
  const { size } = symbol;
  if (size === 0 || printed === size) return true;
  if (printed < size || printed - size >= LARGEST_PADDING) return false;
  const ends = await file.distancesBehind(symbol, MOST_LEFT_OUT);
  // Behind the last function of a section stands what is not code.
  return ends.length === 0 || ends.includes(printed);
}

/**
 * Whether a frame of the function may have an address: where a call in it returns to, at most its end, or its begin, where it
 * was entered by a return.
 */
export function returnsTo({ address, size }: CodeSymbol, returned: bigint): boolean {
  return returned >= address && returned <= address + BigInt(size === 0 ? Number(PAGE) : size);
}

/** By how much KASLR moved a function that has `address` in a frame; null when it cannot be that function. */
export function shiftBy({ address: own, size }: CodeSymbol, address: bigint): bigint | null {
  const distance = address - own;
  const offset = ((distance % KASLR_STEP) + KASLR_STEP) % KASLR_STEP;
  return offset <= BigInt(size) ? distance - offset : null;
}

/**
 * @param frames those of a capture, all of one boot
 * @param known what KASLR added, when that is known already
 * @param pause called between frames
 */
export async function learnFrom(
  kernel: DebugFile,
  modules: KernelModules,
  frames: readonly DebugFrame[],
  known: bigint | null,
  pause: () => Promise<void> | undefined,
): Promise<Learned> {
  const sizes = new Map<string, boolean>();
  const votes = new Map<bigint, Set<string>>();
  const addressed = new Set<string>();
  const ofModules = new Map<string, DebugFrame[]>();
  for (const frame of frames) {
    await pause();
    const { function: name, module, size, address } = frame;
    const file = module === null ? kernel : await modules.open(module);
    const symbols = (await file?.symbolsNamed(name)) ?? [];
    const [symbol, ...others] = symbols;
    if (symbol === undefined) continue;
    if (typeof size === 'number') {
      const key = `${name} ${module ?? ''}`;
      const isSized = sizes.get(key) === true || (await hasAnySize(file!, symbols, size));
      sizes.set(key, isSized);
    }
    if (typeof address !== 'bigint') continue;
    if (module !== null) {
      const kept = ofModules.get(module);
      if (kept === undefined) ofModules.set(module, [frame]);
      else kept.push(frame);
    } else if (others.length === 0 && symbol.size > 0) {
      addressed.add(name);
      const shift = shiftBy(symbol, address);
      if (shift === null) continue;
      const voters = votes.get(shift);
      if (voters === undefined) votes.set(shift, new Set([name]));
      else voters.add(name);
    }
  }
  const [best] = [...votes].sort(([, one], [, other]) => other.size - one.size);
  const shift = known ?? best?.[0] ?? null;
  const moduleShifts = new Map<string, bigint>();
  for (const [module, own] of ofModules) {
    await pause();
    const file = await modules.open(module);
    const found = file === null ? null : await moduleShift(file, own);
    if (found !== null) moduleShifts.set(module, found);
  }
  const fit = {
    sizes: { compared: sizes.size, agreeing: [...sizes.values()].filter(Boolean).length },
    addresses: {
      compared: addressed.size,
      agreeing: shift === null ? 0 : (votes.get(shift)?.size ?? 0),
    },
  };
  return { shift, moduleShifts, fit, misfit: misfitOf(fit), isFitting: isFitting(fit) };
}

async function hasAnySize(
  file: DebugFile,
  symbols: readonly CodeSymbol[],
  printed: number,
): Promise<boolean> {
  for (const symbol of symbols) if (await hasSize(file, symbol, printed)) return true;
  return false;
}

function agrees({ compared, agreeing }: Compared): boolean {
  return agreeing >= LEAST_AGREEMENT * compared;
}

function misfitOf({ sizes, addresses }: KernelFit): string {
  if (!agrees(sizes)) {
    return `${sizes.compared - sizes.agreeing} of ${sizes.compared} functions have another size in the capture`;
  }
  if (agrees(addresses)) return '';
  return `${addresses.compared - addresses.agreeing} of ${addresses.compared} functions are at other addresses in the capture`;
}

function isFitting({ sizes, addresses }: KernelFit): boolean {
  return agrees(sizes) && addresses.compared >= LEAST_COMPARED && agrees(addresses);
}

/**
 * What is added to the addresses of a module's code. A frame with an offset says it; of the others each may return from
 * any call in its function, and the module begins at a page: few places fit one frame, and one fits most of them. Null
 * when nothing tells. Of code that is laid out apart from .text (.text.unlikely, .init.text) it is not true.
 */
async function moduleShift(file: DebugFile, frames: readonly DebugFrame[]): Promise<bigint | null> {
  const votes = new Map<bigint, number>();
  for (const { function: name, offset, address } of frames.slice(0, MOST_TRIED)) {
    const fitting = new Set<bigint>();
    for (const symbol of await file.symbolsNamed(name)) {
      if (offset !== null) fitting.add(address! - symbol.address - BigInt(offset));
      else for (const call of await file.callsIn(symbol.address)) fitting.add(address! - call.address);
    }
    for (const shift of fitting) {
      if (shift % PAGE === 0n) votes.set(shift, (votes.get(shift) ?? 0) + 1);
    }
  }
  const [best, second] = [...votes].sort(([, one], [, other]) => other - one);
  return best === undefined || best[1] === second?.[1] ? null : best[0];
}
