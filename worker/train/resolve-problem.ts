/**
 * Resolves the part of a spec that knows neurons: the model, the inferred and fixed parameters, and the data. Every file is read here and
 * replaced by its content, so that the sweep that follows depends on no path. All violations are collected and thrown together.
 */
import { sha256 } from '../../schemas/content-id.ts';
import { throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { DataUnit, InferredParameter, Problem, ResolvedPassive, ResolvedProblem, Unknown } from '../../schemas/generated/types.ts';
import { loadModel } from '../models/library.ts';
import { isPool, stateNames, type Model, type Parameter } from '../models/model.ts';
import { findParameter, tiedValues, unknownParameter } from '../models/parameter-values.ts';
import { tieParameters } from '../models/tie.ts';
import { dataUnits } from './data-units.ts';
import { fixedAxisNotes, fixedAxisViolations, typicalValue, type FixedAxes } from './fixed-axes.ts';
import { priorViolations } from './prior-check.ts';
import { passivePrefit } from './passive-prefit.ts';
import { fixedNotes, mismatchNotes, startNotes, startViolations, truthNotes } from './range-check.ts';

export interface ProblemResolution {
  readonly problem: ResolvedProblem;
  /** Texts that tasks name by their hash: the model file and windows of recordings. */
  readonly objects: ReadonlyMap<string, string>;
  readonly model: Model;
  /** What was assumed or left out, for the user. */
  readonly notes: readonly string[];
}

/** What a spec means beside its text. */
export interface Sources {
  /** Paths are relative to this folder: the spec's. */
  readonly folder: string;
  /** The sweep's seed: noise draws derive from it. */
  readonly seed: number;
  /** Fixed parameters of which replicas have different values, by name. */
  readonly fixedAxes?: FixedAxes;
}

/** Throws MODEL_*, RECORDING_*, SPEC_UNKNOWN_PARAMETER, SPEC_DATA. */
export async function resolveProblem(written: Problem, sources: Sources): Promise<ProblemResolution> {
  const loaded = tieParameters(loadModel(written.model, sources.folder), written.tied ?? {}, 'spec.problem.tied');
  const { model } = loaded;
  const { fixedAxes = {} } = sources;
  const passive = await passivePrefit(written, sources.folder, model, fixedAxes);
  const { problem } = passive;
  const violations: Violation[] = [...passive.violations];
  const infer = inferredParameters(problem, model, passive.resolved, violations);
  violations.push(...fixedAxisViolations(fixedAxes, model, new Set(infer.map(({ name }) => name))));
  const fixed = fixedValues(problem, fixedAxes, model, violations);
  const data = await dataUnits(problem, sources, model);
  throwIfAny([...violations, ...data.violations]);
  const object = sha256(loaded.text);
  return {
    problem: {
      model: { name: model.name, object },
      currentUnit: model.currentUnit,
      states: stateNames(model),
      ...poolsOf(model),
      infer: nonEmpty(infer),
      fixed,
      ...tiesOf(model),
      ...(passive.resolved === undefined ? {} : { passive: passive.resolved }),
      data: nonEmpty(data.units),
    },
    objects: new Map([[object, loaded.text], ...data.objects]),
    model,
    notes: [
      ...passive.notes,
      ...data.notes,
      ...startNotes(infer),
      ...fixedNotes(without(fixed, fixedAxes), model.parameters),
      ...fixedAxisNotes(fixedAxes, model),
      ...tiedNotes(model, data.units),
      ...truthNotes(data.units, infer),
      ...mismatchNotes(data.units, without(fixed, fixedAxes)),
    ],
  };
}

/** What is wrong with a prior that was measured is the measurement's. */
function inferredParameters(
  { infer }: Problem,
  model: Model,
  measured: ResolvedPassive | undefined,
  violations: Violation[],
): InferredParameter[] {
  const asked: [string, Unknown][] = Array.isArray(infer) ? infer.map((name) => [name, {}]) : Object.entries(infer);
  return asked.flatMap(([name, { start, prior }]) => {
    const parameter = known(name, Array.isArray(infer) ? `spec.problem.infer` : `spec.problem.infer.${name}`, model, violations);
    if (parameter === undefined) return [];
    const { unit, positive, range } = parameter;
    const inferred: InferredParameter = { name, unit, positive, range: [range[0], range[1]], start: start ?? parameter.start };
    if (prior !== undefined) inferred.prior = prior;
    const place = measured?.uses[name] === 'prior' ? 'spec.problem.passive.use' : `spec.problem.infer.${name}.prior`;
    violations.push(...startViolations(inferred), ...priorViolations(inferred, place));
    return [inferred];
  });
}

/** Every parameter that is not inferred, at the spec's value or the model's own; one that is an axis at a typical value of it. */
function fixedValues({ infer, fixed = {} }: Problem, axes: FixedAxes, model: Model, violations: Violation[]): Record<string, number> {
  const inferred = new Set<string>(Array.isArray(infer) ? infer : Object.keys(infer));
  for (const [name, value] of Object.entries(fixed)) {
    const where = `spec.problem.fixed.${name}`;
    const parameter = known(name, where, model, violations);
    if (parameter === undefined) continue;
    if (parameter.positive && value <= 0)
      violations.push({ code: 'SPEC_DATA', where, rule: `${name} must be greater than 0`, got: String(value) });
  }
  return Object.fromEntries(
    model.parameters
      .filter(({ name }) => !inferred.has(name))
      .map(({ name, value }) => [name, axes[name] === undefined ? (fixed[name] ?? value) : typicalValue(axes[name])]),
  );
}

function without(values: Readonly<Record<string, number>>, axes: FixedAxes): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => axes[name] === undefined));
}

function known(name: string, where: string, model: Model, violations: Violation[]): Parameter | undefined {
  const parameter = findParameter(model, name);
  const tie = model.tied.find((tied) => tied.name === name);
  if (tie !== undefined) {
    const rule = 'a parameter is inferred, fixed or tied, one of the three';
    violations.push({ code: 'SPEC_DATA', where, rule, got: `${name}, tied to ${tie.equation}` });
  } else if (parameter === undefined) violations.push(unknownParameter(name, where, model));
  return parameter;
}

function poolsOf({ gates }: Model): Pick<ResolvedProblem, 'pools'> {
  const pools = gates.filter((gate) => isPool(gate)).map(({ name, unit }) => [name, unit] as const);
  return pools.length === 0 ? {} : { pools: Object.fromEntries(pools) };
}

function tiesOf({ tied: [first, ...rest] }: Model): Pick<ResolvedProblem, 'tied'> {
  return first === undefined ? {} : { tied: [{ ...first }, ...rest.map((tie) => ({ ...tie }))] };
}

/** What follows what, and synthetic data that were made with another value than the tie gives at their truth. */
function tiedNotes(model: Model, units: readonly DataUnit[]): string[] {
  const ties = model.tied.map(({ name, equation }) => `${name} is tied: it is ${equation} in every replica`);
  const broken = units.flatMap(({ label, source }) => {
    if (source.kind !== 'synthetic') return [];
    return Object.entries(tiedValues(model, source.parameters))
      .filter(([name, value]) => Math.abs(source.parameters[name]! / value - 1) > TIE_ROUNDING)
      .map(([name, value]) => `${label}: made with ${name} = ${source.parameters[name]}, where the tie gives ${value}`);
  });
  return [...ties, ...broken];
}

const TIE_ROUNDING = 1e-9;

function nonEmpty<T>(values: readonly T[]): [T, ...T[]] {
  const [first, ...rest] = values;
  if (first === undefined) throw new Error('internal: the schema lets no empty list pass');
  return [first, ...rest];
}
