/** Maps that keep so many entries at most: the oldest go. */

export function dropOldest<K>(map: Map<K, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}

/** What is kept under the key, made where there is none; the one asked for last goes last. */
export function recall<K, V>(map: Map<K, V>, key: K, most: number, make: () => V): V {
  const value = map.has(key) ? map.get(key)! : make();
  map.delete(key);
  map.set(key, value);
  dropOldest(map, most);
  return value;
}
