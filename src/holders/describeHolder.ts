/** What the analysis calls a reference and its holder, and where it says such a reference is taken. */
import type { SymbolTable } from '../capture/eventTable';
import { calledName } from './calledName';
import { isInTreeModule } from './inTreeModules';
import { KIND_LABEL } from './kindLabel';
import { KIND_RULES } from './kindRules';
import type { KindRule } from './kindRule';
import type { LedgerReference } from './ledgerReference';
import type { Reference, ReferenceEnd } from './model';
import { byWhom, taskName } from './taskName';

/** What such a reference is called: by its rule, by its module, else by its kind. */
function labelOf({ kind, site }: LedgerReference): string {
  const module = site?.module ?? null;
  if (kind === 'driver' && module !== null) {
    return `${isInTreeModule(module) ? 'module' : 'driver'} ${module}`;
  }
  const rule = site?.rule;
  return (rule?.user === undefined ? rule?.label : undefined) ?? KIND_LABEL[kind];
}

/** What holds it: the name that a person gave it, else the function, with a module that is not the kernel's. */
function holderName({ kind, functionName, site }: LedgerReference): string {
  const name = site?.rule.user?.holder ?? calledName(functionName);
  const module = site?.module ?? null;
  if (name === '' || kind === 'driver' || module === null || isInTreeModule(module)) return name;
  return `${name} [${module}]`;
}

/** The function in which a reference was taken, or dropped where the get is not in the capture. */
export function holderSite(reference: LedgerReference, isPut: boolean): string {
  const holder = reference.site?.rule.user?.holder ?? null;
  if (!isPut || holder === null) return holderName(reference);
  return `${reference.site?.matchedFunction ?? ''} for ${holder}`;
}

/** `pinner-210`; null where the capture does not name the task. */
function describeTask(symbols: SymbolTable, task: number): string | null {
  const pid = symbols.taskPid(task);
  const comm = symbols.taskComm(task);
  if (pid >= 0) return taskName(comm, pid);
  return comm === '' ? null : comm;
}

/**
 * Who holds it, in one line: `pipe buffer · vmsplice · pinner-210`. Without a get the put is named:
 * `pipe buffer · put in pipe_read by pipe-reader-220`.
 */
export function describeHolder(
  symbols: SymbolTable,
  reference: LedgerReference,
  acquired: ReferenceEnd | null,
  released: ReferenceEnd | null,
): string {
  const name = holderName(reference);
  const parts = [labelOf(reference)];
  if (acquired !== null) {
    const task = describeTask(symbols, acquired.task) ?? '';
    parts.push(name, acquired.inInterrupt === true ? 'interrupt' : task);
    return parts.filter((part) => part !== '').join(' · ');
  }
  const by = released === null ? null : byWhom(describeTask(symbols, released.task), released);
  const holder = reference.site?.rule.user?.holder ?? null;
  if (holder !== null) parts.push(holder);
  const put = holder === null ? name : (reference.site?.matchedFunction ?? '');
  parts.push(`${put === '' ? 'put' : `put in ${put}`}${by === null ? '' : ` ${by}`}`);
  return parts.join(' · ');
}

/** What the rule that named a reference adds to it. */
export function namingOf(
  reference: LedgerReference,
): Pick<Reference, 'label' | 'expectedLongTerm' | 'userRule' | 'rivals'> {
  const rule = reference.site?.rule;
  const user = rule?.user;
  return {
    label: labelOf(reference),
    ...(rule?.expectedLongTerm === true ? { expectedLongTerm: true } : {}),
    ...(reference.rivals === undefined ? {} : { rivals: reference.rivals }),
    ...(user === undefined ? {} : { userRule: { label: rule?.label ?? '', source: user.source } }),
  };
}

/** Where such a reference is taken, when the capture does not show the get, and why that is believed. */
export function deducedAcquire(
  reference: LedgerReference,
  acquired: ReferenceEnd | null,
): Pick<Reference, 'deducedAcquire' | 'deducedBecause'> {
  if (acquired !== null) return { deducedAcquire: [] };
  const rule = reference.site?.rule ?? KIND_RULES.find(({ kind }) => kind === reference.kind);
  if (rule === undefined || rule.takenIn.length === 0) return { deducedAcquire: [] };
  return { deducedAcquire: rule.takenIn, deducedBecause: becauseOf(rule, reference) };
}

/** `put in pipe_read: what the rule “pipe buffer” sees dropped there is taken in one of these (fs/splice.c)` */
function becauseOf(rule: KindRule, { kind, site }: LedgerReference): string {
  const name = `the rule “${rule.label ?? KIND_LABEL[kind]}”`;
  const [files = ''] = rule.restsOn.split(': ');
  const source = rule.user === undefined ? files : rule.user.source;
  if (site?.rule !== rule) return `${name} has such references taken in one of these functions (${source})`;
  const dropped = `put in ${site.matchedFunction}: what ${name} sees dropped there`;
  return `${dropped} is taken in one of these functions (${source})`;
}
