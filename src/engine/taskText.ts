import type { Capture } from '../capture/eventTable';
import { taskName } from '../holders/taskName';

/** `pinner-210`, `pid 210`, or null where the capture names no task. */
export function taskText(capture: Capture, task: number): string | null {
  if (task < 0) return null;
  const pid = capture.symbols.taskPid(task);
  return pid < 0 ? null : taskName(capture.symbols.taskComm(task), pid);
}
