/**
 * What one data unit cannot tell: directions of the structure first, then, with these broken, those that the Fisher information finds weak;
 * each with the cures that hold.
 */
import { parameterValues } from '../models/parameter-values.ts';
import { openCures, type Cure } from './cures.ts';
import type { Part } from './direction-words.ts';
import type { Stretch } from './information.ts';
import { drawPoint } from './points.ts';
import { currentLevels } from './stretches.ts';
import { structuralDirections } from './structure.ts';
import { marginalErrors, type Knowledge, type ModelRequest, type UnitKnowledge, type UnitRequest } from './unit-knowledge.ts';
import { errorsOf, weakDirections } from './weakness.ts';

export interface Finding {
  /** structure: the equations (nearly) stay the same, whatever the noise; window: next to nothing of it reaches V here; noise: it drowns */
  readonly kind: 'structure' | 'window' | 'noise';
  readonly parts: readonly Part[];
  /** standard errors in borders, with everything unknown that is inferred; in the order of `parts` */
  readonly errors: readonly number[];
  /** structure: whether it stays under any current */
  readonly underAnyCurrent: boolean;
  /** of a single parameter that would be weak even if all others were known: largest change of V by one border of it, mV */
  readonly reachMv?: number;
  readonly cures: readonly Cure[];
  /** of the points other than the one that decides: those at which one of its parameters is weak */
  readonly agree: { readonly points: number; readonly of: number };
}

/** Share of the equations by which they may change, so that a leak of a thousandth beside a degenerate one does not hide it. */
const NEARLY = 3e-3;
/** In borders: a part of a direction; and of one whose own parameter is weak. */
const PART = 0.25;
const PART_IF_WEAK = 0.08;
/** In borders: so large an error is no knowledge. */
const UNKNOWN = 20;
/** Currents of which at least two differ. */
const ANY_CURRENT = [0, 1, -1];

interface Direction {
  readonly among: readonly number[];
  readonly parts: readonly Part[];
  readonly underAnyCurrent: boolean;
}

/** Of the structure alone, exactly and without a simulation. */
export function structuralFindings(request: ModelRequest, levels: readonly number[]): Finding[] {
  const parameters = parameterValues(request.model, drawPoint(request.problem, 0));
  return structure(request, parameters, levels)
    .filter(isWithoutPrior)
    .map(({ parts, underAnyCurrent }) => ({
      kind: 'structure',
      parts,
      errors: parts.map(() => Infinity),
      underAnyCurrent,
      cures: [],
      agree: { points: 0, of: 0 },
    }));
}

/** @param neighbours stretches of other data units that could be fitted jointly with this */
export function findingsOf(request: UnitRequest, knowledge: UnitKnowledge, neighbours: readonly Stretch[]): Finding[] {
  const { unknowns } = request;
  const [decisive] = knowledge.points;
  const levels = currentLevels(knowledge.stretches.map(({ current }) => current));
  if (decisive === undefined) return structuralFindings(request, levels);
  const n = unknowns.length;
  const all = unknowns.map((_, k) => k);
  const errors = marginalErrors(decisive);
  const structural = structuralHere(request, decisive.parameters, levels, errors);
  const cures = openCures(request, knowledge, neighbours);
  const broken = cures.breakEach(structural.map(({ among }) => among));
  const keep = all.filter((k) => !broken.includes(k));
  const left = errorsOf(decisive.matrix, n, keep);
  const weak = weakDirections(decisive.matrix, n, keep).map((direction): Direction => {
    const isPart = (k: number): boolean => Math.abs(direction[k]!) >= (left[k]! > 1 ? PART_IF_WEAK : PART);
    return directionOf(request, decisive.parameters, direction, isPart, false);
  });
  const directions = [...structural, ...weak].filter(isFirstOfItsParameters);
  const held = cures.breakEach(directions.map(({ among }) => among));
  return directions.map(({ among, parts, underAnyCurrent }, i): Finding => {
    const isStructure = i < structural.length;
    const own = among.map((k) => (isStructure ? errors : left)[k]!);
    return {
      kind: isStructure ? 'structure' : own.every((error) => error < UNKNOWN) ? 'noise' : 'window',
      parts,
      errors: own,
      underAnyCurrent,
      ...(among.length === 1 && errorsOf(decisive.matrix, n, among)[among[0]!]! > 1 ? { reachMv: decisive.reachMv[among[0]!]! } : {}),
      cures: cures.of(
        among,
        held.filter((_, j) => j !== i),
        !underAnyCurrent,
      ),
      agree: agreement(knowledge.points.slice(1), among),
    };
  });
}

/** Directions that differ in small parts only are one to the reader. */
function isFirstOfItsParameters({ among }: Direction, i: number, directions: readonly Direction[]): boolean {
  return directions.findIndex((other) => other.among.join() === among.join()) === i;
}

/**
 * Those that hold exactly; where there is none, those that nearly hold. A prior on a part of it, or what is not exact, may make it known all
 * the same: then the information decides.
 */
function structuralHere(
  request: UnitRequest,
  parameters: Readonly<Record<string, number>>,
  levels: readonly number[],
  errors: Float64Array,
): Direction[] {
  const isWeak = ({ among }: Direction): boolean => among.every((k) => errors[k]! > 1);
  const exact = structure(request, parameters, levels);
  if (exact.length > 0) return exact.filter((direction) => isWithoutPrior(direction) || isWeak(direction));
  return structure(request, parameters, levels, NEARLY).filter(isWeak);
}

function isWithoutPrior({ parts }: Direction): boolean {
  return parts.every(({ unknown }) => unknown.priorPrecision === 0);
}

function structure(
  request: ModelRequest,
  parameters: Readonly<Record<string, number>>,
  currents: readonly number[],
  tolerance?: number,
): Direction[] {
  const { model, unknowns } = request;
  return structuralDirections(model, { unknowns, parameters, currents }, tolerance).map((direction) => {
    const own = unknowns.filter((_, k) => direction[k] !== 0);
    const underAnyCurrent = structuralDirections(model, { unknowns: own, parameters, currents: ANY_CURRENT }, tolerance).length > 0;
    return directionOf(request, parameters, direction, (k) => direction[k] !== 0, underAnyCurrent);
  });
}

function directionOf(
  { unknowns }: ModelRequest,
  parameters: Readonly<Record<string, number>>,
  direction: Float64Array,
  isPart: (k: number) => boolean,
  underAnyCurrent: boolean,
): Direction {
  const among = unknowns.map((_, k) => k).filter(isPart);
  const parts = among.map((k) => ({
    unknown: unknowns[k]!,
    value: parameters[unknowns[k]!.name]!,
    amount: direction[k]! * unknowns[k]!.border,
  }));
  return { among, parts, underAnyCurrent };
}

function agreement(others: readonly Knowledge[], among: readonly number[]): Finding['agree'] {
  const isWeak = (knowledge: Knowledge): boolean => {
    const errors = marginalErrors(knowledge);
    return among.some((k) => errors[k]! > 1);
  };
  return { points: others.filter(isWeak).length, of: others.length };
}
