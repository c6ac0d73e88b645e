/**
 * The dip: how far a sample is from the nearest distribution with one mode. Hartigan and Hartigan, "The dip test of unimodality", Annals of
 * Statistics 13 (1985) 70; the search for the modal interval as in P. M. Hartigan, Applied Statistics 34 (1985) 320, without its tables:
 * the distribution of the dip of uniform samples, the least favourable of one mode, is simulated.
 */

/** Of ascending finite values; at least 1 / (2 n). */
export function dip(sorted: Float64Array): number {
  const n = sorted.length;
  let [low, high] = [0, n - 1];
  // in counts, twice the dip
  let widest = 1;
  while (sorted[low]! < sorted[high]!) {
    const below = hull(sorted, low, high, 1);
    const above = hull(sorted, low, high, -1);
    const gap = widestGap(sorted, below, above);
    if (gap.width <= widest) break;
    widest = Math.max(widest, excess(sorted, below, gap.low, 1), excess(sorted, above, gap.high, -1));
    if (gap.low === low && gap.high === high) break;
    [low, high] = [gap.low, gap.high];
  }
  return widest / (2 * n);
}

/** Vertices of the greatest convex minorant (side 1) or least concave majorant (side -1) of the points (value, position). */
function hull(sorted: Float64Array, low: number, high: number, side: 1 | -1): number[] {
  const vertices: number[] = [];
  for (let i = low; i <= high; i++) {
    while (vertices.length > 1) {
      const [a, b] = [vertices.at(-2)!, vertices.at(-1)!];
      const turn = (b - a) * (sorted[i]! - sorted[a]!) - (i - a) * (sorted[b]! - sorted[a]!);
      if (side * turn < 0) break;
      vertices.pop();
    }
    vertices.push(i);
  }
  return vertices;
}

/** Where the majorant is farthest above the minorant, steps of the distribution included, and the vertices around that. */
function widestGap(sorted: Float64Array, below: readonly number[], above: readonly number[]): { width: number; low: number; high: number } {
  let widest = { width: 0, low: below[0]!, high: above.at(-1)! };
  let k = 0;
  for (const high of above) {
    while (k < below.length - 2 && below[k + 1]! < high) k++;
    const width = high + 1 - line(sorted, below[k]!, below[k + 1]!, high);
    if (width > widest.width) widest = { width, low: below[k]!, high };
  }
  k = 0;
  for (const low of below) {
    while (k < above.length - 2 && above[k + 1]! <= low) k++;
    const width = line(sorted, above[k]!, above[k + 1]!, low) - (low - 1);
    if (width > widest.width) widest = { width, low, high: above[k + 1]! };
  }
  return widest;
}

/** Height over the position `i` of the line from vertex a to vertex b. */
function line(sorted: Float64Array, a: number, b: number, i: number): number {
  const run = sorted[b]! - sorted[a]!;
  return run === 0 ? b : a + ((sorted[i]! - sorted[a]!) * (b - a)) / run;
}

/** By how much the sample leaves the minorant left of `end`, or the majorant right of it. */
function excess(sorted: Float64Array, vertices: readonly number[], end: number, side: 1 | -1): number {
  let most = 1;
  for (let k = 0; k + 1 < vertices.length; k++) {
    const [a, b] = [vertices[k]!, vertices[k + 1]!];
    if (side === 1 ? b > end : a < end) continue;
    if (sorted[a] === sorted[b]) continue;
    for (let i = a; i <= b; i++) most = Math.max(most, side * (i - line(sorted, a, b, i)) + 1);
  }
  return most;
}

export interface DipTest {
  readonly dip: number;
  /** by simulation: a multiple of 1 / (NULL_SAMPLES + 1) */
  readonly p: number;
}

const NULL_SAMPLES = 2000;
/** Square root of n times the dip hardly depends on n beyond this (the paper, theorem 3): larger samples are compared with samples of this size. */
const LARGEST_NULL = 500;

/** Test of samples of one size each, against uniform samples by `uniforms(sample)(index)`. */
export function dipTester(uniforms: (sample: number) => (index: number) => number): (sorted: Float64Array) => DipTest {
  const known = new Map<number, Float64Array>();
  const nullOf = (size: number): Float64Array => {
    const values = known.get(size) ?? nullDips(size, uniforms);
    known.set(size, values);
    return values;
  };
  return (sorted) => {
    const found = dip(sorted);
    const scaled = Math.sqrt(sorted.length) * found;
    const beyond = nullOf(Math.min(sorted.length, LARGEST_NULL)).reduce((count, one) => count + Number(one >= scaled), 0);
    return { dip: found, p: (beyond + 1) / (NULL_SAMPLES + 1) };
  };
}

/** Times the square root of the size. */
function nullDips(size: number, uniforms: (sample: number) => (index: number) => number): Float64Array {
  const dips = new Float64Array(NULL_SAMPLES);
  const own = new Float64Array(size);
  for (let sample = 0; sample < NULL_SAMPLES; sample++) {
    const uniform = uniforms(sample);
    for (let i = 0; i < size; i++) own[i] = uniform(i);
    dips[sample] = Math.sqrt(size) * dip(own.sort());
  }
  return dips;
}
