/** The inferred parameters as the checks count them: positive ones by their logarithm, others in their unit, with a border of what is known well. */
import { quantile } from '../../schemas/distribution.ts';
import type { InferredParameter, PriorDistribution, StartDistribution } from '../../schemas/generated/types.ts';

export interface Unknown {
  readonly name: string;
  readonly unit: string;
  readonly positive: boolean;
  /** half the width of the middle 68 % of the start: of the logarithm for positive parameters, else in the unit; 0 for a bare number */
  readonly startSpread: number;
  /** A standard error above this is weak; counted as `startSpread`. */
  readonly border: number;
  /** What a prior tells, per squared border; 0 without one. */
  readonly priorPrecision: number;
}

/**
 * Weak is what V tells less of than the first guess does, by far: a standard error of twice the start's spread. But a narrow start is a
 * convenience and no claim, and a wide one no licence: errors up to 20 % (5 % of the range) are never weak, above 50 % (a quarter of it) always.
 */
const SPREADS = 2;
const BORDER_OF_LOG = [0.2, 0.5] as const;
const BORDER_OF_RANGE = [0.05, 0.25] as const;

export function unknownOf({ name, unit, positive, range, start, prior }: InferredParameter): Unknown {
  const startSpread = spreadOf(start, positive);
  const width = positive ? 1 : range[1] - range[0];
  const [least, most] = (positive ? BORDER_OF_LOG : BORDER_OF_RANGE).map((share) => share * width);
  const border = startSpread === 0 ? most! : Math.min(Math.max(SPREADS * startSpread, least!), most!);
  return {
    name,
    unit,
    positive,
    startSpread,
    border,
    priorPrecision: prior === undefined ? 0 : (border / priorSpread(prior, positive)) ** 2,
  };
}

/** d value / d one border's worth of the unknown, at `value`. */
export function borderStep({ positive, border }: Unknown, value: number): number {
  return positive ? value * border : border;
}

/** Standard deviation as `startSpread` is counted; a normal prior of a positive parameter by its relative width. */
function priorSpread(prior: PriorDistribution, positive: boolean): number {
  if ('logNormal' in prior) return Math.log(prior.logNormal[1]);
  const [mean, sd] = prior.normal;
  return positive ? sd / Math.abs(mean) : sd;
}

function spreadOf(start: StartDistribution, positive: boolean): number {
  if (typeof start === 'number') return 0;
  const [low, high] = [quantile(start, 0.16), quantile(start, 0.84)];
  return (positive ? Math.log(high / Math.max(low, high * 1e-6)) : high - low) / 2;
}
