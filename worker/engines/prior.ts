/**
 * What is known of a parameter before the data: a normal distribution of its value, or of its logarithm. Wherever parameters are estimated
 * it counts as one more residual, (g(value) - centre) / sd with g the identity or the logarithm, next to the misfit of V in units of its
 * noise: -2 log posterior = sum over samples of (V - data)^2 / sigma^2 + sum over priors of residual^2 + constant. The estimate is the maximum
 * a posteriori in that scale: of the value for `normal`, of its logarithm for `logNormal`. loss.ts says what this weighs in a network's loss.
 */
import type { PriorDistribution } from '../../schemas/generated/types.ts';

export interface Prior {
  /** Place among the inferred parameters. */
  readonly parameter: number;
  /** Whether centre and sd are of log(value). */
  readonly logarithmic: boolean;
  readonly centre: number;
  readonly sd: number;
}

/** `normal: [mean, sd]`; `logNormal: [median, factor]`, so that 68 % lie between median / factor and median * factor: sd = log(factor). */
export function priorOf(parameter: number, distribution: PriorDistribution): Prior {
  if ('normal' in distribution) return { parameter, logarithmic: false, centre: distribution.normal[0], sd: distribution.normal[1] };
  const [median, factor] = distribution.logNormal;
  return { parameter, logarithmic: true, centre: Math.log(median), sd: Math.log(factor) };
}

/** Of the inferred parameters of a task, in their order. */
export function priorsOf(infer: readonly { readonly prior?: PriorDistribution }[]): Prior[] {
  return infer.flatMap(({ prior }, p) => (prior === undefined ? [] : [priorOf(p, prior)]));
}

/** Distance from the centre in standard deviations. */
export function priorResidual({ logarithmic, centre, sd }: Prior, value: number): number {
  return ((logarithmic ? Math.log(value) : value) - centre) / sd;
}

/** d residual / d value. */
export function priorSlope({ logarithmic, sd }: Prior, value: number): number {
  return 1 / (logarithmic ? sd * value : sd);
}

/**
 * Curvature of half the squared residual, in units of slope^2; 0 where it bends downwards. Of a logarithm's it is more than 1 below the centre, where
 * slope^2 alone would send the next value far beyond it, and back again for ever.
 */
export function priorBend({ logarithmic, centre }: Prior, value: number): number {
  return logarithmic ? Math.max(0, 1 + centre - Math.log(value)) : 1;
}
