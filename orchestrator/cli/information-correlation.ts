/** What the Fisher information says of how the errors of two parameters go together, at a typical replica of a data set: an integration with sensitivities for each stretch of it. */
import type { Lock, TraceObject } from '../../schemas/generated/types.ts';
import type { Model } from '../../worker/models/model.ts';
import { jointCramerRao } from '../../worker/simulate/fisher.ts';
import type { BoundRequest } from '../../worker/simulate/fisher.ts';
import { countedSamples } from '../../worker/train/ignored.ts';
import { observe } from '../../worker/train/observe.ts';
import { segmentSpans } from '../../worker/train/segments.ts';
import type { Segment } from '../../worker/train/segments.ts';
import type { InformationCorrelation, InformationQuestion } from '../aggregate/dependence.ts';

export interface InformationSource {
  readonly lock: Lock;
  readonly model: Model;
  readonly trace: (hash: string) => TraceObject;
  /** of a replica, by its position in the expansion */
  readonly fixed: (index: number) => Readonly<Record<string, number>>;
}

/** Nothing where the model does not run through. Of a joint fit every segment adds what it knows, with initial states of its own. */
export function informationCorrelation(
  { data, draw, index, parameters, statesAt }: InformationQuestion,
  { lock, model, trace, fixed }: InformationSource,
): InformationCorrelation | undefined {
  const { problem } = lock.resolved;
  const observation = observe({ data: problem.data[data]!, draw, model, objects: { trace } });
  const { current, tMs, sampleMs, sigmaMv, segments } = observation;
  const counted = countedSamples(observation);
  const requestOf = ({ from, to }: Segment): BoundRequest => ({
    parameters: { ...fixed(index), ...parameters },
    infer: problem.infer.map(({ name }) => name),
    // a segment's first sample may not be stored: then it is the next one that is, a fraction of a millisecond later
    initial: statesAt(tMs[from]!),
    freeInitial: ['V', ...model.gates.filter((gate) => gate.initial === 'free').map(({ name }) => name)],
    current: current.subarray(from, to),
    sampleMs,
    sigmaMv,
    ...(counted === undefined ? {} : { counted: counted.subarray(from, to) }),
  });
  const [first, ...rest] = segmentSpans(segments, current.length).map(requestOf);
  if (first === undefined) throw new Error('internal: an observation without a segment');
  const bound = jointCramerRao(model, [first, ...rest]);
  if (bound.kind === 'failed') return undefined;
  // of a parameter that the data leave open an error is without bound, and goes together with nothing
  const bounded = (name: string): boolean => Number.isFinite(bound.standardErrors[name]);
  return (x, y) =>
    bounded(x) && bounded(y) ? bound.correlations.find(({ a, b }) => (a === x && b === y) || (a === y && b === x))?.value : undefined;
}
