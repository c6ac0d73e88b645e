/**
 * What the data cannot tell, said before anything is spent: from the structure of the equations and from the Fisher information at the truth
 * or at draws of the starting values, for a few of the data units; in words, with the standard errors to expect and the cures that were tried
 * and hold.
 */
import type { DataUnit, ResolvedProblem, TraceObject } from '../../schemas/generated/types.ts';
import { listed } from '../../schemas/wording.ts';
import type { Model } from '../models/model.ts';
import { sampleStimulus } from '../simulate/stimuli.ts';
import { observe } from '../train/observe.ts';
import { directionWords, errorWords } from './direction-words.ts';
import { findingsOf, structuralFindings, type Finding } from './findings.ts';
import { currentLevels } from './stretches.ts';
import { knowledgeOf, marginalErrors, worstError, type Clock, type UnitKnowledge, type UnitRequest } from './unit-knowledge.ts';
import { unknownOf } from './unknown.ts';

export interface IdentifiabilityWarning {
  readonly code: 'NOT_IDENTIFIABLE' | 'WEAKLY_IDENTIFIABLE' | 'NOT_CHECKED';
  readonly message: string;
  readonly parameters: readonly string[];
  /** by parameter: of the logarithm for positive parameters, else in its unit; the largest part is what is called weak */
  readonly direction?: Readonly<Record<string, number>>;
  /** changes that were tried and make every parameter of the direction known */
  readonly cures?: readonly string[];
}

export interface IdentifiabilityRequest {
  readonly model: Model;
  readonly problem: ResolvedProblem;
  /** stored windows by content hash */
  readonly trace: (hash: string) => TraceObject;
}

/** Data units that are looked at for each entry of the spec's data, and of entries; spread over all of them. */
const MOST_UNITS = 3;
const MOST_ENTRIES = 4;

/** `clock` bounds the time: what was not looked at is said. */
export function identifiabilityWarnings(request: IdentifiabilityRequest, clock: Clock): IdentifiabilityWarning[] {
  const entries = spread(byEntry(request.problem.data), MOST_ENTRIES);
  const looked = entries.flatMap((units, k) => (k > 0 && clock.isOver() ? [] : [lookAt(request, units, clock)]));
  const found = looked.flatMap(({ found: inEntry }) => inEntry);
  const notes = looked.flatMap(({ notes: inEntry }) => inEntry);
  if (clock.isOver()) notes.push('identifiability was not checked to the end, to keep this quick: fewer data units, draws and cures');
  return [...merged(found).map(warningOf), ...notes.map((message) => unchecked(request, message))];
}

interface Look {
  readonly found: Found[];
  readonly notes: string[];
}

/** The units of one entry: the one in the middle of them by how badly it is known speaks for all. */
function lookAt(request: IdentifiabilityRequest, units: readonly DataUnit[], clock: Clock): Look {
  const asked = spread(units, MOST_UNITS).flatMap((unit, k) => (k > 0 && clock.isOver() ? [] : [unitRequest(request, unit, clock)]));
  const known = asked.map((one) => ({ asked: one, knowledge: knowledgeOf(one) }));
  const sorted = known.toSorted((a, b) => worstError(a.knowledge) - worstError(b.knowledge));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('internal: an entry without data units');
  const { knowledge } = middle;
  const { unit } = middle.asked;
  const notes = [
    ...(knowledge.points.length === 0
      ? [`${unit.label}: only the structure of the equations was checked, no start could be simulated`]
      : []),
    ...(knowledge.leftOutMs > 0
      ? [`${unit.label}: identifiability was checked without its last ${Math.round(knowledge.leftOutMs)} ms`]
      : []),
  ];
  const neighbours = known.flatMap((other) => (other === middle ? [] : other.knowledge.stretches));
  const found = findingsOf(middle.asked, knowledge, neighbours).map((finding): Found => {
    const weak = known.filter((other) => isWeakIn(other.knowledge, finding, request.problem));
    return { unit, finding, seen: { weak: Math.max(1, weak.length), looked: known.length, units: units.length } };
  });
  return { found, notes };
}

function isWeakIn({ points: [decisive] }: UnitKnowledge, { parts }: Finding, { infer }: ResolvedProblem): boolean {
  if (decisive === undefined) return false;
  const errors = marginalErrors(decisive);
  return parts.some(({ unknown }) => errors[infer.findIndex(({ name }) => name === unknown.name)]! > 1);
}

/** What the structure alone tells, in no time: for `validate` and `run`. */
export function structuralNotes({ model, problem, trace }: IdentifiabilityRequest): string[] {
  const found = spread(byEntry(problem.data), MOST_ENTRIES).flatMap((units): Found[] => {
    const unit = units[Math.floor(units.length / 2)]!;
    const levels = currentLevels(currentsOf(unit, trace));
    const findings = structuralFindings({ model, problem, unknowns: problem.infer.map(unknownOf) }, levels);
    return findings.map((finding) => ({ unit, finding, seen: { weak: 1, looked: 1, units: 1 } }));
  });
  return merged(found).map(
    ([{ unit, finding }]) => `${unit.label} cannot tell ${subject(finding)}: ${reason(finding)}. loligo plan says what helps.`,
  );
}

function currentsOf({ source }: DataUnit, trace: (hash: string) => TraceObject): Iterable<number>[] {
  if (source.kind === 'trace') return [trace(source.object).current];
  return [source.stimulus, ...(source.furtherStimuli ?? [])].map((stimulus) => sampleStimulus(stimulus, source));
}

interface Found {
  readonly unit: DataUnit;
  readonly finding: Finding;
  /** data units in which it is weak, those that were looked at, and all that it speaks for */
  readonly seen: { readonly weak: number; readonly looked: number; readonly units: number };
}

function unitRequest({ model, problem, trace }: IdentifiabilityRequest, unit: DataUnit, clock: Clock): UnitRequest {
  return {
    model,
    problem,
    unknowns: problem.infer.map(unknownOf),
    unit,
    observation: observe({ data: unit, draw: 0, model, objects: { trace } }),
    clock,
  };
}

function byEntry(units: readonly DataUnit[]): DataUnit[][] {
  return [...new Set(units.map(({ entry }) => entry))].map((entry) => units.filter((unit) => unit.entry === entry));
}

/** At most so many, evenly spread. */
function spread<T>(items: readonly T[], most: number): T[] {
  const count = Math.min(most, items.length);
  return Array.from({ length: count }, (_, k) => items[Math.floor(((k + 0.5) * items.length) / count)]!);
}

function unchecked({ problem }: IdentifiabilityRequest, message: string): IdentifiabilityWarning {
  return { code: 'NOT_CHECKED', message, parameters: problem.infer.map(({ name }) => name) };
}

/** The same parameters in several units are one finding. */
function merged(found: readonly Found[]): [Found, ...Found[]][] {
  const groups = new Map<string, [Found, ...Found[]]>();
  for (const one of found) {
    const key = one.finding.parts.map(({ unknown }) => unknown.name).join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function warningOf(group: readonly [Found, ...Found[]]): IdentifiabilityWarning {
  const [{ finding }] = group;
  const shared = finding.cures.filter(({ words }) => group.every((other) => other.finding.cures.some((cure) => cure.words === words)));
  const cures = shared.filter(({ leaves }) => leaves === '').map(({ words }) => words);
  const partly = shared.filter(({ leaves }) => leaves !== '').map(({ words, leaves }) => ` To ${words} would leave ${leaves}.`);
  const errors = finding.parts.map(({ unknown }, k) => errorWords(unknown, finding.errors[k]!));
  const advice = cures.length > 0 ? `What helps (tried): ${listed(cures, 'or')}.` : 'Nothing that was tried helps.';
  return {
    code: finding.kind === 'noise' ? 'WEAKLY_IDENTIFIABLE' : 'NOT_IDENTIFIABLE',
    message: `${listed(group.map(place), 'and')} cannot tell ${subject(finding)}: ${reason(finding)}. Standard errors to expect: ${errors.join(', ')}${agreementWords(finding)}. ${advice}${partly.join('')}`,
    parameters: finding.parts.map(({ unknown }) => unknown.name),
    direction: Object.fromEntries(finding.parts.map(({ unknown, amount }) => [unknown.name, Number(amount.toPrecision(4))])),
    cures,
  };
}

function place({ unit, seen: { weak, looked, units } }: Found): string {
  return units === 1 ? unit.label : `${unit.label} (and ${weak - 1} of ${looked - 1} others looked at, of ${units})`;
}

function subject({ parts }: Finding): string {
  const names = listed(
    parts.map(({ unknown }) => unknown.name),
    'and',
  );
  return parts.length === 1 ? names : `${names} apart (${directionWords(parts)})`;
}

function reason({ kind, parts, underAnyCurrent, reachMv }: Finding): string {
  if (kind === 'structure' && parts.length === 1) return 'no equation depends on it here';
  if (kind === 'structure') return `the equations stay the same${underAnyCurrent ? ', under any current' : ' under this current'}`;
  if (reachMv !== undefined) return `beyond what initial values could do it moves V by ${Number(reachMv.toPrecision(1))} mV at most`;
  if (parts.length === 1) return 'what it does to V other parameters do too';
  return kind === 'window' ? 'V hardly changes' : 'V changes by less than its noise hides';
}

function agreementWords({ agree }: Finding): string {
  return agree.of === 0 ? '' : `; so at ${agree.points} of ${agree.of} other draws from the start`;
}
