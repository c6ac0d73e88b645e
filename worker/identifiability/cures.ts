/**
 * What would break a direction: holding a parameter fixed, or another stimulus. Each is tried on the Fisher information, with one parameter of
 * every other direction held, and named only when every parameter of the direction is then known within its border: at the point that
 * decides, and at half of the others.
 */
import { listed } from '../../schemas/wording.ts';
import { capacitanceName, ratePerCurrent } from '../models/roles.ts';
import { errorWords } from './direction-words.ts';
import type { Stretch } from './information.ts';
import { trialsOf, type Trial } from './stretches.ts';
import type { UnitKnowledge, UnitRequest } from './unit-knowledge.ts';
import { errorsOf } from './weakness.ts';

export interface Cure {
  readonly kind: 'fix' | Trial['kind'];
  readonly words: string;
  /** Parameters of the direction that stay weak, with their standard errors; none but where the capacitance, of all fixes, helps in part. */
  readonly leaves: string;
}

export interface Cures {
  /** One parameter of each direction such that none is left when they are held; in the order of the directions. */
  breakEach(directions: readonly (readonly number[])[]): number[];
  /** Cures of one direction while `held` are fixed already. */
  of(among: readonly number[], held: readonly number[], byStimulus: boolean): Cure[];
}

type Matrices = readonly (Float64Array | undefined)[];

const MOST_FIXES = 2;
const MOST_CURES = 4;
/** In borders: errors up to which holding the capacitance is named though it does not cure all. */
const PARTLY = 4;

export function openCures(request: UnitRequest, knowledge: UnitKnowledge, neighbours: readonly Stretch[]): Cures {
  const { unknowns, clock } = request;
  const all = unknowns.map((_, k) => k);
  const capacitance = capacitanceName(request.model);
  const order = preference(request, capacitance);
  const trials = trialsHere(request, knowledge, neighbours);
  const here: Matrices = knowledge.points.map(({ matrix }) => matrix);
  const asked = new Map<Trial, Matrices>();
  const under = (trial: Trial): Matrices => {
    const known = asked.get(trial) ?? knowledge.ask(trial.stretches);
    asked.set(trial, known);
    return known;
  };
  return {
    breakEach: (directions) => oneOfEach(directions, order),
    of: (among, held, byStimulus) => {
      const keep = all.filter((k) => !held.includes(k));
      const fixes = order
        .filter((k) => among.includes(k))
        .map((k) => ({
          k,
          left: leftOver(
            here,
            all.length,
            keep.filter((other) => other !== k),
            among,
          ),
        }));
      const whole = fixes.filter(({ left }) => left.length === 0);
      const partly = fixes.filter(
        ({ k, left }) => left.length > 0 && unknowns[k]!.name === capacitance && left.every(({ error }) => error < PARTLY),
      );
      const cures = [...partly, ...whole.slice(0, MOST_FIXES)].map(({ k, left }): Cure => {
        const leaves = listed(
          left.map(({ k: other, error }) => errorWords(unknowns[other]!, error)),
          'and',
        );
        return { kind: 'fix', words: fixWords(request, unknowns[k]!.name, capacitance), leaves };
      });
      for (const trial of byStimulus ? trials : []) {
        if (cures.length >= MOST_CURES || clock.isOver()) break;
        if (leftOver(under(trial), all.length, keep, among).length === 0) cures.push({ kind: trial.kind, words: trial.words, leaves: '' });
      }
      return cures;
    },
  };
}

function trialsHere({ model }: UnitRequest, { points, stretches }: UnitKnowledge, neighbours: readonly Stretch[]): Trial[] {
  const [decisive] = points;
  return decisive === undefined ? [] : trialsOf(stretches, neighbours, 1 / ratePerCurrent(model, decisive.parameters), model.currentUnit);
}

interface Left {
  readonly k: number;
  /** in borders */
  readonly error: number;
}

/** Those of `among` that stay weak when the unknowns are `keep`: none, if at the point that decides, and at half of all, all are known. */
function leftOver(matrices: Matrices, n: number, keep: readonly number[], among: readonly number[]): Left[] {
  const weakAt = matrices.map((matrix): Left[] => {
    const errors = matrix === undefined ? new Float64Array(n).fill(Infinity) : errorsOf(matrix, n, keep);
    return among.map((k) => ({ k, error: errors[k]! })).filter(({ error }) => error > 1);
  });
  const [decisive = []] = weakAt;
  if (decisive.length > 0) return decisive;
  return 2 * weakAt.filter((weak) => weak.length === 0).length >= weakAt.length ? [] : weakAt.toSorted((a, b) => b.length - a.length)[0]!;
}

/** Which to hold first: the capacitance, which a small current step measures; potentials, which the solutions tell; then the rest. */
function preference({ unknowns }: UnitRequest, capacitance: string | undefined): number[] {
  const rank = (k: number): number => (unknowns[k]!.name === capacitance ? 0 : unknowns[k]!.positive ? 2 : 1);
  return unknowns.map((_, k) => k).toSorted((a, b) => rank(a) - rank(b));
}

/** One that stands in no other direction where there is one. */
function oneOfEach(directions: readonly (readonly number[])[], order: readonly number[]): number[] {
  const held: number[] = [];
  directions.forEach((direction, i) => {
    const isFree = (k: number): boolean => direction.includes(k) && !held.includes(k);
    const isAlone = (k: number): boolean => directions.every((other, j) => j === i || !other.includes(k));
    const choice = order.find((k) => isFree(k) && isAlone(k)) ?? order.find(isFree);
    held.push(choice ?? direction[0]!);
  });
  return held;
}

function fixWords({ unit }: UnitRequest, name: string, capacitance: string | undefined): string {
  const isMeasurable = name === capacitance && unit.source.kind === 'trace';
  return isMeasurable ? `hold ${name} fixed (a small current step measures it: problem.passive)` : `hold ${name} fixed`;
}
