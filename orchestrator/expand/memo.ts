/** Results that are kept at hand, so many at most: expansion runs in constant memory whatever the sweep's size. */

/** Look up a key, or compute and keep its value. `compute` must be pure. A full memory is emptied: a sweep's loops come round to few keys. */
export function memo<K, V>(capacity: number): (key: K, compute: (key: K) => V) => V {
  const known = new Map<K, V>();
  return (key, compute) => {
    const present = known.get(key);
    if (present !== undefined) return present;
    const value = compute(key);
    if (known.size >= capacity) known.clear();
    known.set(key, value);
    return value;
  };
}
