/**
 * `problem.passive`: the capacitance, and if asked for the leak, measured from current steps of a recording, and used as a fixed value, as a
 * prior, or not at all. What was measured goes into the resolved problem, so that a report can tell it.
 */
import { basename, resolve } from 'node:path';
import { LoligoError, type Violation } from '../../schemas/errors.ts';
import type { PassiveSpec, PassiveUse, Problem, RecordingSpec, ResolvedPassive, Unknown } from '../../schemas/generated/types.ts';
import { capacitanceName, leakName } from '../models/roles.ts';
import type { Model } from '../models/model.ts';
import { correctRecording, type Refuse } from '../recordings/corrections.ts';
import { importRecording } from '../recordings/importers.ts';
import { passiveQuantities, quantityWords, stepWords, type PassiveUnit } from '../recordings/passive/describe-passive.ts';
import { passiveMembrane, type PassiveMembrane } from '../recordings/passive/passive-membrane.ts';
import { currentFactor } from '../recordings/units.ts';
import type { FixedAxes } from './fixed-axes.ts';

export interface PassivePrefit {
  /** with what was measured among its fixed values or priors */
  readonly problem: Problem;
  readonly resolved?: ResolvedPassive;
  readonly notes: readonly string[];
  readonly violations: readonly Violation[];
}

const WHERE = 'spec.problem.passive';

/** Throws RECORDING_*. A problem without `passive` comes back as it is. `axes`: of fixed parameters. */
export async function passivePrefit(problem: Problem, folder: string, model: Model, axes: FixedAxes): Promise<PassivePrefit> {
  const { passive } = problem;
  if (passive === undefined) return { problem, notes: [], violations: [] };
  try {
    const file = resolve(folder, passive.file ?? firstFile(problem));
    const membrane = await measure(file, { ...readAs(problem, folder, file), ...passive }, model);
    return applied(problem, passive, model, axes, basename(file), membrane);
  } catch (error) {
    if (!(error instanceof LoligoError)) throw error;
    return { problem, notes: [], violations: error.violations };
  }
}

function firstFile({ data }: Problem): string {
  for (const entry of data) if ('recording' in entry) return entry.recording.file;
  throw refused('file', 'a passive pre-fit needs a recording', 'none in problem.data', 'Name one in file.');
}

type ReadAs = Pick<RecordingSpec, 'columns' | 'voltageChannel' | 'currentChannel' | 'correct'>;

/** How the first entry of problem.data that has this file reads and corrects it. */
function readAs({ data }: Problem, folder: string, file: string): ReadAs {
  for (const entry of data) if ('recording' in entry && resolve(folder, entry.recording.file) === file) return readingOf(entry.recording);
  return {};
}

function readingOf({ columns, voltageChannel, currentChannel, correct }: ReadAs): ReadAs {
  return {
    ...(columns === undefined ? {} : { columns }),
    ...(voltageChannel === undefined ? {} : { voltageChannel }),
    ...(currentChannel === undefined ? {} : { currentChannel }),
    ...(correct === undefined ? {} : { correct }),
  };
}

async function measure(file: string, passive: PassiveSpec & ReadAs, { currentUnit }: Model): Promise<PassiveMembrane> {
  const { sweeps, windowMs, mostMv } = passive;
  const { correct, ...channels } = readingOf(passive);
  const imported = await importRecording(file, channels);
  const refuse: Refuse = (key, { rule, got, remedy }) => refused(`file, corrected by ${key}`, rule, got, remedy);
  const recording = correct === undefined ? imported : correctRecording(imported, correct, refuse);
  const stimulus = recording.sweeps[0]!.stimulus;
  const factor = currentFactor(stimulus.unit, currentUnit);
  if (stimulus.source === 'none' || factor === undefined)
    throw refused('file', `the injected current must be known, in a unit that converts to ${currentUnit}`, stimulus.unit || 'not known');
  const missing = sweeps?.find((sweep) => sweep >= recording.sweeps.length);
  if (missing !== undefined) throw refused('sweeps', `the recording has sweeps 0 to ${recording.sweeps.length - 1}`, String(missing));
  const chosen = sweeps === undefined ? recording.sweeps : sweeps.map((sweep) => recording.sweeps[sweep]!);
  const outcome = passiveMembrane({ ...recording, sweeps: chosen }, { windowMs, ...(mostMv === undefined ? {} : { mostMv }) }, factor);
  if (outcome.kind === 'membrane') return outcome;
  const reasons = Object.entries(outcome.leftOut).map(([reason, count]) => `${count} ${reason}`);
  const got = reasons.length === 0 ? 'no step of the current' : `none of use (${reasons.join(', ')})`;
  throw refused('sweeps', 'the capacitance needs steps of the current that last 20 ms, without spikes around their edges', got);
}

function applied(
  problem: Problem,
  passive: PassiveSpec,
  model: Model,
  axes: FixedAxes,
  file: string,
  membrane: PassiveMembrane,
): PassivePrefit {
  const uses = usesOf(passive.use ?? 'fixed', model);
  const violations: Violation[] = [];
  let changed = problem;
  for (const { name, use, where } of uses) {
    const value = valueOf(name, model, membrane);
    if (value === undefined) violations.push({ ...unmeasured(where, name, model), where });
    else if (use === 'fixed') {
      if (axes[name] !== undefined) violations.push(axisToo(where, name));
      changed = withFixed(changed, name, value.value, where, violations);
    } else if (use === 'prior') changed = withPrior(changed, name, value, where, violations);
  }
  const quantities = passiveQuantities(membrane, unitOf(model));
  const resolved: ResolvedPassive = {
    file,
    steps: stepWords(membrane),
    quantities,
    uses: Object.fromEntries(uses.map(({ name, use }) => [name, use])),
    remarks: [...membrane.remarks],
  };
  return { problem: changed, resolved, notes: notesOf(resolved), violations };
}

interface Used {
  readonly name: string;
  readonly use: PassiveUse;
  readonly where: string;
}

/** One word is for the capacitance. */
function usesOf(use: PassiveSpec['use'] & {}, model: Model): Used[] {
  if (typeof use !== 'string') return Object.entries(use).map(([name, own]) => ({ name, use: own, where: `${WHERE}.use.${name}` }));
  const name = capacitanceName(model);
  if (name !== undefined) return [{ name, use, where: `${WHERE}.use` }];
  throw refused('use', 'the capacitance of the model must be a parameter', `a constant or tied in ${model.name}`);
}

function valueOf(
  name: string,
  model: Model,
  { capacitance, charging, systematic }: PassiveMembrane,
): { value: number; standardError: number } | undefined {
  const isCapacitance = name === capacitanceName(model);
  const interval = isCapacitance ? capacitance : name === leakName(model) ? charging?.conductance : undefined;
  if (interval === undefined) return undefined;
  const standardError = Math.hypot(interval.standardError, isCapacitance ? systematic : 0);
  return { value: Number(interval.value.toPrecision(4)), standardError };
}

function axisToo(where: string, name: string): Violation {
  const rule = `${name} is fixed here, at the value that is measured, so it must not be an axis`;
  return violation(where, rule, `spec.space.fixed.${name}`, 'Take one of the two out, or use: off, which tells what was measured.');
}

function unmeasured(where: string, name: string, model: Model): Violation {
  const tie = model.tied.find((tied) => tied.name === name);
  if (tie !== undefined) return violation(where, `${name} is tied: it is ${tie.equation}`, name, 'Take it out here or out of the ties.');
  const leak = leakName(model);
  if (name === leak) return violation(where, 'the leak needs steps that charge passively as a whole', 'none');
  const known = [capacitanceName(model), leak].filter((other) => other !== undefined);
  return violation(where, `a passive pre-fit measures ${known.join(' and ') || 'nothing'} of ${model.name}`, name);
}

function withFixed(problem: Problem, name: string, value: number, where: string, violations: Violation[]): Problem {
  if (infersBy(problem)[name] !== undefined)
    violations.push(
      violation(
        where,
        `${name} is fixed here, so it must not be inferred`,
        `${name} in problem.infer`,
        'Take it out there, or use: prior.',
      ),
    );
  if (problem.fixed?.[name] !== undefined)
    violations.push(
      violation(where, `${name} is measured, so it must not be given`, `problem.fixed.${name}`, 'Take it out there, or use: off.'),
    );
  return { ...problem, fixed: { ...problem.fixed, [name]: value } };
}

function withPrior(
  problem: Problem,
  name: string,
  { value, standardError }: { value: number; standardError: number },
  where: string,
  violations: Violation[],
): Problem {
  const infer = infersBy(problem);
  if (infer[name] === undefined)
    violations.push(
      violation(where, `a prior is for an inferred parameter`, `${name} is not in problem.infer`, 'Add it there, or use: fixed.'),
    );
  if (infer[name]?.prior !== undefined)
    violations.push(violation(where, `${name} must have one prior`, `another in problem.infer.${name}`));
  const prior = { logNormal: [value, Number(Math.exp(standardError).toPrecision(4))] as [number, number] };
  return { ...problem, infer: { ...infer, [name]: { ...infer[name], prior } } };
}

function infersBy({ infer }: Problem): Record<string, Unknown> {
  return Array.isArray(infer) ? Object.fromEntries(infer.map((name) => [name, {}])) : infer;
}

function notesOf({ file, steps, quantities, uses, remarks }: ResolvedPassive): string[] {
  const used = Object.entries(uses).map(([name, use]) =>
    use === 'off' ? `${name} not taken from it` : `${name} taken from it as ${use === 'fixed' ? 'a fixed value' : 'a prior'}`,
  );
  return [
    `passive pre-fit of ${file}: ${quantities.map(quantityWords).join(', ')}; ${used.join(', ')} (${steps})`,
    ...remarks.map((remark) => `passive pre-fit of ${file}: ${remark}`),
  ];
}

function unitOf({ currentUnit }: Model): PassiveUnit {
  return currentFactor(currentUnit, 'pA') === undefined ? 'uA/cm2' : 'pA';
}

function refused(key: string, rule: string, got: string, remedy?: string): LoligoError {
  return new LoligoError([violation(`${WHERE}.${key}`, rule, got, remedy)]);
}

function violation(where: string, rule: string, got: string, remedy?: string): Violation {
  return { code: 'SPEC_DATA', where, rule, got, ...(remedy === undefined ? {} : { remedy }) };
}
