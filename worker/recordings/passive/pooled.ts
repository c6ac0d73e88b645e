/**
 * Repeated measurements as one, with an interval that allows for both: what the noise of each leaves open (its standard error), and how much
 * they differ (random effects, DerSimonian and Laird 1986, Control Clin Trials 7, 177; from three on Student's t on the weighted spread,
 * Hartung and Knapp 2001, Stat Med 20, 3875, never narrower than without).
 */
export interface Measurement {
  readonly value: number;
  readonly standardError: number;
}

export interface Interval {
  readonly value: number;
  /** 95 % */
  readonly low: number;
  readonly high: number;
  /** of the logarithm for positive quantities, else in the unit */
  readonly standardError: number;
}

/** Positive quantities, standard errors being those of the logarithms. */
export function pooledLog(measured: readonly Measurement[]): Interval {
  const logs = measured.map(({ value, standardError }) => ({ value: Math.log(value), standardError }));
  const { value, low, high, standardError } = pooled(logs);
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high), standardError };
}

export function pooled(measured: readonly Measurement[]): Interval {
  const n = measured.length;
  const fixed = weighted(measured, 0);
  const between = n > 1 ? Math.max(0, (fixed.scatter - (n - 1)) / (fixed.weight - fixed.squares / fixed.weight)) : 0;
  const { value, weight, scatter } = weighted(measured, between);
  const spread = n > 2 ? Math.sqrt(Math.max(1, scatter / (n - 1))) : 1;
  const standardError = spread / Math.sqrt(weight);
  const reach = studentQuantile(n > 2 ? n - 1 : FEW) * standardError;
  return { value, low: value - reach, high: value + reach, standardError: reach / NORMAL };
}

/** One over what was measured: noise is on the measurement, and its inverse would be biased by it. `standardError` is that of the logarithm. */
export function pooledInverse(measured: readonly Measurement[]): Interval {
  const { value, low, high, standardError } = pooled(measured);
  return { value: 1 / value, low: 1 / high, high: low > 0 ? 1 / low : Infinity, standardError: standardError / Math.abs(value) };
}

/** Items that are no outliers: within so many scaled deviations, and standard errors of their own, of the median (Hampel 1974). */
export function withoutOutliers<T>(items: readonly T[], measuredOf: (item: T) => Measurement): T[] {
  const values = items.map((item) => measuredOf(item).value);
  if (values.length === 0) return [];
  const centre = middle(values);
  const scale = Math.max(LEAST_SCALE * Math.abs(centre), 1.4826 * middle(values.map((value) => Math.abs(value - centre))));
  return items.filter((item, k) => Math.abs(values[k]! - centre) <= OUTLIER * Math.hypot(scale, measuredOf(item).standardError));
}

/** The median. */
export function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

/** 97.5 % point of the normal distribution. */
const NORMAL = 1.959964;
/** Degrees of freedom of one or two: the correlation of its noise is itself estimated, from a few independent stretches of it. */
const FEW = 5;
const OUTLIER = 4;
/** Of the median: measurements that agree to 5 % never cast one out. */
const LEAST_SCALE = 0.05;

/** Weights 1 / (variance + between). */
function weighted(measured: readonly Measurement[], between: number): { value: number; weight: number; squares: number; scatter: number } {
  const weights = measured.map(({ standardError }) => 1 / (standardError ** 2 + between));
  const weight = weights.reduce((sum, w) => sum + w, 0);
  const value = measured.reduce((sum, { value: x }, k) => sum + weights[k]! * x, 0) / weight;
  return {
    value,
    weight,
    squares: weights.reduce((sum, w) => sum + w * w, 0),
    scatter: measured.reduce((sum, { value: x }, k) => sum + weights[k]! * (x - value) ** 2, 0),
  };
}

/** 97.5 % point of Student's t: Cornish and Fisher's expansion in 1 / degrees of freedom (Abramowitz and Stegun 26.7.5); 3 % off at 2, less above. */
function studentQuantile(freedom: number): number {
  const z = NORMAL;
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  const g4 = (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160;
  return z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3 + g4 / freedom ** 4;
}
