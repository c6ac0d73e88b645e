/**
 * Seeds of replicas and the first guesses that follow from them. The k-th seed is the k-th value of a keyed permutation of 52 bits:
 * random, and never the same for two k, which independent draws of 53 bits would only make likely.
 */
import { canonicalJson } from '../../schemas/content-id.ts';
import { POSITIVE, sampleStart, UNLIMITED } from '../../schemas/distribution.ts';
import type { InferredParameter, ResolvedSweep, Start } from '../../schemas/generated/types.ts';
import { randomStream, streamName } from '../../schemas/random.ts';
import { MAX_PERMUTATION, permutation } from './permutation.ts';

export interface Seeded {
  readonly seed: number;
  /** First guesses in the problem's order; that of a positive parameter is positive. */
  readonly infer: [Start, ...Start[]];
  /** Canonical JSON of `infer`. */
  readonly text: string;
}

/** The k-th seed of the sweep, from 0. First guesses come from the streams "start:<name>" under the replica's own seed. */
export function seeds({ seed: sweepSeed, problem }: Pick<ResolvedSweep, 'seed' | 'problem'>): (k: number) => Seeded {
  const seedOf = permutation(MAX_PERMUTATION, randomStream(sweepSeed, 'seed'));
  const [first, ...rest] = problem.infer;
  const firstStart = startOf(first);
  const restStarts = rest.map(startOf);
  return (k) => {
    const seed = seedOf(k);
    const infer: [Start, ...Start[]] = [firstStart(seed), ...restStarts.map((start) => start(seed))];
    return { seed, infer, text: canonicalJson(infer) };
  };
}

function startOf({ name, start, positive, prior }: InferredParameter): (seed: number) => Start {
  const stream = streamName(`start:${name}`);
  const limits = positive ? POSITIVE : UNLIMITED;
  const known = prior === undefined ? {} : { prior };
  return (seed) => ({ name, start: sampleStart(start, randomStream(seed, stream), 0, limits), ...known });
}
