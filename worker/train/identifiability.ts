/**
 * What the data cannot tell, said before anything is spent: the Cramer-Rao bound of each inferred parameter at a plausible value, for one
 * data unit. A first version: it looks at one point of parameter space and one data unit, and names the weakest direction.
 */
import type { DataUnit, InferredParameter, ResolvedProblem, TraceObject } from '../../schemas/generated/types.ts';
import { quantile } from '../../schemas/distribution.ts';
import type { Model } from '../models/model.ts';
import { cramerRao, type BoundOutcome } from '../simulate/fisher.ts';
import { observe } from './observe.ts';

export interface IdentifiabilityWarning {
  readonly code: 'NOT_IDENTIFIABLE' | 'WEAKLY_IDENTIFIABLE' | 'NOT_CHECKED';
  readonly message: string;
  readonly parameters: readonly string[];
}

/** A standard error above this (relative, or as a share of the parameter's range) is called weak. */
const WEAK = 0.5;

/** At the truth of synthetic data, else at the median of the start distributions; initial values of free gates and V are unknown too. */
export function identifiabilityWarnings(
  model: Model,
  problem: ResolvedProblem,
  unit: DataUnit,
  trace: (hash: string) => TraceObject,
): IdentifiabilityWarning[] {
  const names = problem.infer.map(({ name }) => name);
  const bound = boundOf(model, problem, unit, trace);
  if (bound.kind === 'failed') {
    const message = `${unit.label}: identifiability was not checked, the simulation failed (${bound.reason})`;
    return [{ code: 'NOT_CHECKED', message, parameters: names }];
  }
  const unknown = names.filter((name) => !Number.isFinite(bound.standardErrors[name]!));
  if (unknown.length > 0) {
    const message = `${unit.label} cannot tell ${unknown.join(', ')} apart: ${bound.weakest.words}. Fix one of them, or vary the current.`;
    return [{ code: 'NOT_IDENTIFIABLE', message, parameters: unknown }];
  }
  return problem.infer.flatMap((parameter) => weaknesses(parameter, bound.standardErrors[parameter.name]!, unit.label));
}

function boundOf(model: Model, problem: ResolvedProblem, unit: DataUnit, trace: (hash: string) => TraceObject): BoundOutcome {
  const observation = observe({ data: unit, draw: 0, model, objects: { trace } });
  return cramerRao(model, {
    parameters: unit.source.kind === 'synthetic' ? unit.source.parameters : { ...problem.fixed, ...startMedians(problem) },
    infer: problem.infer.map(({ name }) => name),
    initial: { V: observation.truth?.states['V']?.[0] ?? observation.voltageMv[0]! },
    freeInitial: ['V', ...model.gates.filter((gate) => gate.initial === 'free').map((gate) => gate.name)],
    current: observation.current,
    sampleMs: observation.sampleMs,
    sigmaMv: unit.sigmaMv,
  });
}

function weaknesses({ name, positive, range, unit }: InferredParameter, error: number, label: string): IdentifiabilityWarning[] {
  if (error <= WEAK * (positive ? 1 : range[1] - range[0])) return [];
  const size = positive ? `${(100 * error).toPrecision(2)} %` : `${error.toPrecision(2)} ${unit}`;
  const message = `${label}: no method can know ${name} better than +-${size} (Cramer-Rao)`;
  return [{ code: 'WEAKLY_IDENTIFIABLE', message, parameters: [name] }];
}

function startMedians({ infer }: ResolvedProblem): Record<string, number> {
  return Object.fromEntries(infer.map(({ name, start }) => [name, typeof start === 'number' ? start : quantile(start, 0.5)]));
}
