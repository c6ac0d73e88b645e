/**
 * Some of many rows that stand in groups: one from each of as many equal stretches. Where in its stretch goes by multiples of the golden ratio, which
 * are spread evenly whatever the period of the rows (Weyl 1916; Knuth, "The art of computer programming" 3 (1998), section 6.4): every eighth
 * row of a sweep with eight widths would be of one width alone.
 */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Ascending positions 0 to count - 1, each once: `most` of them, or all. */
export function evenSample(count: number, most: number): Int32Array {
  if (count <= most) return Int32Array.from({ length: count }, (_, i) => i);
  const start = (i: number): number => Math.floor((i * count) / most);
  return Int32Array.from({ length: most }, (_, i) => start(i) + Math.floor(((i * GOLDEN) % 1) * (start(i + 1) - start(i))));
}
