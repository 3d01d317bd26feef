/** Kinds as rows name them. Apart from the rules, so that whoever only names kinds does not load the tables. */
import type { Kind } from './model';

export const KIND_LABEL: Readonly<Record<Kind, string>> = {
  'pipe-buffer': 'pipe buffer',
  'gup-pin': 'GUP pin',
  'gup-get': 'GUP get',
  'lru-batch': 'LRU batch',
  'page-table': 'page table mapping',
  isolation: 'isolation',
  'page-cache': 'page cache',
  'page-cache-lookup': 'page cache lookup',
  'swap-cache': 'swap cache',
  'private-data': 'private data (buffer heads)',
  'buffer-head': 'buffer head user',
  'direct-io': 'direct I/O',
  'io-uring': 'io_uring buffer',
  socket: 'socket buffer',
  writeback: 'writeback',
  read: 'read in flight',
  driver: 'driver or module',
  allocation: 'allocation',
  unknown: 'unknown',
};
