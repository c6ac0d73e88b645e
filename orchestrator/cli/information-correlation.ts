/** What the Fisher information says of how the errors of two parameters go together, at a typical replica of a data set: one integration with sensitivities. */
import type { Lock, TraceObject } from '../../schemas/generated/types.ts';
import type { Model } from '../../worker/models/model.ts';
import { cramerRao } from '../../worker/simulate/fisher.ts';
import { countedSamples } from '../../worker/train/ignored.ts';
import { observe } from '../../worker/train/observe.ts';
import type { InformationCorrelation, InformationQuestion } from '../aggregate/dependence.ts';

export interface InformationSource {
  readonly lock: Lock;
  readonly model: Model;
  readonly trace: (hash: string) => TraceObject;
  /** of a replica, by its position in the expansion */
  readonly fixed: (index: number) => Readonly<Record<string, number>>;
}

/** Nothing of joint fits, whose segments each have initial states of their own, and where the model does not run through. */
export function informationCorrelation(
  { data, draw, index, parameters, initial }: InformationQuestion,
  { lock, model, trace, fixed }: InformationSource,
): InformationCorrelation | undefined {
  const { problem } = lock.resolved;
  const observation = observe({ data: problem.data[data]!, draw, model, objects: { trace } });
  if (observation.segments.length > 1) return undefined;
  const { current, sampleMs, sigmaMv } = observation;
  const bound = cramerRao(model, {
    parameters: { ...fixed(index), ...parameters },
    infer: problem.infer.map(({ name }) => name),
    initial,
    freeInitial: ['V', ...model.gates.filter((gate) => gate.initial === 'free').map(({ name }) => name)],
    current,
    sampleMs,
    sigmaMv,
    counted: countedSamples(observation),
  });
  if (bound.kind === 'failed') return undefined;
  // of a parameter that the data leave open an error is without bound, and goes together with nothing
  const bounded = (name: string): boolean => Number.isFinite(bound.standardErrors[name]);
  return (x, y) =>
    bounded(x) && bounded(y) ? bound.correlations.find(({ a, b }) => (a === x && b === y) || (a === y && b === x))?.value : undefined;
}
