/** Text with `*` for any text, case does not matter; made for names, and linear in their length. */
export type TextTest = (text: string) => boolean;

/** The whole of a text, with `*` standing for anything. */
export function wholeText(pattern: string): TextTest {
  const wanted = pattern.toLowerCase();
  if (!wanted.includes('*')) return (text) => text.toLowerCase() === wanted;
  const pieces = wanted.split('*');
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  const between = pieces.slice(1, -1).filter((piece) => piece !== '');
  return (given) => {
    const text = given.toLowerCase();
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const piece of between) {
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}

/** Any part of a text. */
export function partOfText(pattern: string): TextTest {
  return wholeText(`*${pattern}*`);
}
