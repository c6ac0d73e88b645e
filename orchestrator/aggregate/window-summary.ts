/** Variability across spikes: where each spike or window of a recording is fitted by itself, how its estimates differ from the next one's. */
import type { AcrossSpikes, DataUnit, InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { intraclassCorrelation } from '../statistics/intraclass-correlation.ts';
import { trend } from '../statistics/trend.ts';
import { ensembleOf } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { scaleOf } from './scale.ts';

/** Nothing where fewer than two windows have an accepted replica. */
export function summariseWindows({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable): Pick<Summary, 'acrossSpikes'> {
  const { data, infer } = resolved.problem;
  const windows = windowRows(resolved.problem.data, table);
  if (windows.size < 2) return {};
  const groups = [...windows.values()];
  const order = orderOf([...windows.keys()], data);
  return { acrossSpikes: Object.fromEntries(infer.map((parameter) => [parameter.name, across(parameter, groups, table, order)])) };
}

/**
 * Where each window stands: a window without an accepted replica, or one that was left out, keeps its place. Counted through where they come from
 * several sweeps; undefined where they come from several recordings.
 */
function orderOf(units: readonly number[], data: readonly DataUnit[]): readonly number[] | undefined {
  const windows = units.map((unit) => data[unit]!);
  if (new Set(windows.map(({ entry }) => entry)).size > 1) return undefined;
  return new Set(windows.map(({ sweep }) => sweep)).size > 1 ? units : windows.map(({ window }, i) => window ?? units[i]!);
}

/** Rows of the accepted replicas on each window, by data unit. */
export function windowRows(data: readonly DataUnit[], table: ReplicaTable): Map<number, number[]> {
  const windows = new Map<number, number[]>();
  for (const row of ensembleOf(table, table.accepted).rows) {
    const unit = table.data[row]!;
    if (data[unit]!.window === undefined) continue;
    const rows = windows.get(unit);
    if (rows === undefined) windows.set(unit, [row]);
    else rows.push(row);
  }
  return windows;
}

function across(
  parameter: InferredParameter,
  groups: readonly (readonly number[])[],
  table: ReplicaTable,
  order: readonly number[] | undefined,
): AcrossSpikes {
  const scale = scaleOf(parameter);
  const scaled = groups.map((rows) => rows.map((row) => scale.forward(table.parameters[parameter.name]![row]!)));
  // every group has a row
  const medians = scaled.map((values) => median(values) ?? NaN);
  const drift = order === undefined ? null : trend(order, medians);
  return {
    n: groups.length,
    cv: variation(medians.map((value) => scale.back(value))),
    icc: intraclassCorrelation(scaled),
    drift: drift === null ? null : { perWindow: scale.name === 'log' ? Math.expm1(drift.slope) : drift.slope, p: drift.p },
  };
}

/** Coefficient of variation; null about a mean of 0. */
function variation(values: readonly number[]): number | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return mean === 0 ? null : Math.sqrt(squares / (values.length - 1)) / Math.abs(mean);
}
