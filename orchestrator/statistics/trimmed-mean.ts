/**
 * Location that a few wild replicas do not move: the mean of what is left after a share is cut off at either end, its standard error from
 * the winsorised values. One sample: Tukey and McLaughlin, "Less vulnerable confidence and significance procedures for location based on
 * a single sample: trimming/winsorization 1", Sankhya A 25 (1963) 331. Two: Yuen, "The two-sample trimmed t for unequal population
 * variances", Biometrika 61 (1974) 165, eqs. 2.1 and 2.2.
 */

export interface Location {
  readonly mean: number;
  /** Squared standard error of it. */
  readonly variance: number;
  readonly df: number;
}

/** Of at least two values; `trim` of them (0 to below 0.5) are cut off at each end. Undefined where one or none is left. */
export function trimmedMean(values: ArrayLike<number>, trim: number): Location | undefined {
  const sorted = new Float64Array(values).sort();
  const n = sorted.length;
  const cut = Math.floor(trim * n);
  const kept = n - 2 * cut;
  if (kept < 2) return undefined;
  const mean = average(sorted.subarray(cut, n - cut));
  const winsorised = sorted.map((value) => Math.min(Math.max(value, sorted[cut]!), sorted[n - 1 - cut]!));
  const centre = average(winsorised);
  const squares = winsorised.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { mean, variance: squares / (kept * (kept - 1)), df: kept - 1 };
}

/** Second minus first, of independent samples; degrees of freedom by Welch and Satterthwaite. */
export function difference(first: Location, second: Location): Location {
  const variance = first.variance + second.variance;
  const parts = first.variance ** 2 / first.df + second.variance ** 2 / second.df;
  return { mean: second.mean - first.mean, variance, df: parts === 0 ? first.df + second.df : variance ** 2 / parts };
}

export function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
