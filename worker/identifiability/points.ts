/**
 * Where in parameter space the information is asked for: at the truth of synthetic data, and at draws from the start distributions, so that a
 * verdict does not hang on one point.
 */
import { quantile } from '../../schemas/distribution.ts';
import type { InferredParameter, ResolvedProblem, SyntheticSource } from '../../schemas/generated/types.ts';
import { randomStream } from '../../schemas/random.ts';

type Values = Record<string, number>;

/** The k-th draw; draw 0 is the median of every start. */
export function drawPoint({ infer, fixed }: ResolvedProblem, k: number): Values {
  const starts = infer.map((parameter) => [parameter.name, startAt(parameter, k)] as const);
  return { ...fixed, ...Object.fromEntries(starts) };
}

/** What is held fixed is held at the fit's value: the information is that of the fit. */
export function truthPoint({ infer, fixed }: ResolvedProblem, { parameters }: SyntheticSource): Values {
  const truths = infer.map(({ name }) => [name, parameters[name]!] as const);
  return { ...fixed, ...Object.fromEntries(truths) };
}

function startAt({ name, start, range: [low, high] }: InferredParameter, k: number): number {
  if (typeof start === 'number') return start;
  const value = quantile(start, k === 0 ? 0.5 : randomStream(0, `identifiability:${name}`).uniform(k));
  return Math.min(Math.max(value, low), high);
}
