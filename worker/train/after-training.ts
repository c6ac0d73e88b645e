/** What is asked of an accepted replica beyond its own window: stretches that it was not trained on, and what its data can tell at all. */
import type { Bound, HeldOut, TraceObject } from '../../schemas/generated/types.ts';
import { parameterNamed } from '../models/parameter-values.ts';
import { jointCramerRao, type BoundRequest } from '../simulate/fisher.ts';
import type { Assessment, Candidate } from './assess.ts';
import { countedSamples } from './ignored.ts';
import { scoreHeldOut, type HeldOutScores } from './held-out.ts';
import { segmentSpans } from './segments.ts';

export interface Examination {
  readonly infer: readonly string[];
  /** gates whose initial value is inferred */
  readonly freeGates: readonly string[];
  readonly heldOut: readonly HeldOut[];
  readonly trace: (hash: string) => TraceObject;
}

/** Nothing of a replica that was not accepted: its parameters explain not even its own data. */
export function examine(candidate: Candidate, { verdict, predictive }: Assessment, asked: Examination): HeldOutScores & { bound?: Bound } {
  if (verdict.kind !== 'converged' || predictive === undefined) return {};
  return { ...scoreHeldOut(asked.heldOut, { ...candidate, trace: asked.trace }), ...boundOf(candidate, predictive.rmseMv, asked) };
}

/**
 * The Cramer-Rao bound at the estimate. The noise is taken as large as the misfit where that is larger: a model of a real cell is wrong by more
 * than the noise, and an error bar that does not know of it would be too small by the same factor. Of a joint fit every segment adds what it knows of
 * the parameters, with initial values of its own.
 */
function boundOf(candidate: Candidate, rmseMv: number, { infer, freeGates }: Examination): { bound?: Bound } {
  const { model, observation, parameters, initial, furtherInitial = [] } = candidate;
  const { current, sampleMs, sigmaMv, segments } = observation;
  const counted = countedSamples(observation);
  const [first, ...rest] = segmentSpans(segments, current.length).map(({ from, to }, s): BoundRequest => ({
    parameters,
    infer,
    initial: s === 0 ? initial : (furtherInitial[s - 1] ?? {}),
    freeInitial: ['V', ...freeGates],
    current: current.subarray(from, to),
    sampleMs,
    sigmaMv: Math.max(sigmaMv, rmseMv),
    counted: counted?.subarray(from, to),
  }));
  if (first === undefined) throw new Error('internal: an observation without a segment');
  const bound = jointCramerRao(model, [first, ...rest]);
  if (bound.kind === 'failed') return {};
  const inUnits = infer
    .map((name): [string, number] => {
      const relative = parameterNamed(model, name).positive;
      return [name, bound.standardErrors[name]! * (relative ? Math.abs(parameters[name]!) : 1)];
    })
    .filter(([, error]) => Number.isFinite(error));
  return { bound: { standardErrors: Object.fromEntries(inUnits), weakest: bound.weakest.words } };
}
