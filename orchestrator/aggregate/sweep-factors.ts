/**
 * The axes of a sweep as factors of a design: data sets, the windows or spikes of each, the noise draws of each, the seeds that are shared,
 * and what the configurations vary. An axis that says nothing is left out: one of a single level, one that is another by a second name.
 */
import type { Lock } from '../../schemas/generated/types.ts';
import { quantile, sortedFinite } from '../../schemas/sample-quantile.ts';
import { childOf, factorOf, parentOf } from '../statistics/design.ts';
import type { Factor } from '../statistics/design.ts';
import type { Coded } from './column.ts';
import type { ReplicaTable } from './replica-table.ts';
import { evenlySpaced } from './shown-data.ts';

export interface Design {
  /** rows of the table */
  readonly rows: Int32Array;
  readonly factors: readonly Factor[];
}

/** An axis of more numbers is cut at its quartiles. */
const MOST_VALUES = 12;
/**
 * Of more levels (seeds, draws, data) so many are used, evenly: the estimators' work grows with their cube. Nested ones are counted over all parents,
 * and of these so few are used that each has two.
 */
const MOST_LEVELS = 64;

export function sweepFactors({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable, rows: Int32Array): Design {
  const { data } = resolved.problem;
  const windows = data.some(({ window }) => window !== undefined);
  const recording = windows ? numbered(data.map(({ entry, sweep = -1 }) => `${entry} ${sweep}`)) : data.map((_, unit) => unit);
  const all: Column[] = [
    { name: 'data', codeOf: (row) => recording[table.data[row]!]! },
    ...(windows ? [{ name: 'window', inside: 'data', codeOf: (row: number) => table.data[row]! }] : []),
    { name: 'draw', inside: windows ? 'window' : 'data', codeOf: drawCodes(table) },
    ...Object.entries(table.axes).map(([name, column]) => ({ name, codeOf: axisCodes(column) })),
    { name: 'seed', codeOf: seedCodes(table) },
  ];
  const factors = meaningful(all, rows);
  const kept = thinned(rows, factors);
  return kept.length === rows.length ? { rows, factors } : { rows: kept, factors: meaningful(all, kept) };
}

interface Column {
  readonly name: string;
  readonly inside?: string;
  readonly codeOf: (row: number) => number;
}

/** In their order, nested ones in the nearest that is left. */
function meaningful(columns: readonly Column[], rows: Int32Array): Factor[] {
  const factors: Factor[] = [];
  const parents = new Map<string, string | undefined>();
  for (const { name, inside, codeOf } of columns) {
    const parent = inside === undefined ? undefined : parents.get(inside);
    const factor = factorOf(name, rows.map(codeOf), parent);
    const levelsAbove = factors.find((one) => one.name === parent)?.levels ?? 1;
    const says = factor.levels > levelsAbove && factor.levels < rows.length;
    parents.set(name, says ? name : parent);
    if (says) factors.push(factor);
  }
  return factors;
}

function thinned(rows: Int32Array, factors: readonly Factor[]): Int32Array {
  const used = new Map<string, ReadonlySet<number>>();
  // parents stand before what is nested in them
  for (const factor of factors) {
    const families = familiesOf(factor, parentOf(factor, factors), used);
    const each = Math.floor(mostLevels(factor, factors) / families.length);
    used.set(factor.name, new Set(families.flatMap((family) => evenlySpaced(family, each))));
  }
  return rows.filter((_, i) => factors.every(({ name, codes }) => used.get(name)!.has(codes[i]!)));
}

/** Levels by those of the parent that are used; all of a factor without one. */
function familiesOf({ codes }: Factor, parent: Factor | undefined, used: ReadonlyMap<string, ReadonlySet<number>>): number[][] {
  const above = parent === undefined ? new Set([0]) : used.get(parent.name)!;
  const families = new Map(Array.from(above, (level) => [level, new Set<number>()]));
  for (const [i, code] of codes.entries()) families.get(parent?.codes[i] ?? 0)?.add(code);
  return Array.from(families.values(), (family) => [...family].toSorted((a, b) => a - b));
}

function mostLevels(factor: Factor, factors: readonly Factor[]): number {
  const below: Factor[] = [];
  for (let child = childOf(factor, factors); child !== undefined; child = childOf(child, factors)) below.push(child);
  return [factor, ...below].every(({ levels }) => levels <= MOST_LEVELS) ? Infinity : MOST_LEVELS / 2 ** below.length;
}

function drawCodes({ data, draw }: ReplicaTable): (row: number) => number {
  const draws = draw.reduce((most, one) => Math.max(most, one), 0) + 1;
  return (row) => data[row]! * draws + draw[row]!;
}

function seedCodes({ seed }: ReplicaTable): (row: number) => number {
  const position = new Map(
    Array.from(new Set(seed))
      .toSorted((a, b) => a - b)
      .map((value, i) => [value, i]),
  );
  return (row) => position.get(seed[row]!)!;
}

/** -1 of replicas that the axis says nothing of, as in the column. */
function axisCodes({ values, codes }: Coded<string | number>): (row: number) => number {
  if (values.length <= MOST_VALUES || values.some((value) => typeof value === 'string')) return (row) => codes[row]!;
  const sorted = sortedFinite(Array.from(codes, (code) => Number(values[code])));
  const cuts = [0.25, 0.5, 0.75].map((probability) => quantile(sorted, probability) ?? NaN);
  return (row) => (codes[row]! < 0 ? -1 : cuts.filter((cut) => Number(values[codes[row]!]) > cut).length);
}

function numbered(names: readonly string[]): number[] {
  const distinct = [...new Set(names)];
  return names.map((name) => distinct.indexOf(name));
}
