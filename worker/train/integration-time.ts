/** How long an integration of a model with its sensitivities takes here, for the estimate of a sweep's cost. */
import type { DataUnit, ResolvedProblem, TraceObject } from '../../schemas/generated/types.ts';
import { quantile } from '../../schemas/distribution.ts';
import type { Model } from '../models/model.ts';
import { openSensitivities } from '../simulate/sensitivity.ts';
import { observe } from './observe.ts';

/** Of a data unit, at most; a longer one is counted in proportion. */
const MOST_MS = 200;

/** Seconds, at the truth of synthetic data or the median of the starts. */
export function integrationSeconds(model: Model, problem: ResolvedProblem, unit: DataUnit, trace: (hash: string) => TraceObject): number {
  const { voltageMv, current, sampleMs } = observe({ data: unit, draw: 0, model, objects: { trace } });
  const samples = Math.max(2, Math.min(current.length, Math.round(MOST_MS / sampleMs)));
  const infer = problem.infer.map(({ name }) => name);
  const medians = problem.infer.map(({ start }) => (typeof start === 'number' ? start : quantile(start, 0.5)));
  const truth = unit.source.kind === 'synthetic' ? unit.source.parameters : {};
  const values = Float64Array.of(...infer.map((name, k) => truth[name] ?? medians[k]!), voltageMv[0]!);
  const request = { fixed: problem.fixed, infer, freeInitial: ['V'], current: current.subarray(0, samples), sampleMs };
  const sensitivities = openSensitivities(model, request);
  sensitivities.solve(values); // compiled by the time it counts
  const started = performance.now();
  sensitivities.solve(values);
  return ((performance.now() - started) / 1000) * (current.length / samples);
}
