/**
 * The weak form of an equation along data: integrals against smooth test functions that vanish, with many derivatives, at the ends of their
 * support, so that no noisy V is ever differentiated: the integral of phi dV/dt is that of -dphi/dt V (Messenger, Bortz 2021, Multiscale
 * Model Simul 19:1474-1497). Integrals are trapezoidal sums over the samples, which for such functions is exact to rounding.
 *
 * phi(s) = (1 - s^2)^16 over a radius of 6 ms, a quarter of the segment at most; one function every thirtieth of the radius. In a prototype at
 * 1 mV of noise (Hodgkin-Huxley, constant current, 6 draws) radii of 4, 6, 8 and 12 ms put gNa off by 5.4, 3.1, 3.6 and 4.4 % (root mean square).
 */
import { segmentSpans } from '../segments.ts';

const POWER = 16;
const RADIUS_MS = 6;
const OF_SEGMENT = 4;
const PER_RADIUS = 30;
/** Where a function's centre is nearer to an ignored sample than this share of its radius, it is left out. */
const CLEAR = 0.5;

interface WeakForm {
  readonly functions: number;
  /** Functions further apart than this share no sample. */
  readonly bandwidth: number;
  /** Integrals of phi f, one for each function */
  of(values: Float64Array): Float64Array;
  /** Integrals of -dphi/dt f */
  ofDerivative(values: Float64Array): Float64Array;
  /** Covariances of `of(a noise) + ofDerivative(b noise)` for noise of variance 1, independent from sample to sample: [functions, bandwidth + 1], function f with f + k */
  covariance(a: Float64Array, b: Float64Array): Float64Array;
}

interface TestFunction {
  /** Its first sample */
  readonly from: number;
  /** phi and -dphi/dt times the step, on its samples */
  readonly values: Float64Array;
  readonly slopes: Float64Array;
}

export function weakForm({
  segments,
  sampleMs,
  counted,
}: {
  segments: ArrayLike<number>;
  sampleMs: number;
  counted: Uint8Array;
}): WeakForm {
  const functions = segmentSpans(segments, counted.length).flatMap(({ from, to }) => functionsIn(from, to, sampleMs, counted));
  const integrals = (of: (one: TestFunction) => Float64Array, values: Float64Array): Float64Array =>
    Float64Array.from(functions, (one) => of(one).reduce((sum, weight, i) => sum + weight * values[one.from + i]!, 0));
  const bandwidth = functions.reduce((most, { from }, f) => Math.max(most, reachOf(functions, f, from)), 0);
  return {
    functions: functions.length,
    bandwidth,
    of: (values) => integrals(({ values: phi }) => phi, values),
    ofDerivative: (values) => integrals(({ slopes }) => slopes, values),
    covariance: (a, b) => {
      const rows = functions.map(({ from, values, slopes }) => values.map((phi, i) => phi * a[from + i]! + slopes[i]! * b[from + i]!));
      const C = new Float64Array(functions.length * (bandwidth + 1));
      for (let f = 0; f < functions.length; f++)
        for (let k = 0; k <= bandwidth && f + k < functions.length; k++)
          C[f * (bandwidth + 1) + k] = overlap(functions[f]!.from, rows[f]!, functions[f + k]!.from, rows[f + k]!);
      return C;
    },
  };
}

function functionsIn(from: number, to: number, sampleMs: number, counted: Uint8Array): TestFunction[] {
  const radius = Math.max(3, Math.min(Math.round(RADIUS_MS / sampleMs), Math.floor((to - from) / OF_SEGMENT)));
  const s = Array.from({ length: 2 * radius - 1 }, (_, i) => (i + 1 - radius) / radius);
  const values = Float64Array.from(s, (x) => sampleMs * (1 - x * x) ** POWER);
  const slopes = Float64Array.from(s, (x) => (2 * POWER * x * (1 - x * x) ** (POWER - 1)) / radius);
  const every = Math.max(1, Math.floor(radius / PER_RADIUS));
  const near = Math.ceil(CLEAR * radius);
  const functions: TestFunction[] = [];
  for (let centre = from + radius - 1; centre + radius <= to; centre += every)
    if (counted.subarray(centre - near, centre + near + 1).every((one) => one === 1))
      functions.push({ from: centre - radius + 1, values, slopes });
  return functions;
}

/** How many of the next functions begin before this one ends. */
function reachOf(functions: readonly TestFunction[], f: number, from: number): number {
  const end = from + functions[f]!.values.length;
  let reach = 0;
  while ((functions[f + reach + 1]?.from ?? Infinity) < end) reach += 1;
  return reach;
}

/** Sum of products on shared samples. */
function overlap(a: number, x: Float64Array, b: number, y: Float64Array): number {
  let sum = 0;
  for (let i = Math.max(0, b - a); i < x.length && i + a - b < y.length; i++) sum += x[i]! * y[i + a - b]!;
  return sum;
}
