/** A Map or a WeakMap. */
interface KeptPromises<Key, Value> {
  get(key: Key): Promise<Value> | undefined;
  set(key: Key, made: Promise<Value>): unknown;
  delete(key: Key): unknown;
}

/** What is kept under a key, or is made now. What failed is not kept: whoever asks again may have more luck. */
export function kept<Key, Value>(
  promises: KeptPromises<Key, Value>,
  key: Key,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = promises.get(key);
  if (known !== undefined) return known;
  const made = make();
  promises.set(key, made);
  made.catch(() => promises.delete(key));
  return made;
}
