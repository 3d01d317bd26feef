/** enum migrate_reason (include/linux/migrate_mode.h) by number; new reasons were only ever added behind. */
export const NUMBERED_REASONS: readonly string[] = [
  'compaction',
  'memory_failure',
  'memory_hotplug',
  'syscall_or_cpuset',
  'mempolicy_mbind',
  'numa_misplaced',
  'contig_range',
  'longterm_pin',
  'demotion',
  'damon',
];
