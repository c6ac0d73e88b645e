/**
 * Analysis of variance of a balanced factorial design. First-order shares of these components are omega squared: Hays, "Statistics for
 * psychologists" (1963), 12.18; Olejnik and Algina, Psychological Methods 8 (2003) 434, eq. 2. They estimate the first-order Sobol index, and
 * with all interactions of a factor its total index: Sobol, Mathematics and Computers in Simulation 55 (2001) 271; Archer, Saltelli and
 * Sobol, J. Statist. Comput. Simul. 58 (1997) 99. Expected mean squares of a nested factor: Searle, Casella and McCulloch, "Variance
 * components" (1992), section 4.3: its parent is measured against it, not against the residual.
 *
 * With one row per cell the interaction of all factors stands for the residual.
 */
import { centred, sumOfSquares } from './centred.ts';
import { childOf, degreesOfFreedom, parentOf } from './design.ts';
import type { Factor } from './design.ts';
import type { Part, VarianceComponents } from './variance-components.ts';

/** Effects are two to the power of this. */
export const MOST_FACTORS = 9;

/** Of a balanced design (isBalanced) of at most MOST_FACTORS. Undefined where nothing is left for a residual. */
export function factorialAnova(values: Float64Array, factors: readonly Factor[]): VarianceComponents | undefined {
  const rows = values.length;
  const about = centred(values);
  const effects = effectsOf(about, factors);
  const within = residualOf(about, effects);
  if (within === undefined) return undefined;
  const { residual, residualDf, tested } = within;
  const main = (factor: Factor) => tested.find(({ members }) => members === closure(factor, factors));
  const meanSquare = (factor: Factor | undefined): number => {
    const effect = factor === undefined ? undefined : main(factor);
    return effect === undefined ? residual : effect.squares / effect.df;
  };
  const parts = factors.map((factor, position): Part => {
    const child = childOf(factor, factors);
    const variance = ((factor.levels - 1) * (meanSquare(factor) - meanSquare(child))) / rows;
    const mixed = tested.filter(({ members, owners }) => (owners >> position) % 2 === 1 && members !== closure(factor, factors));
    return {
      name: factor.name,
      variance,
      levels: factor.levels,
      df: degreesOfFreedom(factor, factors),
      rows: rows / factor.levels,
      ...(child === undefined ? {} : { error: factors.indexOf(child) }),
      total: variance + mixed.reduce((sum, effect) => sum + varianceOf(effect, residual, rows), 0),
    };
  });
  const mains = new Set(factors.map((factor) => closure(factor, factors)));
  const interactions = tested.filter(({ members }) => !mains.has(members));
  return {
    estimator: 'anova',
    parts,
    residual,
    residualDf,
    interactions: interactions.reduce((sum, effect) => sum + varianceOf(effect, residual, rows), 0),
  };
}

/** A set of factors whose joint levels differ, beyond what its subsets explain. */
interface Effect {
  /** bits: the factors, with the parents of nested ones */
  readonly members: number;
  /** bits: without parents that are there only for a child */
  readonly owners: number;
  readonly squares: number;
  readonly df: number;
}

function varianceOf({ squares, df }: Effect, residual: number, rows: number): number {
  return (squares - df * residual) / rows;
}

function residualOf(
  about: Float64Array,
  effects: readonly Effect[],
): { residual: number; residualDf: number; tested: readonly Effect[] } | undefined {
  const df = about.length - 1 - effects.reduce((sum, effect) => sum + effect.df, 0);
  if (df > 0) {
    const squares = sumOfSquares(about) - effects.reduce((sum, effect) => sum + effect.squares, 0);
    return { residual: Math.max(0, squares) / df, residualDf: df, tested: effects };
  }
  const last = effects.at(-1);
  if (last === undefined || effects.length < 2 || last.df === 0) return undefined;
  return { residual: Math.max(0, last.squares) / last.df, residualDf: last.df, tested: effects.slice(0, -1) };
}

/** Every effect on values about their mean, subsets first. */
function effectsOf(about: Float64Array, factors: readonly Factor[]): Effect[] {
  const effects: Effect[] = [];
  for (const members of closedSets(factors)) {
    const owners = ownersOf(members, factors);
    const { squares, cells } = projection(about, factors, owners);
    const inner = effects.filter((effect) => (effect.members & members) === effect.members);
    effects.push({
      members,
      owners,
      squares: squares - inner.reduce((sum, effect) => sum + effect.squares, 0),
      df: cells - 1 - inner.reduce((sum, effect) => sum + effect.df, 0),
    });
  }
  return effects;
}

/** Sets of factors that hold the parents of their members, smaller before larger; not the empty one. */
function closedSets(factors: readonly Factor[]): number[] {
  const sets = Array.from({ length: 2 ** factors.length - 1 }, (_, i) => i + 1);
  const closed = sets.filter((set) =>
    factors.every((factor, i) => (set >> i) % 2 === 0 || (closure(factor, factors) & set) === closure(factor, factors)),
  );
  return closed.toSorted((a, b) => size(a) - size(b) || a - b);
}

function closure(factor: Factor, factors: readonly Factor[]): number {
  const parent = parentOf(factor, factors);
  return (1 << factors.indexOf(factor)) | (parent === undefined ? 0 : closure(parent, factors));
}

/** Members that no other member lies inside of. */
function ownersOf(members: number, factors: readonly Factor[]): number {
  return factors.reduce((owners, factor, i) => {
    const child = childOf(factor, factors);
    const nested = child !== undefined && (members >> factors.indexOf(child)) % 2 === 1;
    return (members >> i) % 2 === 1 && !nested ? owners | (1 << i) : owners;
  }, 0);
}

function size(set: number): number {
  let members = 0;
  for (let rest = set; rest > 0; rest >>= 1) members += rest % 2;
  return members;
}

/** Sum of squares of the means over the cells of some factors, each mean counted once for every row. */
function projection(about: Float64Array, factors: readonly Factor[], owners: number): { squares: number; cells: number } {
  const chosen = factors.filter((_, i) => (owners >> i) % 2 === 1);
  const cells = chosen.reduce((product, { levels }) => product * levels, 1);
  const sums = new Float64Array(cells);
  for (let row = 0; row < about.length; row++) {
    let cell = 0;
    for (const { codes, levels } of chosen) cell = cell * levels + codes[row]!;
    sums[cell] = sums[cell]! + about[row]!;
  }
  return { squares: (sumOfSquares(sums) * cells) / about.length, cells };
}
