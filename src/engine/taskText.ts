import type { Capture } from '../capture/eventTable';
import type { ReferenceEnd } from '../holders/model';
import { byWhom, taskName } from '../holders/taskName';

/** `pinner-210`, `pid 210`, or null where the capture names no task. */
export function taskText(capture: Capture, task: number): string | null {
  if (task < 0) return null;
  const pid = capture.symbols.taskPid(task);
  return pid < 0 ? null : taskName(capture.symbols.taskComm(task), pid);
}

type Doer = Pick<ReferenceEnd, 'task' | 'inInterrupt'>;

/** Who took or dropped a reference: as {@link taskText}, `interrupt (current pinner-210)` of what an interrupt did. */
export function doerText(capture: Capture, { task, inInterrupt }: Doer): string | null {
  const text = taskText(capture, task);
  if (inInterrupt !== true) return text;
  return text === null ? 'interrupt' : `interrupt (current ${text})`;
}

/** The same behind a verb, as {@link byWhom} has it. */
export function byDoerText(capture: Capture, end: Doer): string | null {
  return byWhom(taskText(capture, end.task), end);
}
