/** What one data unit tells about the unknowns at points of parameter space: Fisher matrices, and how far from the data each point is. */
import type { DataUnit, ResolvedProblem } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { spikeTimes } from '../recordings/spikes.ts';
import type { Observation } from '../train/observation.ts';
import { balancedPoint } from './balanced-point.ts';
import { openInformation, type Information, type Stretch } from './information.ts';
import { drawPoint, truthPoint } from './points.ts';
import { stretchesOf } from './stretches.ts';
import type { Unknown } from './unknown.ts';
import { errorsOf } from './weakness.ts';

/** Draws that are made, and draws that are kept: those nearest to the data. */
const DRAWS = 8;
const KEPT = 3;

/** Tells when a check has taken its time. */
export interface Clock {
  isOver(): boolean;
}

export interface Knowledge {
  /** every parameter of the model */
  readonly parameters: Readonly<Record<string, number>>;
  /** of all stretches together, noise and priors counted in; n x n in borders */
  readonly matrix: Float64Array;
  /** largest change of V by one border of each unknown, mV */
  readonly reachMv: Float64Array;
  readonly misfit: Misfit;
}

interface Misfit {
  /** too many or too few */
  readonly spikes: number;
  readonly rmseMv: number;
}

export interface UnitKnowledge {
  readonly stretches: readonly Stretch[];
  readonly leftOutMs: number;
  /** The one that decides, then the others. Empty when nothing could be simulated. */
  readonly points: readonly [Knowledge, ...Knowledge[]] | readonly [];
  /** Fisher matrices at the points under other stretches; undefined where they cannot be simulated */
  ask(stretches: readonly Stretch[]): (Float64Array | undefined)[];
}

/** What is asked for, whatever the data. */
export interface ModelRequest {
  readonly model: Model;
  readonly problem: ResolvedProblem;
  readonly unknowns: readonly Unknown[];
}

export interface UnitRequest extends ModelRequest {
  readonly unit: DataUnit;
  readonly observation: Observation;
  readonly clock: Clock;
}

/** The truth of synthetic data decides; without one, of the draws nearest to the data, that in the middle by how badly it is known. */
export function knowledgeOf(request: UnitRequest): UnitKnowledge {
  const { model, problem, unit, observation, clock } = request;
  const { stretches, leftOutMs } = stretchesOf(observation);
  const at = openKnowledge(request, stretches);
  const truth = unit.source.kind === 'synthetic' ? at(truthPoint(problem, unit.source)) : undefined;
  const names = problem.infer.map(({ name }) => name);
  const draws: Knowledge[] = [];
  for (let k = 0; k < DRAWS && (draws.length === 0 || !clock.isOver()); k++) {
    const knowledge = at(balancedPoint(model, observation, names, drawPoint(problem, k)));
    if (knowledge !== undefined) draws.push(knowledge);
  }
  const nearest = draws.toSorted((a, b) => a.misfit.spikes - b.misfit.spikes || a.misfit.rmseMv - b.misfit.rmseMv).slice(0, KEPT);
  const [first, ...rest] = truth === undefined ? middleFirst(nearest) : [truth, ...nearest];
  const points = first === undefined ? ([] as const) : ([first, ...rest] as const);
  return { stretches, leftOutMs, points, ask: (other) => ask(request, other, points) };
}

/** Largest standard error with everything unknown, in borders. */
export function worstError({ points: [decisive] }: Pick<UnitKnowledge, 'points'>): number {
  return decisive === undefined ? Infinity : Math.max(...marginalErrors(decisive));
}

/** Standard errors with everything unknown, in borders. */
export function marginalErrors({ matrix, reachMv }: Knowledge): Float64Array {
  return errorsOf(
    matrix,
    reachMv.length,
    Array.from(reachMv, (_, k) => k),
  );
}

function middleFirst(draws: readonly Knowledge[]): readonly Knowledge[] {
  const sorted = draws.toSorted((a, b) => worstError({ points: [a] }) - worstError({ points: [b] }));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return middle === undefined ? [] : [middle, ...draws.filter((draw) => draw !== middle)];
}

function ask(request: UnitRequest, stretches: readonly Stretch[], points: UnitKnowledge['points']): (Float64Array | undefined)[] {
  const at = openKnowledge(request, stretches);
  return points.map(({ parameters }) => at(parameters)?.matrix);
}

function openKnowledge(
  { model, unknowns, unit }: UnitRequest,
  stretches: readonly Stretch[],
): (parameters: Readonly<Record<string, number>>) => Knowledge | undefined {
  const opened = stretches.map((stretch) => openInformation(model, unknowns, stretch));
  return (parameters) => {
    const parts = opened.map((informationAt) => informationAt(parameters));
    const done = parts.filter((part): part is Information & { kind: 'done' } => part.kind === 'done');
    if (done.length < parts.length) return undefined;
    const matrix = priorMatrix(unknowns);
    for (const part of done) part.matrix.forEach((value, k) => (matrix[k]! += value / unit.sigmaMv ** 2));
    const reachMv = Float64Array.from(unknowns, (_, k) => Math.max(...done.map((part) => part.reachMv[k]!)));
    return {
      parameters,
      matrix,
      reachMv,
      misfit: misfitOf(
        done.map(({ voltageMv }) => voltageMv),
        stretches,
      ),
    };
  };
}

function misfitOf(simulated: readonly Float64Array[], stretches: readonly Stretch[]): Misfit {
  const spikes = (V: Float64Array, k: number): number => spikeTimes(V, stretches[k]!.sampleMs).length;
  const squares = simulated.map((V, k) => V.reduce((sum, value, i) => sum + (value - (stretches[k]!.voltageMv[i] ?? value)) ** 2, 0));
  const samples = simulated.reduce((sum, V) => sum + V.length, 0);
  return {
    spikes: simulated.reduce((sum, V, k) => sum + Math.abs(spikes(V, k) - spikes(stretches[k]!.voltageMv, k)), 0),
    rmseMv: Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / samples),
  };
}

function priorMatrix(unknowns: readonly Unknown[]): Float64Array {
  const n = unknowns.length;
  const matrix = new Float64Array(n * n);
  unknowns.forEach(({ priorPrecision }, k) => (matrix[k * (n + 1)] = priorPrecision));
  return matrix;
}
