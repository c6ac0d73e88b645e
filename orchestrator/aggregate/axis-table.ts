/**
 * Parameters by axis of the sweep: what the estimates are for each data unit or noise draw, each network width, each loss weight. An
 * axis of few values has a row for each; one of many numbers is cut at its quartiles. Describes, and tests nothing.
 */
import type { DataUnit, Lock } from '../../schemas/generated/types.ts';
import { median, quantile, sortedFinite } from '../../schemas/sample-quantile.ts';
import { codedNumbers } from './column.ts';
import type { Coded } from './column.ts';
import { valuesOf } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { everyRow, rowsWith } from './row-list.ts';
import { relativeError, truthOf } from './truth.ts';

export interface AxisTable {
  /** as in the spec, or `data`, or `draw` */
  readonly axis: string;
  readonly rows: readonly AxisRow[];
  /** rows beyond the first MOST_ROWS, which are left out */
  readonly omitted: number;
}

export interface AxisRow {
  readonly label: string;
  readonly finished: number;
  /** What follows is over these; where there is none, over all that finished. */
  readonly accepted: number;
  /** quartiles by parameter */
  readonly parameters: Readonly<Record<string, Quartiles>>;
  /** median chi2 per sample */
  readonly chi2: number | null;
  /** median root mean square of forward simulation minus data, mV */
  readonly rmseMv: number | null;
  /** by parameter: root mean square relative error on synthetic data; null where there is none */
  readonly rmsError: Readonly<Record<string, number | null>>;
  /** median over all that finished */
  readonly seconds: number | null;
}

export interface Quartiles {
  readonly low: number | null;
  readonly median: number | null;
  readonly high: number | null;
}

export const MOST_ROWS = 12;

/** One table for each axis that has more than one value. */
export function axisTables(lock: Lock, table: ReplicaTable): AxisTable[] {
  const { data } = lock.resolved.problem;
  const dataAxis: [string, Coded<string | number>] =
    data.length > 1 ? ['data', { values: data.map(({ label }) => label), codes: table.data }] : ['draw', codedNumbers(table.draw)];
  const axes: [string, Coded<string | number>][] = [dataAxis, ...Object.entries(table.axes)];
  return axes.map(([axis, column]) => tableOf(axis, column, table, data)).filter(({ rows }) => rows.length > 1);
}

function tableOf(axis: string, column: Coded<string | number>, table: ReplicaTable, data: readonly DataUnit[]): AxisTable {
  const groups = axisGroups(axis, column);
  const all = everyRow(table.size);
  const rows = groups.slice(0, MOST_ROWS).map(({ label, has }) => {
    const own = rowsWith(all, (row) => has(column.codes[row]!));
    return rowOf(label, own, table, data);
  });
  return { axis, rows, omitted: groups.length - rows.length };
}

/** Of codes of one axis. */
export interface AxisGroup {
  readonly label: string;
  readonly has: (code: number) => boolean;
}

/** One for each value; of many numbers, which are no names, four. */
export function axisGroups(axis: string, column: Coded<string | number>): AxisGroup[] {
  const many = !NAMES.includes(axis) && column.values.length > MOST_ROWS && column.values.every((value) => typeof value === 'number');
  if (many) return cutAtQuartiles(column);
  return column.values.map((value, code) => ({ label: String(value), has: (one: number) => one === code }));
}

/** Axes whose numbers are no amounts. */
const NAMES = ['data', 'draw', 'seed'];

/** Four groups of codes by the quartiles of the replicas' values. */
function cutAtQuartiles({ values, codes }: Coded<string | number>): AxisGroup[] {
  const sorted = sortedFinite(Float64Array.from(codes, (code) => Number(values[code])));
  const cuts = [0, 0.25, 0.5, 0.75, 1].map((probability) => quantile(sorted, probability) ?? NaN);
  return [0, 1, 2, 3].map((i) => {
    const [low, high] = [cuts[i]!, cuts[i + 1]!];
    const has = (code: number) => {
      const value = Number(values[code]);
      return (i === 0 ? value >= low : value > low) && value <= high;
    };
    return { label: `${low.toPrecision(3)} to ${high.toPrecision(3)}`, has };
  });
}

function rowOf(label: string, rows: Int32Array, table: ReplicaTable, data: readonly DataUnit[]): AxisRow {
  const accepted = rowsWith(rows, (row) => table.accepted[row] === 1);
  const judged = accepted.length > 0 ? accepted : rows;
  const own = (column: Float64Array): Float64Array => valuesOf({ rows: judged }, column);
  const quartiles = (column: Float64Array): Quartiles => {
    const sorted = sortedFinite(own(column));
    return { low: quantile(sorted, 0.25), median: quantile(sorted, 0.5), high: quantile(sorted, 0.75) };
  };
  return {
    label,
    finished: rows.length,
    accepted: accepted.length,
    parameters: Object.fromEntries(Object.entries(table.parameters).map(([name, column]) => [name, quartiles(column)])),
    chi2: median(own(table.chi2)),
    rmseMv: median(own(table.predictiveRmseMv)),
    rmsError: Object.fromEntries(Object.keys(table.parameters).map((name) => [name, rmsError(name, judged, table, data)])),
    seconds: median(valuesOf({ rows }, table.seconds)),
  };
}

function rmsError(name: string, rows: Int32Array, table: ReplicaTable, data: readonly DataUnit[]): number | null {
  const truths = data.map((unit) => truthOf(unit, name));
  let [squares, n] = [0, 0];
  for (const row of rows) {
    const truth = truths[table.data[row]!];
    const error = truth === undefined ? null : relativeError(table.parameters[name]![row]!, truth);
    if (error === null) continue;
    squares += error ** 2;
    n += 1;
  }
  return n === 0 ? null : Math.sqrt(squares / n);
}
