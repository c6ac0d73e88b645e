/**
 * The whole charging of a linear membrane after an edge of the current: V before it is flat, jumps with the series resistance, and then
 * approaches its new value by one exponential or two.
 */
import { fitCurve, linearStart, type Course, type Curve, type CurveFit } from './curve-fit.ts';

export interface Charging extends Omit<CurveFit, 'x' | 'covariance'> {
  /** V before the edge and V that is approached, mV */
  readonly before: number;
  readonly after: number;
  /** What each exponential has still to go at the edge, mV, signed; the slowest first. */
  readonly amplitudesMv: readonly number[];
  readonly tausMs: readonly number[];
  /** of the logarithm of the slowest one's conductance and of its capacitance, both per unit of current */
  readonly errors: { readonly conductance: number; readonly capacitance: number };
}

const GRID = 12;

/** Time constants to begin with: of one exponential, all that the course could tell. */
export function oneExponential({ tMs }: Course): number[][] {
  const longest = tMs.at(-1)!;
  return Array.from({ length: GRID }, (_, k) => [0.2 * (longest / 0.4) ** (k / (GRID - 1))]);
}

/** Of two, where one alone has `tauMs`. */
export function twoExponentials(tauMs: number): number[][] {
  return [1, 1.5].flatMap((slower) => [4, 12, 40].map((faster) => [tauMs * slower, tauMs / faster]));
}

/** With as many exponentials as each of the starts has; undefined where the data do not hold so many. */
export function fitCharging(course: Course, starts: readonly (readonly number[])[]): Charging | undefined {
  const terms = starts[0]!.length;
  const curve = chargingCurve(terms);
  const linear = starts.flatMap((tau) => {
    const start = new Float64Array(curve.size);
    start.set(tau.map(Math.log), 2 + terms);
    return linearStart(course, curve, start, 2 + terms) ?? [];
  });
  const [best] = linear.toSorted((a, b) => a.sum - b.sum);
  const fit = best === undefined ? undefined : fitCurve(course, curve, best.x);
  return fit === undefined ? undefined : described(fit, terms);
}

/** Unknowns: before, after, amplitudes, logarithms of time constants. */
function chargingCurve(terms: number): Curve {
  return {
    size: 2 + 2 * terms,
    valueAt: (t, x) => {
      if (t < 0) return x[0]!;
      let V = x[1]!;
      for (let k = 0; k < terms; k++) V -= x[2 + k]! * Math.exp(-t / Math.exp(x[2 + terms + k]!));
      return V;
    },
    slopesAt: (t, x, row) => {
      row.fill(0);
      if (t < 0) {
        row[0] = 1;
        return;
      }
      row[1] = 1;
      for (let k = 0; k < terms; k++) {
        const share = t / Math.exp(x[2 + terms + k]!);
        row[2 + k] = -Math.exp(-share);
        row[2 + terms + k] = -x[2 + k]! * Math.exp(-share) * share;
      }
    },
  };
}

function described({ x, covariance, ...fit }: CurveFit, terms: number): Charging {
  const n = x.length;
  const taus = Array.from(x.subarray(2 + terms), Math.exp);
  const order = taus.map((_, k) => k).toSorted((a, b) => taus[b]! - taus[a]!);
  const slow = order[0]!;
  const [p, q] = [2 + slow, 2 + terms + slow];
  const amplitude = x[p]!;
  const relative = covariance[p * n + p]! / amplitude ** 2;
  return {
    ...fit,
    before: x[0]!,
    after: x[1]!,
    amplitudesMv: order.map((k) => x[2 + k]!),
    tausMs: order.map((k) => taus[k]!),
    errors: {
      conductance: Math.sqrt(relative),
      capacitance: Math.sqrt(relative + covariance[q * n + q]! - (2 * covariance[p * n + q]!) / amplitude),
    },
  };
}
