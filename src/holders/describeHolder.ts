import type { SymbolTable } from '../capture/eventTable';
import { KIND_LABEL, MEMORY_FAILURE_FUNCTIONS } from './kindRules';
import type { LedgerReference } from './ledger';
import type { ReferenceEnd } from './model';

/** `__do_sys_vmsplice` and its like are the system call to the reader. */
const SYSTEM_CALL_PREFIX = /^(?:__do_sys_|__se_sys_|__x64_sys_|__ia32_sys_|__arm64_sys_|ksys_)/;

function kindLabel({ kind, functionName }: LedgerReference): string {
  if (kind === 'isolation' && MEMORY_FAILURE_FUNCTIONS.has(functionName)) return "memory failure's own";
  return KIND_LABEL[kind];
}

/** `comm-pid` as ftrace prints it. */
export function describeTask(symbols: SymbolTable, task: number): string {
  const pid = symbols.taskPid(task);
  const comm = symbols.taskComm(task);
  return pid < 0 ? comm : `${comm}-${pid}`;
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
  const functionName = reference.functionName.replace(SYSTEM_CALL_PREFIX, '');
  const parts = [kindLabel(reference)];
  if (acquired !== null) {
    if (functionName !== '') parts.push(functionName);
    parts.push(describeTask(symbols, acquired.task));
    return parts.join(' · ');
  }
  const by = released === null ? '' : ` by ${describeTask(symbols, released.task)}`;
  parts.push(functionName === '' ? `put${by}` : `put in ${functionName}${by}`);
  return parts.join(' · ');
}
