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

/** Truths that the fit cannot reach: of those that were drawn for one entry, how many. */
export function truthNotes(units: readonly DataUnit[], infer: readonly InferredParameter[]): string[] {
  return infer.flatMap(({ name, unit, range }) => {
    const outside = (value: number): boolean => !isInside(value, limitsOf(range));
    const consequence = `outside the model's range, ${shownRange(range, unit)}: no fit can find`;
    return byEntry(units).flatMap((cells) => {
      const missed = cells.filter(({ parameters }) => parameters[name] !== undefined && outside(parameters[name]));
      if (missed.length === 0) return [];
      if (cells.length > MOST_NOTED)
        return [`${entryName(cells)}: the true ${name} of ${missed.length} of ${cells.length} data units is ${consequence} it`];
      return missed.map(({ label, parameters }) => `${label}: the true ${name} = ${parameters[name]} is ${consequence} it`);
    });
  });
}

/** Synthetic data made with another value than the fit holds fixed: allowed (a study of a wrong assumption), but never by accident. */
export function mismatchNotes(units: readonly DataUnit[], fixed: Readonly<Record<string, number>>): string[] {
  return byEntry(units).flatMap((cells) =>
    Object.entries(fixed).flatMap(([name, value]) => {
      const other = cells.filter(({ parameters }) => parameters[name] !== undefined && parameters[name] !== value);
      if (other.length === 0) return [];
      if (cells.length > MOST_NOTED) {
        const made = other.map(({ parameters }) => parameters[name]!);
        return [
          `${entryName(cells)}: made with ${name} from ${short(Math.min(...made))} to ${short(Math.max(...made))}, fitted with ${name} fixed at ${value}`,
        ];
      }
      return other.map(
        ({ label, parameters }) => `${label}: made with ${name} = ${parameters[name]}, fitted with ${name} fixed at ${value}`,
      );
    }),
  );
}

/** Of an entry with more data units they are told together. */
const MOST_NOTED = 4;

interface KnownCell {
  readonly label: string;
  readonly entry: number;
  readonly parameters: Readonly<Record<string, number>>;
}

/** Synthetic units by the entry of the spec that they are of. */
function byEntry(units: readonly DataUnit[]): KnownCell[][] {
  const entries = new Map<number, KnownCell[]>();
  for (const { label, entry, source } of units) {
    if (source.kind !== 'synthetic') continue;
    const cells = entries.get(entry) ?? [];
    cells.push({ label, entry, parameters: source.parameters });
    entries.set(entry, cells);
  }
  return [...entries.values()];
}

function entryName([first]: readonly KnownCell[]): string {
  return `synthetic ${(first?.entry ?? 0) + 1}`;
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
