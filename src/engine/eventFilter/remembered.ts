/** A test of an id that is made once for each id; a negative id is none. */
export function remembered(count: number, test: (id: number) => boolean): (id: number) => boolean {
  // 0: not tested yet, 1: no, 2: yes.
  const known = new Uint8Array(count);
  return (id) => {
    if (id < 0) return false;
    const before = known[id]!;
    if (before !== 0) return before === 2;
    const isAsked = test(id);
    known[id] = isAsked ? 2 : 1;
    return isAsked;
  };
}

/** A test of a text that is made once for each text. */
export function rememberedText(test: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    const passed = known.get(text) ?? test(text);
    known.set(text, passed);
    return passed;
  };
}
