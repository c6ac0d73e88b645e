/** How many replicas a resolved sweep has, and whether they can be told apart and counted. */
import type { Violation } from '../../schemas/errors.ts';
import type { ResolvedSweep, Space } from '../../schemas/generated/types.ts';
import { whereOf, type Place } from '../../schemas/violations.ts';
import { axisNames, type AxisName } from './axes.ts';
import { DEFAULT_REPLICAS } from './defaults.ts';
import { methodSpaces, type MethodSpace } from './method-spaces.ts';

export type Axis = Exclude<Space[AxisName & keyof Space], undefined>;

/** True where an axis has a distribution over the reals; a range without extent is a value. */
export function isContinuous(axis: Axis): boolean {
  if (typeof axis !== 'object' || 'choice' in axis || 'intUniform' in axis) return false;
  if ('uniform' in axis) return axis.uniform[0] < axis.uniform[1];
  return 'normal' in axis || axis.logUniform[0] < axis.logUniform[1];
}

/** How many different values a discrete axis has; 1 for a continuous one. */
export function cardinality(axis: Axis): number {
  if (typeof axis !== 'object') return 1;
  if ('choice' in axis) return axis.choice.length;
  return 'intUniform' in axis ? axis.intUniform[1] - axis.intUniform[0] + 1 : 1;
}

/** Combinations of the discrete axes. */
export function cellCount(space: Space): number {
  return presentAxes(space).reduce<number>((product, axis) => product * cardinality(axis), 1);
}

/** True when some axis is continuous, so that two drawn configurations practically always differ. */
export function hasContinuousAxis(space: Space): boolean {
  return presentAxes(space).some(isContinuous);
}

/** Of all methods together. */
export function configurationCount({ sampler, space }: Pick<ResolvedSweep, 'sampler' | 'space'>): number {
  return methodSpaces(space).reduce((sum, one) => sum + methodCount(sampler, one), 0);
}

/** Of one method. A method without a network may have fewer configurations than are asked for at random. */
export function methodCount(sampler: ResolvedSweep['sampler'], { method, space }: MethodSpace): number {
  if (typeof sampler === 'string') return cellCount(space);
  return method === 'pinn' || hasContinuousAxis(space) ? sampler.random : Math.min(sampler.random, cellCount(space));
}

/** Data units, each counted once for every noise draw. */
export function dataCount({ problem }: ResolvedSweep): number {
  return problem.data.reduce((sum, { draws }) => sum + draws, 0);
}

export function seedCount({ space }: ResolvedSweep): number {
  return space.replicas ?? DEFAULT_REPLICAS;
}

/** More than 2^53 - 1 replicas cannot be counted; more random configurations than the space has would repeat replicas. */
export function sizeViolations(resolved: ResolvedSweep, place: Place): Violation[] {
  const replicas = configurationCount(resolved) * dataCount(resolved) * seedCount(resolved);
  const { sampler, space } = resolved;
  const cells = Math.max(...methodSpaces(space).map((one) => cellCount(one.space)));
  const repeats = typeof sampler !== 'string' && !hasContinuousAxis(space) && sampler.random > cells;
  return [
    ...(Number.isSafeInteger(replicas) ? [] : [tooMany(replicas, place)]),
    ...(repeats ? [repeating(sampler.random, cells, place)] : []),
  ];
}

function tooMany(replicas: number, place: Place): Violation {
  return { code: 'SPEC_INVALID', where: whereOf(['space'], place), rule: 'a sweep has at most 2^53 - 1 replicas', got: String(replicas) };
}

function repeating(random: number, cells: number, place: Place): Violation {
  const rule = `must be at most ${cells}, the number of different configurations in "space", where no axis is continuous`;
  const remedy = 'Use "sampler: grid" for all of them, and "replicas" for more seeds of each.';
  return { code: 'SPEC_INVALID', where: whereOf(['sampler', 'random'], place), rule, got: String(random), remedy };
}

function presentAxes(space: Space): Axis[] {
  return axisNames(space)
    .map((name) => space[name])
    .filter((axis) => axis !== undefined);
}
