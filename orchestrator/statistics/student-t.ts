/** Student's t distribution, by the incomplete beta function: Abramowitz and Stegun (1964), 26.7.1 and 26.5.27. Degrees of freedom need not be whole. */
import { normalQuantile } from '../../schemas/normal-quantile.ts';
import { incompleteBeta } from './incomplete-beta.ts';
import { logGamma } from './log-gamma.ts';

const PRECISION = 1e-14;
const MOST_STEPS = 200;

/** P(T > t). */
export function upperTail(t: number, df: number): number {
  const half = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t >= 0 ? half : 1 - half;
}

/**
 * The t that is exceeded with probability p, for p in (0, 0.5]. Newton's method from the normal's, which is smaller: the tail is convex there, so
 * that it comes up from below and never overshoots.
 */
export function upperQuantile(p: number, df: number): number {
  if (!(p > 0 && p <= 0.5)) throw new Error(`internal: ${p} is no upper tail`);
  let t = -normalQuantile(p);
  for (let i = 0; i < MOST_STEPS; i++) {
    const step = (upperTail(t, df) - p) / density(t, df);
    t += step;
    if (!(step > PRECISION * t)) break;
  }
  return t;
}

function density(t: number, df: number): number {
  const logged = logGamma((df + 1) / 2) - logGamma(df / 2) - ((df + 1) / 2) * Math.log1p((t * t) / df);
  return Math.exp(logged) / Math.sqrt(df * Math.PI);
}
