/**
 * Resolves the part of a spec that knows neurons: the model, the inferred and fixed parameters, and the data. Every file is read here and
 * replaced by its content, so that the sweep that follows depends on no path. All violations are collected and thrown together.
 */
import { canonicalJson, sha256 } from '../../schemas/content-id.ts';
import { LoligoError, throwIfAny, type Violation } from '../../schemas/errors.ts';
import type { DataEntry, DataUnit, InferredParameter, Problem, ResolvedProblem, StartDistribution } from '../../schemas/generated/types.ts';
import { loadModel } from '../models/library.ts';
import { stateNames, type Model, type Parameter } from '../models/model.ts';
import { findParameter, unknownParameter } from '../models/parameter-values.ts';
import { recordingUnits } from '../recordings/windows.ts';
import { syntheticUnit } from './observe.ts';
import { fixedNotes, startNotes, startViolations, truthNotes } from './range-check.ts';

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
}

/** Throws MODEL_*, RECORDING_*, SPEC_UNKNOWN_PARAMETER, SPEC_DATA. */
export async function resolveProblem(problem: Problem, sources: Sources): Promise<ProblemResolution> {
  const loaded = loadModel(problem.model, sources.folder);
  const { model } = loaded;
  const violations: Violation[] = [];
  const infer = inferredParameters(problem, model, violations);
  const fixed = fixedValues(problem, model, violations);
  const data = await dataUnits(problem.data, sources, model, violations);
  throwIfAny(violations);
  const object = sha256(loaded.text);
  return {
    problem: {
      model: { name: model.name, object },
      currentUnit: model.currentUnit,
      states: stateNames(model),
      infer: nonEmpty(infer),
      fixed,
      data: nonEmpty(data.units),
    },
    objects: new Map([[object, loaded.text], ...data.objects]),
    model,
    notes: [
      ...data.notes,
      ...startNotes(infer),
      ...fixedNotes(fixed, model.parameters),
      ...truthNotes(data.units, infer),
      ...mismatchNotes(data.units, fixed),
    ],
  };
}

function inferredParameters({ infer }: Problem, model: Model, violations: Violation[]): InferredParameter[] {
  const asked: [string, StartDistribution | undefined][] = Array.isArray(infer)
    ? infer.map((name) => [name, undefined])
    : Object.entries(infer).map(([name, unknown]) => [name, unknown.start]);
  return asked.flatMap(([name, start]) => {
    const parameter = known(name, Array.isArray(infer) ? `spec.problem.infer` : `spec.problem.infer.${name}`, model, violations);
    if (parameter === undefined) return [];
    const { unit, positive, range } = parameter;
    const inferred: InferredParameter = { name, unit, positive, range: [range[0], range[1]], start: start ?? parameter.start };
    violations.push(...startViolations(inferred));
    return [inferred];
  });
}

/** Every parameter that is not inferred, at the spec's value or the model's own. */
function fixedValues({ infer, fixed = {} }: Problem, model: Model, violations: Violation[]): Record<string, number> {
  const inferred = new Set<string>(Array.isArray(infer) ? infer : Object.keys(infer));
  for (const [name, value] of Object.entries(fixed)) {
    const where = `spec.problem.fixed.${name}`;
    const parameter = known(name, where, model, violations);
    if (parameter === undefined) continue;
    if (parameter.positive && value <= 0)
      violations.push({ code: 'SPEC_DATA', where, rule: `${name} must be greater than 0`, got: String(value) });
  }
  return Object.fromEntries(
    model.parameters.filter(({ name }) => !inferred.has(name)).map(({ name, value }) => [name, fixed[name] ?? value]),
  );
}

function known(name: string, where: string, model: Model, violations: Violation[]): Parameter | undefined {
  const parameter = findParameter(model, name);
  if (parameter === undefined) violations.push(unknownParameter(name, where, model));
  return parameter;
}

interface Units {
  units: DataUnit[];
  objects: [string, string][];
  notes: string[];
}

async function dataUnits(entries: readonly DataEntry[], { folder, seed }: Sources, model: Model, violations: Violation[]): Promise<Units> {
  const found: Units = { units: [], objects: [], notes: [] };
  for (const [index, entry] of entries.entries()) {
    if ('synthetic' in entry) {
      const outcome = syntheticUnit(entry.synthetic, index, model, seed);
      if (outcome.kind === 'unit') found.units.push(outcome.unit);
      else violations.push(...outcome.violations.map(inSpec));
      continue;
    }
    try {
      const { units, objects, notes } = await recordingUnits(entry.recording, index, folder, model.currentUnit);
      found.units.push(...units);
      found.notes.push(...notes);
      for (const [hash, trace] of objects) found.objects.push([hash, canonicalJson(trace)]);
    } catch (error) {
      if (!(error instanceof LoligoError)) throw error;
      violations.push(...error.violations.map(inSpec));
    }
  }
  return found;
}

/** Rooms name a place from the problem on; a recording's own violations name its file. */
function inSpec(violation: Violation): Violation {
  return violation.where.startsWith('problem.') ? { ...violation, where: `spec.${violation.where}` } : violation;
}

/** Synthetic data made with another value than the fit holds fixed: allowed (a study of a wrong assumption), but never by accident. */
function mismatchNotes(units: readonly DataUnit[], fixed: Readonly<Record<string, number>>): string[] {
  return units.flatMap(({ label, source }) => {
    if (source.kind !== 'synthetic') return [];
    return Object.entries(fixed)
      .filter(([name, value]) => source.parameters[name] !== undefined && source.parameters[name] !== value)
      .map(([name, value]) => `${label}: made with ${name} = ${source.parameters[name]}, fitted with ${name} fixed at ${value}`);
  });
}

function nonEmpty<T>(values: readonly T[]): [T, ...T[]] {
  const [first, ...rest] = values;
  if (first === undefined) throw new Error('internal: the schema lets no empty list pass');
  return [first, ...rest];
}
