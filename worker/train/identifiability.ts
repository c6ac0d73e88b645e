/**
 * What the data cannot tell, said before anything is spent: the Cramer-Rao bound of each inferred parameter at a plausible value, for one
 * data unit. A first version: it looks at one point of parameter space and one data unit, and names the weakest direction.
 */
import type { DataUnit, ResolvedProblem, TraceObject } from '../../schemas/generated/types.ts';
import { quantile } from '../../schemas/distribution.ts';
import type { Model } from '../models/model.ts';
import { cramerRao } from '../simulate/fisher.ts';
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
  const observation = observe({ data: unit, draw: 0, model, objects: { trace } });
  const names = problem.infer.map(({ name }) => name);
  const values = unit.source.kind === 'synthetic' ? unit.source.parameters : { ...problem.fixed, ...startMedians(problem) };
  const bound = cramerRao(model, {
    parameters: values,
    infer: names,
    initial: { V: observation.truth?.states['V']?.[0] ?? observation.voltageMv[0]! },
    freeInitial: ['V', ...model.gates.filter((gate) => gate.initial === 'free').map((gate) => gate.name)],
    current: observation.current,
    sampleMs: observation.sampleMs,
    sigmaMv: unit.sigmaMv,
  });
  if (bound.kind === 'failed')
    return [
      {
        code: 'NOT_CHECKED',
        message: `${unit.label}: identifiability was not checked, the simulation failed (${bound.reason})`,
        parameters: names,
      },
    ];
  const unknown = problem.infer.filter(({ name }) => !Number.isFinite(bound.standardErrors[name]!)).map(({ name }) => name);
  if (unknown.length > 0)
    return [
      {
        code: 'NOT_IDENTIFIABLE',
        message: `${unit.label} cannot tell ${unknown.join(', ')} apart: ${bound.weakest.words} Fix one of them, or vary the current.`,
        parameters: unknown,
      },
    ];
  return problem.infer.flatMap(({ name, positive, range, unit: label }) => {
    const error = bound.standardErrors[name]!;
    if (error <= WEAK * (positive ? 1 : range[1] - range[0])) return [];
    const size = positive ? `${(100 * error).toPrecision(2)} %` : `${error.toPrecision(2)} ${label}`;
    return [
      {
        code: 'WEAKLY_IDENTIFIABLE' as const,
        message: `${unit.label}: no method can know ${name} better than +-${size} (Cramer-Rao)`,
        parameters: [name],
      },
    ];
  });
}

function startMedians({ infer }: ResolvedProblem): Record<string, number> {
  return Object.fromEntries(infer.map(({ name, start }) => [name, typeof start === 'number' ? start : quantile(start, 0.5)]));
}
