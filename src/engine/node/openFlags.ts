import { constants } from 'node:fs';

/**
 * How files are opened in places that hold what others put there: a named pipe holds no thread until somebody writes into
 * it (to read it at an offset fails). Windows has no such flag.
 */
export const READ_WITHOUT_WAITING =
  constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);
