/**
 * A fit keeps each inferred parameter within its range of the model (worker/engines/layout.ts). What a spec asks for outside of that
 * range is said before anything runs: a violation where no first guess could be used as it is written, else a note.
 */
import { isInside, quantile, type Limits } from '../../schemas/distribution.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { DataUnit, InferredParameter, StartDistribution } from '../../schemas/generated/types.ts';
import type { Parameter } from '../models/model.ts';

/** A normal distribution has no end: its outer 1 % on either side may lie anywhere. */
const TAIL = 0.01;

/** A start that lies outside the range as a whole. */
export function startViolations({ name, unit, range, start }: InferredParameter): Violation[] {
  const [low, high] = reach(start);
  if (low <= range[1] && high >= range[0]) return [];
  const rule = `the first guess of ${name} must reach into the model's range, ${shownRange(range, unit)}`;
  const got = low === high ? `${low}` : `${short(low)} to ${short(high)}`;
  const remedy = 'A fit keeps to that range: move the start, or widen `range` in a model file of your own.';
  return [{ code: 'SPEC_DISTRIBUTION', where: `spec.problem.infer.${name}.start`, rule, got, remedy }];
}

/** A start that lies partly outside, so that guesses there are taken to the range's end. */
export function startNotes(infer: readonly InferredParameter[]): string[] {
  return infer.flatMap(({ name, unit, range, start }) => {
    const [low, high] = reach(start);
    if (isInside(low, limitsOf(range)) && isInside(high, limitsOf(range))) return [];
    return [
      `first guesses of ${name} from ${short(low)} to ${short(high)} reach outside the model's range, ${shownRange(range, unit)}: those outside start at its end`,
    ];
  });
}

/** A truth that the fit cannot reach. */
export function truthNotes(units: readonly DataUnit[], infer: readonly InferredParameter[]): string[] {
  return units.flatMap(({ label, source }) => {
    if (source.kind !== 'synthetic') return [];
    return infer.flatMap(({ name, unit, range }) => {
      const truth = source.parameters[name];
      if (truth === undefined || isInside(truth, limitsOf(range))) return [];
      return [`${label}: the true ${name} = ${truth} is outside the model's range, ${shownRange(range, unit)}: no fit can find it`];
    });
  });
}

/** A fixed value is used as it is, but the model's author did not think of it. */
export function fixedNotes(fixed: Readonly<Record<string, number>>, parameters: readonly Parameter[]): string[] {
  return parameters.flatMap(({ name, unit, range }) => {
    const value = fixed[name];
    if (value === undefined || isInside(value, limitsOf(range))) return [];
    return [`fixed ${name} = ${value} is outside the model's range, ${shownRange(range, unit)}`];
  });
}

function reach(start: StartDistribution): readonly [number, number] {
  if (typeof start === 'number') return [start, start];
  if ('normal' in start) return [quantile(start, TAIL), quantile(start, 1 - TAIL)];
  return [quantile(start, 0), quantile(start, 1)];
}

function limitsOf([low, high]: readonly [number, number]): Limits {
  return { low, high };
}

function shownRange([low, high]: readonly [number, number], unit: string): string {
  return `${low} to ${high} ${unit}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
