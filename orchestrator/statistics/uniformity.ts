/**
 * Whether values are a sample of the uniform distribution on [0, 1]: how many lie at or below each inner edge of equal parts, held against
 * simultaneous bands. Saeilynoja, Buerkner and Vehtari, "Graphical test for discrete uniformity and its applications in goodness-of-fit
 * evaluation and multiple sample comparison", Statistics and Computing 32 (2022) 32: at each edge the count is binomial, and all counts
 * together are a Markov chain (their section 2.2), so that the probability to stay within a band is a sum, not a simulation.
 *
 * n values, P parts, edges e = 1 .. P - 1 at e / P. A count k at an edge has the two-sided tail 2 min(P(X <= k), P(X >= k)); a band holds
 * the counts whose tail is above some gamma, and gamma is chosen for all edges together.
 */

export interface UniformBand {
  /** least and largest count at each inner edge */
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** The band that all counts of n uniform values lie in with probability `level` or a little more. */
export function uniformBand(n: number, parts: number, level = 0.95): UniformBand {
  const tails = tailsOf(n, parts);
  const logs = logFactorials(n);
  // the probability to be inside falls in steps as gamma rises
  let [inside, outside] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (inside + outside) / 2;
    if (insideProbability(tails, middle, n, logs) >= level) inside = middle;
    else outside = middle;
  }
  const ranges = tails.map((tail) => rangeAbove(tail, inside));
  return { low: Int32Array.from(ranges, ([low]) => low), high: Int32Array.from(ranges, ([, high]) => high) };
}

const HALVINGS = 30;

/** The probability that counts of uniform values have as small a tail somewhere as these. Values in [0, 1], at least one. */
export function uniformityTest(values: ArrayLike<number>, parts: number): number {
  const n = values.length;
  const tails = tailsOf(n, parts);
  const counts = cumulativeCounts(values, parts);
  const smallest = Math.min(...tails.map((tail, edge) => tail[counts[edge]!]!));
  // a tail that is as small counts as outside: rounding must not decide it
  return Math.min(1, Math.max(0, 1 - insideProbability(tails, smallest * (1 + ROUNDING), n, logFactorials(n))));
}

const ROUNDING = 1e-9;

/** How many values fall into each of the parts: a rank histogram. */
export function partCounts(values: ArrayLike<number>, parts: number): Int32Array {
  const counts = new Int32Array(parts);
  for (let i = 0; i < values.length; i++) counts[Math.max(0, Math.min(parts, Math.ceil(values[i]! * parts)) - 1)]! += 1;
  return counts;
}

/** At or below each inner edge. */
export function cumulativeCounts(values: ArrayLike<number>, parts: number): Int32Array {
  let sum = 0;
  return partCounts(values, parts)
    .subarray(0, parts - 1)
    .map((count) => (sum += count));
}

/** Two-sided tail of every count 0 .. n at each inner edge. */
function tailsOf(n: number, parts: number): Float64Array[] {
  const logs = logFactorials(n);
  return Array.from({ length: parts - 1 }, (_, e) => {
    const mass = Float64Array.from({ length: n + 1 }, (_unused, k) => binomial(n, k, (e + 1) / parts, logs));
    const tail = new Float64Array(n + 1);
    let below = 0;
    for (let k = 0; k <= n; k++) tail[k] = below += mass[k]!;
    let above = 0;
    for (let k = n; k >= 0; k--) tail[k] = Math.min(1, 2 * Math.min(tail[k]!, (above += mass[k]!)));
    return tail;
  });
}

/** Least and largest count whose tail is above gamma; the tail rises to the median and falls again. */
function rangeAbove(tail: Float64Array, gamma: number): [number, number] {
  return [tail.findIndex((value) => value > gamma), tail.findLastIndex((value) => value > gamma)];
}

/** From edge to edge: of the n - k values beyond the last one, each lies below the next with the same probability. */
function insideProbability(tails: readonly Float64Array[], gamma: number, n: number, logs: Float64Array): number {
  let [from, weights] = [0, Float64Array.of(1)];
  for (const [e, tail] of tails.entries()) {
    const [low, high] = rangeAbove(tail, gamma);
    if (low < 0) return 0;
    const share = 1 / (tails.length + 1 - e);
    const next = new Float64Array(high - low + 1);
    for (const [i, weight] of weights.entries()) {
      const k = from + i;
      for (let to = Math.max(k, low); to <= high; to++) next[to - low]! += weight * binomial(n - k, to - k, share, logs);
    }
    [from, weights] = [low, next];
  }
  return weights.reduce((sum, weight) => sum + weight, 0);
}

function binomial(n: number, k: number, p: number, logs: Float64Array): number {
  return Math.exp(logs[n]! - logs[k]! - logs[n - k]! + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

function logFactorials(n: number): Float64Array {
  const logs = new Float64Array(n + 1);
  for (let k = 1; k <= n; k++) logs[k] = logs[k - 1]! + Math.log(k);
  return logs;
}
