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
  const oneRecording = new Set([...windows.keys()].map((unit) => data[unit]!.entry)).size === 1;
  return {
    acrossSpikes: Object.fromEntries(infer.map((parameter) => [parameter.name, across(parameter, groups, table, oneRecording)])),
  };
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
  oneRecording: boolean,
): AcrossSpikes {
  const scale = scaleOf(parameter);
  const scaled = groups.map((rows) => rows.map((row) => scale.forward(table.parameters[parameter.name]![row]!)));
  // every group has a row
  const medians = scaled.map((values) => median(values) ?? NaN);
  const drift = oneRecording ? trend([...medians.keys()], medians) : null;
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
