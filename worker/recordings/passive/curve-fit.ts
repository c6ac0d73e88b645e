/**
 * Least squares of a curve in few unknowns by Levenberg-Marquardt. The covariance allows for noise that is correlated in time, as a membrane's
 * own noise is (Newey and West 1987, Econometrica 55, 703, Bartlett weights).
 */
import { cholesky, solveFactored } from '../../engines/reference/dense.ts';

export interface Course {
  /** ms */
  readonly tMs: Float64Array;
  readonly voltageMv: Float64Array;
}

export interface Curve {
  /** number of unknowns */
  readonly size: number;
  valueAt(t: number, x: Float64Array): number;
  /** dV / dx into `row` */
  slopesAt(t: number, x: Float64Array, row: Float64Array): void;
}

export interface CurveFit {
  readonly x: Float64Array;
  readonly residualMv: number;
  /** samples that count as independent */
  readonly independent: number;
  /** of x; row-major */
  readonly covariance: Float64Array;
}

const MOST_ITERATIONS = 60;
/** Share of the sum of squares that an iteration must gain. */
const TOLERANCE = 1e-10;

/** From a start near enough; undefined where the data leave an unknown open. */
export function fitCurve(course: Course, curve: Curve, start: Float64Array): CurveFit | undefined {
  const x = descend(course, curve, start);
  const n = curve.size;
  const residuals = residualsOf(course, curve, x);
  const inverse = inverseOf(normal(course, curve, x).A, n);
  if (inverse === undefined || !x.every(Number.isFinite)) return undefined;
  const rho = autocovariance(residuals);
  const score = scoreCovariance(course, curve, x, rho);
  return {
    x,
    residualMv: Math.sqrt(dot(residuals, residuals) / (residuals.length - n)),
    independent: residuals.length / (rho[0]! > 0 ? 1 + (2 * rho.subarray(1).reduce((sum, value) => sum + value, 0)) / rho[0]! : 1),
    covariance: product(product(inverse, score, n), inverse, n),
  };
}

/** The unknowns from `from` on held at their start, the others by linear least squares: exact where the curve is linear in them. */
export function linearStart(course: Course, curve: Curve, start: Float64Array, from: number): { x: Float64Array; sum: number } | undefined {
  const { A, b } = normal(course, curve, start);
  const inner = Float64Array.from({ length: from * from }, (_, at) => A[Math.floor(at / from) * curve.size + (at % from)]!);
  if (!cholesky(inner, from)) return undefined;
  const step = b.slice(0, from);
  solveFactored(inner, from, step);
  const x = start.map((value, k) => value + (step[k] ?? 0));
  const residuals = residualsOf(course, curve, x);
  const sum = dot(residuals, residuals);
  return Number.isFinite(sum) ? { x, sum } : undefined;
}

function descend(course: Course, curve: Curve, start: Float64Array): Float64Array {
  let x = start;
  let sum = squares(course, curve, x);
  let damping = 1e-3;
  const n = curve.size;
  for (let k = 0; k < MOST_ITERATIONS && damping < 1e8; k++) {
    const { A, b } = normal(course, curve, x);
    for (let p = 0; p < n; p++) A[p * n + p]! *= 1 + damping;
    if (!cholesky(A, n)) return x;
    solveFactored(A, n, b);
    const next = x.map((value, p) => value + b[p]!);
    const after = squares(course, curve, next);
    if (!(after < sum)) {
      damping *= 10;
      continue;
    }
    const gain = 1 - after / sum;
    [x, sum] = [next, after];
    damping /= 10;
    if (gain < TOLERANCE) break;
  }
  return x;
}

function residualsOf({ tMs, voltageMv }: Course, curve: Curve, x: Float64Array): Float64Array {
  return voltageMv.map((V, i) => V - curve.valueAt(tMs[i]!, x));
}

function squares(course: Course, curve: Curve, x: Float64Array): number {
  const residuals = residualsOf(course, curve, x);
  return dot(residuals, residuals);
}

/** J^T J and J^T r. */
function normal(course: Course, curve: Curve, x: Float64Array): { A: Float64Array; b: Float64Array } {
  const n = curve.size;
  const A = new Float64Array(n * n);
  const b = new Float64Array(n);
  const row = new Float64Array(n);
  const residuals = residualsOf(course, curve, x);
  for (const [i, t] of course.tMs.entries()) {
    curve.slopesAt(t, x, row);
    for (let p = 0; p < n; p++) {
      if (row[p] === 0) continue;
      b[p]! += row[p]! * residuals[i]!;
      for (let q = 0; q < n; q++) A[p * n + q]! += row[p]! * row[q]!;
    }
  }
  return { A, b };
}

/** Covariance of J^T r, from the residuals' correlation in time. */
function scoreCovariance({ tMs }: Course, curve: Curve, x: Float64Array, rho: Float64Array): Float64Array {
  const n = curve.size;
  const rows = Array.from(tMs, (t) => {
    const row = new Float64Array(n);
    curve.slopesAt(t, x, row);
    return row;
  });
  const S = new Float64Array(n * n);
  const correct = rows.length / (rows.length - n);
  for (let p = 0; p < n; p++)
    for (let q = 0; q <= p; q++) {
      let sum = 0;
      for (const [lag, weight] of rho.entries()) {
        if (weight === 0) break;
        for (let i = lag; i < rows.length; i++)
          sum += weight * (lag === 0 ? rows[i]![p]! * rows[i]![q]! : rows[i]![p]! * rows[i - lag]![q]! + rows[i - lag]![p]! * rows[i]![q]!);
      }
      S[p * n + q] = correct * sum;
      S[q * n + p] = correct * sum;
    }
  return S;
}

/** Bartlett-weighted, up to the first lag at which it is not positive: further out it is noise of its own. */
function autocovariance(residuals: Float64Array): Float64Array {
  const lags = Math.floor(residuals.length / 8);
  const values = new Float64Array(lags + 1);
  for (let lag = 0; lag <= lags; lag++) {
    let sum = 0;
    for (let i = lag; i < residuals.length; i++) sum += residuals[i]! * residuals[i - lag]!;
    if (lag > 0 && sum <= 0) break;
    values[lag] = (sum / residuals.length) * (1 - lag / (lags + 1));
  }
  return values;
}

function inverseOf(A: Float64Array, n: number): Float64Array | undefined {
  const factor = Float64Array.from(A);
  if (!cholesky(factor, n)) return undefined;
  const inverse = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const column = new Float64Array(n);
    column[k] = 1;
    solveFactored(factor, n, column);
    for (let p = 0; p < n; p++) inverse[p * n + k] = column[p]!;
  }
  return inverse;
}

function product(A: Float64Array, B: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += A[Math.floor(at / n) * n + k]! * B[k * n + (at % n)]!;
    return sum;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
