import type { Capture } from '../capture/eventTable';

/** `pinner-210`, or null where the capture names no task. */
export function taskText(capture: Capture, task: number): string | null {
  if (task < 0) return null;
  const pid = capture.symbols.taskPid(task);
  return pid < 0 ? null : `${capture.symbols.taskComm(task)}-${pid}`;
}
