/**
 * The regularised incomplete beta function I_x(a, b) by its continued fraction, NIST Digital Library of Mathematical Functions 8.17.22,
 * evaluated forwards as in Lentz, "Generating Bessel functions in Mie scattering calculations", Applied Optics 15 (1976) 668.
 */
import { logGamma } from './log-gamma.ts';

const PRECISION = 1e-16;
const MOST_TERMS = 10_000;
/** In place of a denominator that vanishes. */
const TINY = 1e-300;

/** For a, b >= 0.5 and x in [0, 1]. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // the fraction converges fast below the mean; above it, by symmetry
  return x <= (a + 1) / (a + b + 2) ? below(x, a, b) : 1 - below(1 - x, b, a);
}

function below(x: number, a: number, b: number): number {
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  return front / fraction(x, a, b);
}

/** 1 + d1 / (1 + d2 / (1 + ...)) */
function fraction(x: number, a: number, b: number): number {
  let value = 1;
  let c = 1;
  let d = 0;
  for (let k = 1; k <= MOST_TERMS; k++) {
    const term = termOf(k, x, a, b);
    d = 1 / nonZero(1 + term * d);
    c = nonZero(1 + term / c);
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < PRECISION) break;
  }
  return value;
}

function termOf(k: number, x: number, a: number, b: number): number {
  const m = k >> 1;
  if (k % 2 === 0) return (m * (b - m) * x) / ((a + k - 1) * (a + k));
  return (-(a + m) * (a + b + m) * x) / ((a + k - 1) * (a + k));
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
