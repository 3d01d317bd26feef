/** What this process has taken of the processors, in ms: however busy the machine is, this is its own. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
