/**
 * The distributions of common.schema.json: their bounds checked, and values drawn from them. A value is a pure function of
 * (distribution, limits, stream, index); nothing is consumed.
 *
 * Drawing is by inversion of one uniform, and a value outside the limits (a normal distribution's tail below zero for a positive
 * parameter) is redrawn: attempt a of index i reads the stream's counter 64 i + a. Redrawing is truncation, exactly; clamping would
 * pile up replicas at the limit. The mean of a normal distribution must lie inside, so 64 attempts fail once in 2^64 draws.
 *
 * Rounding: logUniform uses Math.log and Math.exp, which V8 computes with its own code (fdlibm), not the platform's.
 */
import type { Violation } from './errors.ts';
import type { ContinuousDistribution, StartDistribution } from './generated/types.ts';
import type { Path } from './meant-branch.ts';
import { normalQuantile } from './normal-quantile.ts';
import type { RandomStream } from './random.ts';
import { shown, whereOf, type Place } from './violations.ts';

/** Values that a distribution may not leave. */
export interface Limits {
  readonly low: number;
  readonly high: number;
  /** `low` itself is outside. */
  readonly open?: boolean;
}

export const UNLIMITED: Limits = { low: -Infinity, high: Infinity };
/** For parameters that are fitted as their logarithm. */
export const POSITIVE: Limits = { low: 0, high: Infinity, open: true };

const ATTEMPTS = 64;

/** The index-th first guess of a parameter, in the parameter's unit; a bare number is that number for every index < 2^47. */
export function sampleStart(distribution: StartDistribution, stream: RandomStream, index: number, limits: Limits = UNLIMITED): number {
  return typeof distribution === 'number' ? distribution : sampleContinuous(distribution, stream, index, limits);
}

/** The index-th value of a continuous distribution, inside the limits; index < 2^47. */
export function sampleContinuous(distribution: ContinuousDistribution, stream: RandomStream, index: number, limits: Limits): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const value = quantile(distribution, stream.uniform(ATTEMPTS * index + attempt));
    if (isInside(value, limits)) return value;
  }
  throw new Error(`internal: ${ATTEMPTS} draws of ${JSON.stringify(distribution)} lie outside [${limits.low}, ${limits.high}]`);
}

/** The value below which a share p in [0, 1] of the distribution lies; infinite at 0 and 1 for a normal distribution. */
export function quantile(distribution: ContinuousDistribution, p: number): number {
  if ('uniform' in distribution) return between(distribution.uniform, p);
  if ('normal' in distribution) return distribution.normal[0] + distribution.normal[1] * normalQuantile(p);
  const [low, high] = distribution.logUniform;
  const value = Math.exp(between([Math.log(low), Math.log(high)], p));
  return Math.min(Math.max(value, low), high);
}

/** Whether the value is finite and inside. */
export function isInside(value: number, { low, high, open }: Limits): boolean {
  return Number.isFinite(value) && value <= high && (open === true ? value > low : value >= low);
}

/** Every rule of bounds that `value`, if it is a distribution at all, breaks; what breaks the schema is left to the validator. */
export function distributionViolations(value: unknown, path: Path, place: Place, limits: Limits = UNLIMITED): Violation[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([kind, bounds]) => {
    const check = CHECKS.find((item) => item.kind === kind);
    if (check === undefined || !isPair(bounds)) return [];
    const fault = check.fault(bounds, limits);
    return fault === undefined
      ? []
      : [{ code: 'SPEC_DISTRIBUTION' as const, where: whereOf([...path, kind], place), got: shown(bounds), ...fault }];
  });
}

/** "must be greater than 0", "must be from 1 to 64" */
export function limitRule({ low, high, open }: Limits): string {
  if (open === true) return `must be greater than ${low}${high === Infinity ? '' : ` and at most ${high}`}`;
  return high === Infinity ? `must be at least ${low}` : `must be from ${low} to ${high}`;
}

type Fault = Pick<Violation, 'rule' | 'remedy'>;

const CHECKS: readonly {
  readonly kind: string;
  readonly fault: (bounds: readonly [number, number], limits: Limits) => Fault | undefined;
}[] = [
  { kind: 'uniform', fault: intervalFault },
  {
    kind: 'logUniform',
    fault: (bounds, limits) =>
      bounds[0] > 0
        ? intervalFault(bounds, limits)
        : { rule: 'low must be greater than 0 for a log-uniform distribution', remedy: 'Use "uniform" if the range really includes 0.' },
  },
  {
    kind: 'intUniform',
    fault: (bounds, limits) =>
      bounds.every(Number.isSafeInteger)
        ? intervalFault(bounds, limits)
        : { rule: 'both bounds must be integers', remedy: 'Use "uniform" for other numbers.' },
  },
  { kind: 'normal', fault: normalFault },
];

function intervalFault([low, high]: readonly [number, number], limits: Limits): Fault | undefined {
  if (low > high) return { rule: 'low <= high must hold', remedy: `Did you mean [${high}, ${low}]?` };
  if (!isInside(low, limits) || !isInside(high, limits)) return { rule: `both bounds ${limitRule(limits)}` };
  return undefined;
}

function normalFault([mean, sd]: readonly [number, number], limits: Limits): Fault | undefined {
  if (!(sd > 0))
    return { rule: 'the standard deviation must be greater than 0', remedy: 'Write the bare number for a value without spread.' };
  return isInside(mean, limits) ? undefined : { rule: `the mean ${limitRule(limits)}` };
}

function isPair(bounds: unknown): bounds is [number, number] {
  return Array.isArray(bounds) && bounds.length === 2 && bounds.every((bound) => Number.isFinite(bound));
}

/** Weighted sum: unlike low + p (high - low) it cannot overflow; rounding is cut off at the bounds. */
function between([low, high]: readonly [number, number], p: number): number {
  return Math.min(Math.max(low * (1 - p) + high * p, low), high);
}
