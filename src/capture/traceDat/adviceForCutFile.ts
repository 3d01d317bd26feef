/** What to do about a trace.dat that is cut off, as the end of a message. */
export const HOW_TO_GET_ALL =
  'Copy the file whole; where trace-cmd was ended before it was ready, make it anew of the .cpuN files beside it with ' +
  '"trace-cmd restore"';
