/**
 * Variance components of an unbalanced design: every factor a random effect, by restricted maximum likelihood (REML). Patterson and Thompson,
 * Biometrika 58 (1971) 545; the matrices as in Searle, Casella and McCulloch, "Variance components" (1992), sections 6.6 and 7.
 *
 *   y = mu + sum_i Z_i u_i + e,   Var u_i = r_i s2,   Var e = s2
 *
 * s2 is profiled out; the ratios r_i >= 0 are found by Fisher scoring with halved steps, those at 0 held there while the likelihood does not
 * rise from 0. Rows enter through counts alone (Z'Z, Z'y), so that a step costs the cube of the number of levels, however many rows there
 * are. There are no interactions in the model: they are part of the residual.
 */
import { centred, sumOfSquares } from './centred.ts';
import { factorise, forwardSolve, logDeterminant, solve } from './cholesky.ts';
import { childOf, degreesOfFreedom } from './design.ts';
import type { Factor } from './design.ts';
import type { Part, VarianceComponents } from './variance-components.ts';

const MOST_STEPS = 100;
const MOST_HALVINGS = 40;
/** Relative change of every ratio at which the search ends. */
const PRECISION = 1e-10;
/**
 * Of the variance of the values, this share counts as residual beside what there is: replicas that agree to all digits would need ratios without
 * end, and from some 1e10 on rounding decides the shares.
 */
const LEAST_RESIDUAL = 1e-8;

/** Undefined where there are no more rows than levels can explain, or the values do not vary. */
export function restrictedLikelihood(values: Float64Array, factors: readonly Factor[]): VarianceComponents | undefined {
  const residualDf = values.length - 1 - factors.reduce((sum, factor) => sum + degreesOfFreedom(factor, factors), 0);
  if (residualDf < 1) return undefined;
  const counts = countsOf(values, factors, residualDf);
  if (counts.squares === 0) return undefined;
  const { ratios, scale } = maximise(counts);
  const parts = factors.map((factor, i): Part => {
    const child = childOf(factor, factors);
    return {
      name: factor.name,
      variance: ((factor.levels - 1) / factor.levels) * ratios[i]! * scale,
      levels: factor.levels,
      df: degreesOfFreedom(factor, factors),
      rows: harmonicRows(factor),
      ...(child === undefined ? {} : { error: factors.indexOf(child) }),
    };
  });
  return { estimator: 'reml', parts, residual: scale, residualDf, interactions: 0 };
}

interface Counts {
  /** levels of all factors, and where each factor's begin */
  readonly levels: number;
  readonly starts: readonly number[];
  readonly rows: number;
  /** Z'Z, levels x levels */
  readonly together: Float64Array;
  /** rows of each level */
  readonly sizes: Float64Array;
  /** Z'y, y'y of the values about their mean; y'y with LEAST_RESIDUAL */
  readonly sums: Float64Array;
  readonly squares: number;
}

function countsOf(values: Float64Array, factors: readonly Factor[], residualDf: number): Counts {
  const starts = [0];
  for (const factor of factors) starts.push(starts.at(-1)! + factor.levels);
  const levels = starts.at(-1)!;
  const together = new Float64Array(levels * levels);
  const sums = new Float64Array(levels);
  const about = centred(values);
  for (let row = 0; row < about.length; row++) {
    const value = about[row]!;
    for (let i = 0; i < factors.length; i++) {
      const a = starts[i]! + factors[i]!.codes[row]!;
      sums[a] = sums[a]! + value;
      for (let j = 0; j < factors.length; j++) {
        const at = a * levels + starts[j]! + factors[j]!.codes[row]!;
        together[at] = together[at]! + 1;
      }
    }
  }
  const sizes = Float64Array.from({ length: levels }, (_, a) => together[a * levels + a]!);
  // as if there were noise that no level's sum sees
  const squares = sumOfSquares(about) * (1 + (LEAST_RESIDUAL * residualDf) / (about.length - 1));
  return { levels, starts, rows: about.length, together, sizes, sums, squares };
}

/** What the likelihood is at some ratios. */
interface Point {
  readonly ratios: Float64Array;
  /** -2 ln of the restricted likelihood, but for a constant */
  readonly deviance: number;
  /** the residual variance that goes with the ratios */
  readonly scale: number;
  /** L^-1 S [Z'Z, Z'1, Z'y] with L the factor of I + S Z'Z S and S the square roots of the ratios: levels x (levels + 2) */
  readonly half: Float64Array;
  /** 1'V^-1 1 and 1'V^-1 y */
  readonly ones: number;
  readonly onesValue: number;
}

function maximise(counts: Counts): Point {
  let best = evaluate(counts, new Float64Array(counts.starts.length - 1).fill(0.5));
  for (let step = 0; step < MOST_STEPS; step++) {
    const next = improve(counts, best, direction(counts, best));
    const moved = next.ratios.some((ratio, i) => Math.abs(ratio - best.ratios[i]!) > PRECISION * (ratio + 1e-6));
    best = next;
    if (!moved) break;
  }
  return best;
}

function improve(counts: Counts, from: Point, step: Float64Array): Point {
  for (let size = 1, halvings = 0; halvings < MOST_HALVINGS; size /= 2, halvings++) {
    const next = evaluate(
      counts,
      from.ratios.map((ratio, i) => Math.max(0, ratio + size * step[i]!)),
    );
    if (next.deviance <= from.deviance) return next;
  }
  return from;
}

function evaluate({ levels, starts, rows, together, sizes, sums, squares }: Counts, ratios: Float64Array): Point {
  const roots = rootsOf(ratios, starts, levels);
  const width = levels + 2;
  const system = new Float64Array(levels * levels);
  const half = new Float64Array(levels * width);
  for (let a = 0; a < levels; a++) {
    for (let b = 0; b < levels; b++) {
      const count = roots[a]! * together[a * levels + b]!;
      system[a * levels + b] = count * roots[b]! + (a === b ? 1 : 0);
      half[a * width + b] = count;
    }
    half[a * width + levels] = roots[a]! * sizes[a]!;
    half[a * width + levels + 1] = roots[a]! * sums[a]!;
  }
  // positive definite, but where rows are so many that rounding swallows the 1: no step leads there
  if (!factorise(system, levels)) return { ratios, deviance: Infinity, scale: NaN, half, ones: NaN, onesValue: NaN };
  forwardSolve(system, levels, half, width);
  const product = (p: number, q: number) => columnProduct(half, levels, width, levels + p, levels + q);
  const ones = rows - product(0, 0);
  const onesValue = -product(0, 1);
  const remaining = squares - product(1, 1) - (onesValue * onesValue) / ones;
  const deviance = logDeterminant(system, levels) + Math.log(ones) + (rows - 1) * Math.log(remaining);
  return { ratios, deviance, scale: remaining / (rows - 1), half, ones, onesValue };
}

/** Fisher scoring's step in the ratios; those at 0 that the likelihood pulls below stay there. */
function direction(counts: Counts, point: Point): Float64Array {
  const { rows, starts } = counts;
  const { traces, norms, quadratics } = derivatives(counts, point);
  const score = Float64Array.from(traces, (trace, i) => (quadratics[i]! / point.scale - trace) / 2);
  const free = Array.from(score.keys()).filter((i) => point.ratios[i]! > 0 || score[i]! > 0);
  const information = new Float64Array(free.length ** 2);
  for (const [a, i] of free.entries())
    for (const [b, j] of free.entries()) information[a * free.length + b] = (norms[i]![j]! - (traces[i]! * traces[j]!) / (rows - 1)) / 2;
  const step = new Float64Array(starts.length - 1);
  // of confounded factors the information is singular: then each goes by its own score
  const solved = factorise(information, free.length)
    ? solve(
        information,
        free.length,
        Float64Array.from(free, (i) => score[i]!),
      )
    : Float64Array.from(free, (i) => (2 * score[i]!) / norms[i]![i]!);
  for (const [a, i] of free.entries()) step[i] = solved[a]!;
  return step;
}

/** With C = Z'PZ in blocks by factor: traces of C_ii, squared norms of C_ij, and |Z_i'Py|^2. */
function derivatives(
  { levels, starts, together, sizes, sums }: Counts,
  { half, ones, onesValue }: Point,
): { traces: Float64Array; norms: Float64Array[]; quadratics: Float64Array } {
  const factors = starts.length - 1;
  const width = levels + 2;
  const products = gram(half, levels, width);
  const factorAt = Int32Array.from({ length: levels }, (_, a) => starts.findLastIndex((start) => start <= a));
  const fixed = sizes.map((size, a) => size - products[a * width + levels]!);
  const traces = new Float64Array(factors);
  const quadratics = new Float64Array(factors);
  const norms = Array.from({ length: factors }, () => new Float64Array(factors));
  for (let a = 0; a < levels; a++) {
    const i = factorAt[a]!;
    const seen = sums[a]! - products[a * width + levels + 1]! - (fixed[a]! * onesValue) / ones;
    quadratics[i] = quadratics[i]! + seen * seen;
    for (let b = 0; b < levels; b++) {
      const c = together[a * levels + b]! - products[a * width + b]! - (fixed[a]! * fixed[b]!) / ones;
      const j = factorAt[b]!;
      norms[i]![j] = norms[i]![j]! + c * c;
      if (a === b) traces[i] = traces[i]! + c;
    }
  }
  return { traces, norms, quadratics };
}

/** H'H of the levels x width matrix, its first `levels` rows. */
function gram(half: Float64Array, levels: number, width: number): Float64Array {
  const products = new Float64Array(levels * width);
  for (let k = 0; k < levels; k++) {
    const row = half.subarray(k * width, (k + 1) * width);
    for (let a = 0; a < levels; a++) {
      const value = row[a]!;
      if (value !== 0) for (let b = 0; b < width; b++) products[a * width + b] = products[a * width + b]! + value * row[b]!;
    }
  }
  return products;
}

function columnProduct(matrix: Float64Array, rows: number, width: number, p: number, q: number): number {
  let sum = 0;
  for (let k = 0; k < rows; k++) sum += matrix[k * width + p]! * matrix[k * width + q]!;
  return sum;
}

function rootsOf(ratios: Float64Array, starts: readonly number[], levels: number): Float64Array {
  const roots = new Float64Array(levels);
  for (const [i, ratio] of ratios.entries()) roots.fill(Math.sqrt(ratio), starts[i], starts[i + 1]);
  return roots;
}

function harmonicRows({ codes, levels }: Factor): number {
  const rows = new Float64Array(levels);
  for (const code of codes) rows[code] = rows[code]! + 1;
  return levels / rows.reduce((sum, count) => sum + 1 / count, 0);
}
