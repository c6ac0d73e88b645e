/** What a reconstruction misses of the truth, where there is one. */
import type { Observation } from './observation.ts';
import { rootMeanSquare } from './root-mean-square.ts';

/** `states`: V and gates on the samples. */
export function truthScores(
  states: Readonly<Record<string, Float64Array>>,
  { truth }: Observation,
): { rmseToTruth?: Record<string, number> } {
  if (truth === undefined) return {};
  return {
    rmseToTruth: Object.fromEntries(Object.entries(states).map(([name, values]) => [name, rootMeanSquare(values, truth.states[name]!)])),
  };
}
