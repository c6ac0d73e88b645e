/** The forward solution along an observation: each segment begins anew, from its own initial state. */
import type { Model } from '../models/model.ts';
import { simulate, type SimulationOutcome } from '../simulate/forward.ts';
import type { Observation } from './observation.ts';
import { segmentSpans } from './segments.ts';

export interface InitialStates {
  /** V (mV) and gates at the first sample; a gate left out starts at its steady state */
  readonly initial: Readonly<Record<string, number>>;
  /** of the segments after the first; at the model's rest when absent */
  readonly furtherInitial?: readonly Readonly<Record<string, number>>[];
}

/** States one value per sample of all segments; the first segment that fails is the outcome, at its own time. */
export function simulateSegments(
  model: Model,
  parameters: Readonly<Record<string, number>>,
  { initial, furtherInitial = [] }: InitialStates,
  { current, segments, sampleMs }: Pick<Observation, 'current' | 'sampleMs'> & { readonly segments: ArrayLike<number> },
): SimulationOutcome {
  const states: Record<string, Float64Array> = {};
  for (const [s, { from, to }] of segmentSpans(segments, current.length).entries()) {
    const own = s === 0 ? initial : (furtherInitial[s - 1] ?? {});
    const simulation = simulate(model, { parameters, initial: own, current: current.subarray(from, to), sampleMs });
    if (simulation.kind === 'failed') return simulation;
    for (const [name, values] of Object.entries(simulation.states)) (states[name] ??= new Float64Array(current.length)).set(values, from);
  }
  return { kind: 'done', states };
}
