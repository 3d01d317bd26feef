/** What an open symbol file names, as rows. */
import type { NameOf } from './distinctNames';
import type { Naming, SymbolFile } from './joinCaptures';
import { branch, type Branch } from './lazyTree';
import type { CaptureFacts } from './protocol';
import { counted } from './wording';

/** What a symbol file did for one capture; null where that has names for all its frames. */
export interface SymbolUse {
  /** How it is called beside the other open files. */
  readonly capture: string;
  readonly naming: Naming | null;
}

export function symbolFacts(
  id: string,
  { path }: Pick<SymbolFile, 'path'>,
  uses: readonly SymbolUse[],
): CaptureFacts {
  return {
    id,
    path,
    format: 'kallsyms',
    events: 0,
    stacks: 0,
    lost: 0,
    lostAtLeast: false,
    gaps: 0,
    problems: 0,
    beginning: '',
    pageEvents: 0,
    isEmpty: false,
    attempts: 0,
    lookedThrough: 'the file',
    notTried: null,
    tellsOfMoving: false,
    allocations: 0,
    pages: 0,
    doubts: [],
    heldPages: 0,
    unjudgedPages: 0,
    untracedPages: 0,
    poisoned: { pages: 0, heldPages: 0, untracedPages: 0, unjudgedPages: 0 },
    pagesAtLeast: false,
    unnamedFailures: null,
    unreleasedPages: 0,
    kinds: [],
    reasons: [],
    reasonTexts: [],
    part: 1,
    changed: null,
    symbolFile: { says: usesTexts(uses).map((text) => `${text}.`), isRefused: isRefused(uses) },
  };
}

/** What is said when it is opened: of captures that have names already only where no other needs it. */
function usesTexts(uses: readonly SymbolUse[]): readonly string[] {
  if (uses.length === 0) return ['Open the capture that needs it too'];
  const needing = uses.filter(({ naming }) => naming !== null);
  return (needing.length === 0 ? uses : needing).map(useText);
}

function useText({ capture, naming }: SymbolUse): string {
  return `${capture}: ${naming === null ? 'has names for its frames' : namingText(naming)}`;
}

function isRefused(uses: readonly SymbolUse[]): boolean {
  return uses.some(({ naming }) => naming !== null && naming.refusal !== null);
}

/** A row of its own, with one below for each capture. */
export function symbolFileRow(
  id: string,
  name: string,
  file: SymbolFile,
  uses: readonly SymbolUse[],
): Branch {
  return branch(
    {
      id,
      kind: 'symbol-file',
      mood: isRefused(uses) ? 'doubt' : 'plain',
      label: name,
      description: `names of ${counted(file.kallsyms.names.codeCount, 'kernel function')}`,
      tooltip: { title: file.path, rows: [], notes: file.problems.map(({ message }) => message) },
      expanded: true,
      file: { path: file.path, isText: false },
    },
    () =>
      uses.length === 0
        ? [
            branch({
              id: `${id}/none`,
              kind: 'note',
              label: 'It names frames: open the capture that needs it too',
            }),
          ]
        : uses.map((use, index) =>
            branch({
              id: `${id}/${index}`,
              kind: 'fact',
              mood: isRefused([use]) ? 'doubt' : 'plain',
              label: useText(use),
            }),
          ),
  );
}

/** Of a capture, what the symbol files did for it. */
export function namingRows(id: string, namings: readonly Naming[], nameOf: NameOf): readonly Branch[] {
  return namings.map((naming, index) =>
    branch({
      id: `${id}/names${index}`,
      kind: 'note',
      mood: naming.refusal === null ? 'plain' : 'doubt',
      label: `${nameOf(naming.file)}: ${namingText(naming)}`,
    }),
  );
}

/** `names 86 of 86 addresses`, or why it was not used. */
export function namingText({ bare, named, shift, refusal }: Naming): string {
  if (refusal !== null) return `not used, ${refusal}`;
  const moved = shift === 0n ? '' : `, moved by 0x${shift.toString(16)} as the recording says (KASLR)`;
  return `names ${named} of ${counted(bare, 'address', 'addresses')}${moved}`;
}
