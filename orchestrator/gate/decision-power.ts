/**
 * How likely a comparison is to be decided, were shift and scatter as assumed. Both tests reject for certain values of the estimate given
 * its estimated scatter s, which is independent of it and has the distribution of sqrt(chi2 / df): so the power is an integral over s
 * (Owen, "A special case of a bivariate non-central t-distribution", Biometrika 52 (1965) 437, for equivalence; the noncentral t for a
 * difference), taken here by Simpson's rule.
 */
import { normalProbability } from '../statistics/normal-probability.ts';

const INTERVALS = 200;
/** Half the width of the range of s, in its standard deviations 1 / sqrt(2 df). */
const REACH = 7;

/** P(|T| > critical) of a shift of so many standard errors. */
export function differencePower(shift: number, df: number, critical: number): number {
  return overScatter(df, (s) => normalProbability(shift - critical * s) + normalProbability(-shift - critical * s));
}

/** P(both one-sided tests reject); shift and tolerance in standard errors. */
export function equivalencePower(shift: number, tolerance: number, df: number, critical: number): number {
  return overScatter(df, (s) => {
    const room = tolerance - critical * s;
    return room <= 0 ? 0 : normalProbability(room - shift) - normalProbability(-room - shift);
  });
}

/** Mean of f(s), s^2 df having the chi2 distribution. */
function overScatter(df: number, f: (s: number) => number): number {
  const reach = REACH / Math.sqrt(2 * df);
  const low = Math.max(0, 1 - reach);
  const step = (1 + reach - low) / INTERVALS;
  let weights = 0;
  let sum = 0;
  for (let i = 0; i <= INTERVALS; i++) {
    const s = low + i * step;
    const simpson = i === 0 || i === INTERVALS ? 1 : i % 2 === 1 ? 4 : 2;
    const weight = simpson * density(s, df);
    weights += weight;
    sum += weight * f(s);
  }
  return sum / weights;
}

/** Of the scatter, up to a factor. By its logarithm: the powers overflow from some ten thousand degrees of freedom on. */
function density(s: number, df: number): number {
  if (s === 0) return df > 1 ? 0 : Math.exp(df / 2);
  return Math.exp((df - 1) * Math.log(s) - (df * (s * s - 1)) / 2);
}
