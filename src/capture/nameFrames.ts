/**
 * Gives names to the frames of a capture that are bare addresses (a perf.data, a trace.dat recorded without kallsyms,
 * its report) by a symbol file: a saved /proc/kallsyms, or the System.map of the build.
 *
 * Names of another kernel or another boot would be wrong without a sign of it, so a file is used only where the
 * capture shows that it fits, in this order: where the recorded kernel stood (perf.data says it); frames that have
 * both an address and a name; and, where all are bare, whether the stacks of known events have the function that
 * the event comes from, and end where the kernel is entered. What differs from the recorded build in between goes
 * unnoticed: a System.map must be of the very build.
 */
import { NONE, type Capture, type SymbolTable } from './eventTable';
import { isBareFrame, withFrameNames, type FrameNamer, type Kallsyms } from './kallsyms';
import { SymbolTableBuilder } from './symbolTableBuilder';

export interface NamedCapture {
  /** The capture itself where nothing was named. */
  readonly capture: Capture;
  /** Addresses without a name before, and how many of them have one now. */
  readonly bare: number;
  readonly named: number;
  /** How far the recorded kernel stood from the addresses of the file (KASLR), in bytes. */
  readonly shift: bigint;
  /** Why the file was not used, for people; null when it was. */
  readonly refusal: string | null;
}

/** Frames of the wrong kernel agree by accident only; of the right one all do but what live patches and eBPF moved. */
const LEAST_AGREEMENT = 0.9;
/** Share of the stacks that must be as the kernel makes them: some are cut short, or lost their inner frames. */
const LEAST_FITTING = 0.9;

/**
 * The function that an event comes from, by its name: it must be in the event's stack. A page_ref event has but one
 * (mm/debug_page_ref.c), which no compiler inlines, so that even the System.map of a build that differs a little,
 * which puts most addresses into the function beside the right one, is told.
 */
const ORIGINS: readonly (readonly [event: RegExp, origin: (event: string) => RegExp])[] = [
  [/^page_ref_\w+$/, (event) => new RegExp(`^__${event}$`)],
  [/^mm_page_alloc$/, () => /^_*alloc_(?:frozen_)?pages/],
  [/^mm_migrate_pages/, () => /^migrate_pages/],
  [/^cma_(?:alloc|release)/, () => /^_*cma_(?:alloc|release)/],
  [/^test_pages_isolated$/, () => /^test_pages_isolated$/],
];

/**
 * Where the kernel is entered: outermost in every stack that was not cut short. Of x86-64 and arm64, and of x86-64 up to
 * 5.7, where exceptions and interrupts had entries without a word in common (arch/x86/entry/entry_64.S).
 */
const ENTRIES = new RegExp(
  `^(?:${[
    'entry_(?:SYSCALL|SYSENTER|INT80)\\w*|asm_(?:exc|sysvec|common)_\\w+',
    'ret_from_(?:fork\\w*|intr)|secondary_startup\\w*',
    '(?:async_)?page_fault|general_protection|machine_check|(?:end_repeat_)?nmi',
    '\\w+_interrupt|x86_platform_ipi|\\w+_callback_vector',
    'el\\d[th]?_\\w+|__(?:primary|secondary)_switched',
  ].join('|')})$`,
);
/** A kernel with one of these is of an architecture whose entries are listed. */
const KNOWN_ARCHITECTURES = ['entry_SYSCALL_64_after_hwframe', 'el0t_64_sync'];

/** How many of a capture's frames are bare addresses. */
export function bareFrames(symbols: SymbolTable): number {
  let count = 0;
  for (let frame = 0; frame < symbols.frameCount; frame++) if (isBareFrame(symbols, frame)) count++;
  return count;
}

/** What is said of a symbol file that is not used, and why. */
export function refused(capture: Capture, refusal: string): NamedCapture {
  return { capture, bare: bareFrames(capture.symbols), named: 0, shift: 0n, refusal };
}

/**
 * Names what `kallsyms` names, if it is of the kernel and the boot of the capture.
 *
 * @param isOfBuild it is of the very build, as build-ids say
 */
export function nameFrames(capture: Capture, kallsyms: Kallsyms, isOfBuild = false): NamedCapture {
  const { symbols } = capture;
  const bare = bareFrames(symbols);
  const unused = (refusal: string): NamedCapture => ({ capture, bare, named: 0, shift: 0n, refusal });
  if (bare === 0) return unused('all its frames have names already');
  const shift = shiftOf(capture, kallsyms);
  if (typeof shift === 'string') return unused(shift);
  const nameOf = frameNamer(kallsyms, shift);
  const others = otherNames(symbols, nameOf);
  if (others.compared > 0 && others.agreeing < LEAST_AGREEMENT * others.compared) {
    return unused(
      `of another kernel or boot: of ${others.compared} frames with address and name, it names ` +
        `${others.agreeing} the same`,
    );
  }
  const named = withFrameNames(symbols, nameOf);
  const left = bareFrames(named);
  if (left === bare)
    return unused('of another kernel or boot: no address of the capture lies in a function of it');
  // Of the very build nothing is open but where the kernel stood.
  const isPlaced = isOfBuild && capture.kernelReference !== undefined;
  const reason = isPlaced || others.compared > 0 ? null : misfit(capture, named, kallsyms);
  if (reason !== null) return unused(reason);
  const withNames = { ...capture, symbols: named, missingNames: null };
  return { capture: withNames, bare, named: bare - left, shift, refusal: null };
}

/**
 * Bytes from the addresses of the file to those of the recording; or why they cannot be brought together.
 *
 * KASLR moves the kernel as a whole, so one symbol tells it for all of a System.map. Modules are placed by
 * themselves: a kallsyms with modules of another boot would name some frames wrong.
 */
function shiftOf({ kernelReference }: Capture, kallsyms: Kallsyms): bigint | string {
  if (kernelReference === undefined) return 0n;
  const { symbol, address } = kernelReference;
  const listed = kallsyms.addressOf(symbol);
  if (listed === null || listed === address) return 0n;
  if (!kallsyms.hasModules) return address - listed;
  return (
    `of another boot: ${symbol} is at 0x${listed.toString(16)} in it and at 0x${address.toString(16)} in the ` +
    'recording; save /proc/kallsyms in the boot that is recorded'
  );
}

function frameNamer({ names }: Kallsyms, shift: bigint): FrameNamer {
  if (shift === 0n) return (high, low, target) => names.namedFrame(high, low, target);
  return (high, low, target) => {
    const address = BigInt.asUintN(64, ((BigInt(high) << 32n) | BigInt(low)) - shift);
    return names.namedFrame(Number(address >> 32n), Number(address & 0xffffffffn), target);
  };
}

/** How many frames have an address and a name, and to how many of them the file gives the same name. */
function otherNames(
  symbols: SymbolTable,
  nameOf: FrameNamer,
): { readonly compared: number; readonly agreeing: number } {
  const names = new SymbolTableBuilder();
  let compared = 0;
  let agreeing = 0;
  for (let frame = 0; frame < symbols.frameCount; frame++) {
    const address = symbols.frameAddress(frame);
    const name = symbols.frameFunction(frame);
    // eBPF programs and trampolines have names of their own.
    if (address === null || !/^[A-Za-z_]/.test(name) || symbols.frameModule(frame) === 'bpf') continue;
    compared++;
    const given = nameOf(Number(address >> 32n), Number(address & 0xffffffffn), names);
    if (given >= 0 && names.frameFunction(given) === name) agreeing++;
  }
  return { compared, agreeing };
}

/**
 * Why the names cannot be right, as the stacks of known events show; null where they fit.
 *
 * @param symbols those of the capture with the names of the file
 */
function misfit({ events }: Capture, symbols: SymbolTable, kallsyms: Kallsyms): string | null {
  /** Pairs of a stack and the name of an event. */
  const seen = new Set<number>();
  /** By stack, the name of its newest event: nearly always it is the one before it had, too. */
  const newest = new Int32Array(symbols.stackCount).fill(NONE);
  let judged = 0;
  let fitting = 0;
  for (let row = 0; row < events.length; row++) {
    const stack = events.stack[row]!;
    const name = events.name[row]!;
    if (stack < 0 || newest[stack] === name) continue;
    newest[stack] = name;
    const pair = stack * symbols.stringCount + name;
    if (seen.has(pair)) continue;
    seen.add(pair);
    const origin = originOf(symbols.string(name));
    if (origin === null) continue;
    judged++;
    if (symbols.stackFrames(stack).some((frame) => origin.test(symbols.frameFunction(frame)))) fitting++;
  }
  if (judged === 0) return 'no event of the capture tells whether it fits';
  if (fitting < LEAST_FITTING * judged) {
    return (
      'of another kernel or boot (KASLR moves the kernel at each): by its names only ' +
      `${fitting} of ${judged} stacks have the function that their event comes from`
    );
  }
  const entered = enteredStacks(symbols, kallsyms);
  if (entered === null || entered >= LEAST_FITTING) return null;
  return 'of another kernel: by its names the stacks do not end where the kernel is entered';
}

function originOf(event: string): RegExp | null {
  const name = event.slice(event.lastIndexOf(':') + 1);
  return ORIGINS.find(([known]) => known.test(name))?.[1](name) ?? null;
}

/** Share of the stacks that end where the kernel is entered; null where that cannot be told. */
function enteredStacks(symbols: SymbolTable, kallsyms: Kallsyms): number | null {
  if (KNOWN_ARCHITECTURES.every((symbol) => kallsyms.addressOf(symbol) === null)) return null;
  const stacks = Array.from({ length: symbols.stackCount }, (_, stack) => symbols.stackFrames(stack));
  const longest = stacks.reduce((most, frames) => Math.max(most, frames.length), 0);
  // Those of full length may have been cut.
  const whole = stacks.filter((frames) => frames.length > 0 && frames.length < longest);
  if (whole.length === 0) return null;
  const entered = whole.filter((frames) => ENTRIES.test(symbols.frameFunction(frames[frames.length - 1]!)));
  return entered.length / whole.length;
}
