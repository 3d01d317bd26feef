/** The vmlinux in use, whether it is that of the captures, and its modules, as rows of the captures tree. */
import type { CaptureFit } from './debugInfo';
import { baseName } from './distinctNames';
import { branch, type Branch } from './lazyTree';
import type { DebugInfoFacts } from './protocol';
import { counted, joined } from './wording';

/** A capture and what is known of its kernel; null before it was compared. */
interface ComparedCapture {
  readonly name: string;
  readonly fit: CaptureFit | null;
}

interface DebugInfoState {
  readonly facts: DebugInfoFacts;
  readonly captures: readonly ComparedCapture[];
  /** Modules that frames name, and whether there is debug info of them. */
  readonly modules: ReadonlyMap<string, boolean>;
  readonly problems: {
    readonly count: number;
    readonly kept: readonly { readonly section: string; readonly offset: number; readonly message: string }[];
  };
}

const ID = 'debug-info';

export function debugInfoRow({ facts, captures, modules, problems }: DebugInfoState): Branch {
  const { vmlinux, release, buildId, isChosen, looked } = facts;
  if (vmlinux === null) return noVmlinuxRow(facts);
  const others = captures.filter(({ fit }) => fit !== null && fit.mismatch !== '');
  return branch(
    {
      id: ID,
      kind: 'fact',
      mood: others.length > 0 ? 'doubt' : 'plain',
      label: `${baseName(vmlinux)} ${release ?? ''}`.trim(),
      description: joined([buildText(captures), isChosen ? 'chosen' : 'found']),
      tooltip: {
        title: vmlinux,
        rows: [
          ['Release', release ?? 'not in it'],
          ['Build-id', buildId ?? 'none'],
        ],
        notes: others.map(({ name, fit }) => `${name}: ${fit!.mismatch}.`),
      },
      file: { path: vmlinux, isText: false },
    },
    () => [
      ...captures.map((capture, index) => captureFitRow(`${ID}/c${index}`, capture)),
      modulesRow(facts, modules, doubtedModules(captures)),
      ...(problems.count === 0 ? [] : [damageRow(problems)]),
      ...lookedRows(looked),
    ],
  );
}

function noVmlinuxRow({ looked }: DebugInfoFacts): Branch {
  return branch(
    {
      id: ID,
      kind: 'fact',
      label: 'No vmlinux',
      description: 'lines are found by the names of functions alone',
      tooltip: {
        title: 'No vmlinux is in use',
        rows: [],
        notes: [
          'With the vmlinux of the traced kernel and its debug info lines are exact, and inlined functions are shown.',
        ],
      },
    },
    looked.length === 0 ? null : () => lookedRows(looked),
  );
}

/** Each of several captures may be of a kernel of its own. */
function buildText(captures: readonly ComparedCapture[]): string {
  const known = captures.flatMap(({ fit }) => fit ?? []);
  if (known.length < captures.length) return '';
  const fitting = known.filter(({ isProven }) => isProven).length;
  const others = known.filter(({ mismatch }) => mismatch !== '').length;
  if (others === known.length && others > 0) return 'of another build: lines are doubtful';
  if (fitting === known.length && fitting > 0) return 'build fits';
  const unproven = known.length - fitting - others;
  if (unproven === known.length) return unproven === 0 ? '' : 'build not proven';
  return joined([
    fitting === 0 ? '' : `build fits ${counted(fitting, 'capture')}`,
    others === 0 ? '' : `of another build than ${counted(others, 'capture')}: lines are doubtful`,
    unproven === 0 ? '' : `not proven for ${counted(unproven, 'capture')}`,
  ]);
}

function captureFitRow(id: string, { name, fit }: ComparedCapture): Branch {
  if (fit === null) return branch({ id, kind: 'fact', label: `${name}: not compared yet` });
  const { isProven, mismatch, otherModules, evidence } = fit;
  const said =
    mismatch !== '' ? 'another build, lines are doubtful' : isProven ? 'fits' : 'not proven to fit';
  const doubts = [...(mismatch === '' ? [] : [mismatch]), ...otherModules.values()];
  return branch({
    id,
    kind: 'fact',
    mood: doubts.length > 0 ? 'doubt' : 'plain',
    label: `${name}: ${said}`,
    description: joined([
      evidence,
      otherModules.size === 0 ? '' : `${counted(otherModules.size, 'module')} of another build`,
    ]),
    tooltip: { title: name, rows: [['Compared', evidence]], notes: doubts.map((doubt) => `${doubt}.`) },
  });
}

/** By module whose file is not of the module that ran in one of the captures: what speaks against it. */
function doubtedModules(captures: readonly ComparedCapture[]): ReadonlyMap<string, string> {
  return new Map(captures.flatMap(({ fit }) => [...(fit?.otherModules ?? [])]));
}

/** @param doubted by module, what speaks against its file */
function modulesRow(
  { modules: folders }: DebugInfoFacts,
  modules: ReadonlyMap<string, boolean>,
  doubted: ReadonlyMap<string, string>,
): Branch {
  const missing = [...modules].filter(([, isThere]) => !isThere).map(([name]) => name);
  const found = modules.size - missing.length;
  const id = `${ID}/modules`;
  const [folder] = folders;
  return branch(
    {
      id,
      kind: 'fact',
      mood: missing.length > 0 || doubted.size > 0 ? 'doubt' : 'plain',
      label:
        modules.size === 0
          ? 'No module in the stacks'
          : `Debug info of ${found} of ${counted(modules.size, 'module')}`,
      description: folders.length === 0 ? 'no folder of modules' : folders.join(', '),
      file: folder === undefined ? null : { path: folder, isText: false },
    },
    modules.size === 0
      ? null
      : () =>
          [...modules]
            .sort()
            .map(([name, isThere]) => moduleRow(`${id}/${name}`, name, isThere, doubted.get(name) ?? '')),
  );
}

function moduleRow(id: string, name: string, isThere: boolean, doubt: string): Branch {
  const said = isThere ? 'with debug info' : 'no debug info found: lines are found by name';
  return branch({
    id,
    kind: 'fact',
    mood: !isThere || doubt !== '' ? 'doubt' : 'plain',
    label: name,
    description: doubt === '' ? said : 'of another build: its lines are doubtful',
    ...(doubt === '' ? {} : { tooltip: { title: name, rows: [], notes: [`${doubt}.`] } }),
  });
}

function damageRow({ count, kept }: DebugInfoState['problems']): Branch {
  const id = `${ID}/damage`;
  return branch(
    { id, kind: 'fact', mood: 'doubt', label: `${counted(count, 'place')} of it could not be read` },
    () =>
      kept.map(({ section, offset, message }, index) =>
        branch({
          id: `${id}/${index}`,
          kind: 'fact',
          mood: 'doubt',
          label: `${section === '' ? 'the file' : section}, byte ${offset}: ${message}`,
        }),
      ),
  );
}

function lookedRows(looked: DebugInfoFacts['looked']): readonly Branch[] {
  return looked.map(({ path, found }, index) =>
    branch({
      id: `${ID}/l${index}`,
      kind: 'fact',
      label: `Looked for ${path}`,
      description: found,
      tooltip: { title: path, rows: [['Found', found]], notes: [] },
    }),
  );
}
