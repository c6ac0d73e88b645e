/**
 * Differential evolution on the forward model, as user-side tools offer it: a population of parameter sets and initial states within
 * the model's ranges, each generation tried against mutants of itself. The variant is JADE (Zhang, Sanderson 2009, IEEE Trans Evol Comput
 * 13:945-958: mutation towards one of the best members, an archive of those that lost, factors that adapt), so that
 * the factors of the original (Storn, Price 1997, J Global Optim 11:341-359) are not the user's to choose.
 *
 * The population begins uniformly over the ranges, on a logarithmic scale for positive parameters; the replica's first guesses are one
 * member. V(0) lies near the first sample, free gates anywhere. It ends when its members agree in their misfit, or after the generations asked for.
 */
import type { DifferentialEvolutionTask } from '../../../schemas/generated/types.ts';
import { randomStream } from '../../../schemas/random.ts';
import { priorResidual } from '../../engines/prior.ts';
import { scaleOf } from '../../engines/layout.ts';
import { findParameter } from '../../models/parameter-values.ts';
import { simulate, steadyGates } from '../../simulate/forward.ts';
import { bridgedVoltage, countedSamples } from '../ignored.ts';
import { segmentSpans } from '../segments.ts';
import type { ShootingStart } from '../shooting.ts';
import type { MethodOutcome, MethodRequest } from './method.ts';
import { polished, shootingProblem, startAt } from './multi-start.ts';

type Options = Omit<DifferentialEvolutionTask, 'kind'>;

/** Share of the population that mutants are drawn to, and rate at which the factors adapt: the paper's. */
const BEST_SHARE = 0.1;
const ADAPTATION = 0.1;
/** Ends where the median misfit is within this share of the best: what is left to gain is the polish's. */
const AGREEMENT = 1e-3;

export function differentialEvolution(request: MethodRequest, { population, generations, polish }: Options): MethodOutcome {
  const search = openSearch(request);
  const evolution = evolve(search, request, population, generations);
  if (evolution === 'interrupted') return { kind: 'interrupted' };
  const { best, steps, lastChange } = evolution;
  if (!Number.isFinite(best.cost)) return { kind: 'failed' };
  const start = search.startOf(best.at);
  if (polish) return polished(shootingProblem(request), start, steps, request);
  return { kind: 'done', steps, stationarity: lastChange, standardErrors: {}, ...start };
}

/** A point of the unit cube, and its misfit. */
interface Member {
  readonly at: Float64Array;
  readonly cost: number;
}

interface Evolution {
  readonly best: Member;
  readonly steps: number;
  /** Largest change of a parameter of the best member over the last tenth of the generations. */
  readonly lastChange: number;
}

function evolve(search: Search, { control, infer, seed }: MethodRequest, size: number, generations: number): Evolution | 'interrupted' {
  const draw = drawsOf(seed);
  const measured = (at: Float64Array): Member => {
    control.progress(1);
    return { at, cost: search.costOf(at) };
  };
  const members: Member[] = [];
  for (let i = 0; i < size; i++) {
    if (control.shouldStop()) return 'interrupted';
    members.push(measured(i === 0 ? search.first : Float64Array.from(search.first, draw.uniform)));
  }
  const archive: Member[] = [];
  const history: Float64Array[] = [];
  const means = { factor: 0.5, crossover: 0.5 };
  let steps = size;
  for (let generation = 0; generation < generations; generation++) {
    const ranked = members.toSorted((a, b) => a.cost - b.cost);
    history.push(search.parametersAt(ranked[0]!.at));
    if (ranked[size >> 1]!.cost <= (1 + AGREEMENT) * ranked[0]!.cost) break;
    const successes: Success[] = [];
    // trials of a generation see the members as they were before it
    const before = [...members];
    for (const [i, target] of before.entries()) {
      if (control.shouldStop()) return 'interrupted';
      const factors = { factor: factorOf(draw, means.factor), crossover: clamp(means.crossover + 0.1 * draw.normal()) };
      const towards = ranked[draw.index(Math.max(1, Math.round(BEST_SHARE * size)))]!;
      const one = before[other(draw, size, [i])]!;
      const pool = [...before, ...archive];
      const two = pool[other(draw, pool.length, [i, before.indexOf(one)])]!;
      const trial = measured(crossed(draw, target.at, mutant(target.at, towards.at, one.at, two.at, factors.factor), factors.crossover));
      steps += 1;
      if (!(trial.cost <= target.cost)) continue;
      if (trial.cost < target.cost) {
        successes.push({ ...factors });
        archive.push(target);
      }
      members[i] = trial;
    }
    while (archive.length > size) archive.splice(draw.index(archive.length), 1);
    adapt(means, successes);
  }
  const best = members.reduce((a, b) => (b.cost < a.cost ? b : a));
  return { best, steps, lastChange: changeOf(history, infer.length, search) };
}

interface Success {
  readonly factor: number;
  readonly crossover: number;
}

/** Equations 9 to 12 of Zhang and Sanderson: the Lehmer mean of the factors, the arithmetic one of the crossover rates. */
function adapt(means: { factor: number; crossover: number }, successes: readonly Success[]): void {
  if (successes.length === 0) return;
  const sum = (of: (one: Success) => number): number => successes.reduce((total, one) => total + of(one), 0);
  means.factor += ADAPTATION * (sum(({ factor }) => factor ** 2) / sum(({ factor }) => factor) - means.factor);
  means.crossover += ADAPTATION * (sum(({ crossover }) => crossover) / successes.length - means.crossover);
}

/** x + F (best - x) + F (one - two); what leaves the cube goes half of the way to its wall. */
function mutant(x: Float64Array, best: Float64Array, one: Float64Array, two: Float64Array, F: number): Float64Array {
  return x.map((value, d) => {
    const moved = value + F * (best[d]! - value) + F * (one[d]! - two[d]!);
    if (moved < 0) return value / 2;
    return moved > 1 ? (value + 1) / 2 : moved;
  });
}

/** Binomial crossover: at least one coordinate is the mutant's. */
function crossed(draw: Draws, x: Float64Array, v: Float64Array, rate: number): Float64Array {
  const always = draw.index(x.length);
  return x.map((value, d) => (draw.uniform() < rate || d === always ? v[d]! : value));
}

/** Cauchy around the mean, within (0, 1]. */
function factorOf(draw: Draws, mean: number): number {
  for (;;) {
    const factor = mean + 0.1 * Math.tan(Math.PI * (draw.uniform() - 0.5));
    if (factor > 0) return Math.min(1, factor);
  }
}

/** An index that is none of `taken`. */
function other(draw: Draws, count: number, taken: readonly number[]): number {
  for (;;) {
    const index = draw.index(count);
    if (!taken.includes(index)) return index;
  }
}

interface Draws {
  readonly uniform: () => number;
  readonly normal: () => number;
  /** From 0 to count - 1. */
  readonly index: (count: number) => number;
}

function drawsOf(seed: number): Draws {
  const [uniforms, normals] = [randomStream(seed, 'differential-evolution'), randomStream(seed, 'differential-evolution:normal')];
  let [u, n] = [0, 0];
  const uniform = (): number => uniforms.uniform(u++);
  return { uniform, normal: () => normals.normal(n++), index: (count) => Math.floor(uniform() * count) };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Where the search takes place: parameters, then V(0) and the free gates of each segment, each as a number from 0 to 1. */
interface Search {
  /** The replica's first guesses. */
  readonly first: Float64Array;
  /** -2 log posterior but for a constant; Infinity where there is no forward solution. */
  costOf(at: Float64Array): number;
  startOf(at: Float64Array): Required<ShootingStart>;
  parametersAt(at: Float64Array): Float64Array;
  /** Parameter p's change from a to b: relative where it is positive, else as a share of its range. */
  change(p: number, a: number, b: number): number;
}

/** V is off by 2e-3 mV at spikes: enough to tell members apart. */
const TOLERANCE = 1e-5;
/** A member that needs more is stiff beyond any neuron: it has no solution here. */
const STEPS_PER_MS = 400;
/** V(0) lies within so many mV, or standard deviations of the noise, of the first sample. */
const V_REACH = 3;
/** ... and so many of the first that counts, where V is not known at the first: what a step moves V by in a blank of a millisecond or two. */
const V_UNKNOWN_REACH_MV = 15;

function openSearch(request: MethodRequest): Search {
  const { model, observation, infer, fixed, starts, freeGates, priors } = request;
  const counted = countedSamples(observation);
  const measured = bridgedVoltage(observation);
  const spans = segmentSpans(observation.segments, observation.voltageMv.length);
  const dimensions = [
    ...infer.map((name) => scaledDimension(findParameter(model, name)!)),
    ...spans.flatMap(({ from }) => {
      const V = measured[from]!;
      const reachMv = counted[from] === 1 ? V_REACH * Math.max(1, observation.sigmaMv) : V_UNKNOWN_REACH_MV;
      const gates = freeGates.map((name) => scaledDimension(model.gates.find((gate) => gate.name === name)!));
      return [scaledDimension({ range: [V - reachMv, V + reachMv], positive: false }), ...gates];
    }),
  ];
  const startOf = (at: Float64Array): Required<ShootingStart> => {
    const values = at.map((u, d) => dimensions[d]!.value(u));
    const parameters = Object.fromEntries(infer.map((name, p) => [name, values[p]!]));
    const [initial, ...furtherInitial] = spans.map((_, s) => {
      const offset = infer.length + s * (1 + freeGates.length);
      const V = values[offset]!;
      const free = freeGates.map((name, k): [string, number] => [name, values[offset + 1 + k]!]);
      return { V, ...steadyGates(model, { ...fixed, ...parameters }, V), ...Object.fromEntries(free) };
    });
    return { parameters, initial: initial!, furtherInitial };
  };
  const known = startAt(request, starts);
  const values = [
    ...starts,
    ...[known.initial, ...known.furtherInitial].flatMap((states) => ['V', ...freeGates].map((name) => states[name]!)),
  ];
  return {
    first: Float64Array.from(values, (value, d) => clamp(dimensions[d]!.share(value))),
    startOf,
    costOf: (at) => {
      const start = startOf(at);
      const prior = priors.reduce((sum, one) => sum + priorResidual(one, start.parameters[infer[one.parameter]!]!) ** 2, 0);
      return prior + misfitOf(request, start, counted) / observation.sigmaMv ** 2;
    },
    parametersAt: (at) => Float64Array.from(infer, (_, p) => dimensions[p]!.value(at[p]!)),
    change: (p, a, b) => {
      const { positive, range } = findParameter(model, infer[p]!)!;
      return Math.abs(a - b) / (positive ? Math.abs(b) : range[1] - range[0]);
    },
  };
}

interface Dimension {
  value(share: number): number;
  share(value: number): number;
}

function scaledDimension(ranged: { readonly range: readonly [number, number]; readonly positive: boolean }): Dimension {
  const { centre, half } = scaleOf(ranged);
  const { positive } = ranged;
  return {
    value: (share) => (positive ? Math.exp(centre + half * (2 * share - 1)) : centre + half * (2 * share - 1)),
    share: (value) => (((positive ? Math.log(value) : value) - centre) / half + 1) / 2,
  };
}

/** Sum of squares over the samples that count, mV^2. */
function misfitOf({ model, observation, fixed }: MethodRequest, start: Required<ShootingStart>, counted: Uint8Array): number {
  const { current, sampleMs, segments, voltageMv } = observation;
  const parameters = { ...fixed, ...start.parameters };
  let sum = 0;
  for (const [s, { from, to }] of segmentSpans(segments, current.length).entries()) {
    const initial = s === 0 ? start.initial : start.furtherInitial[s - 1]!;
    const maxSteps = 1000 + STEPS_PER_MS * (to - from) * sampleMs;
    const solution = simulate(model, {
      parameters,
      initial,
      current: current.subarray(from, to),
      sampleMs,
      rtol: TOLERANCE,
      atol: TOLERANCE,
      maxSteps,
    });
    if (solution.kind === 'failed') return Infinity;
    const V = solution.states['V']!;
    for (let i = from; i < to; i++) if (counted[i] === 1) sum += (V[i - from]! - voltageMv[i]!) ** 2;
  }
  return Number.isFinite(sum) ? sum : Infinity;
}

function changeOf(history: readonly Float64Array[], parameters: number, search: Search): number {
  const final = history.at(-1)!;
  let largest = 0;
  for (const values of history.slice(-Math.max(2, Math.ceil(history.length / 10))))
    for (let p = 0; p < parameters; p++) largest = Math.max(largest, search.change(p, values[p]!, final[p]!));
  return largest;
}
