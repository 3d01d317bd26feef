/**
 * The beginning of `bytes[start, end)` for a message: printable characters only, quoted. Messages of VS Code make links
 * of `[text](address)`, which is left none.
 */
export function excerpt(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.min(end, start + 60);
  let text = '';
  for (let i = start; i < stop; i++) {
    const byte = bytes[i]!;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
  }
  return JSON.stringify(end > stop ? `${text}…` : text).replaceAll('](', ']·(');
}
