import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scratch } from './runCli';

/** Writes the smallest folder that is a kernel tree, with two functions of the sample's stacks; returns its path. */
export function smallTree(name: string): string {
  const root = path.join(scratch, name);
  for (const folder of ['arch/x86', 'fs', 'include/linux', 'kernel', 'mm']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  writeFileSync(path.join(root, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n');
  writeFileSync(path.join(root, 'Kconfig'), '');
  writeFileSync(path.join(root, 'include/linux/mm.h'), '');
  writeFileSync(
    path.join(root, 'fs/pipe.c'),
    [
      'static void page_cache_pipe_buf_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)',
      '{',
      '\tput_page(buf->page);',
      '}',
      '',
      'static ssize_t',
      'pipe_read(struct kiocb *iocb, struct iov_iter *to)',
      '{',
      '\tpage_cache_pipe_buf_release(pipe, buf);',
      '\treturn 0;',
      '}',
      '',
    ].join('\n'),
  );
  return root;
}
