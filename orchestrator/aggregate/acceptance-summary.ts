/** What the truth-free filter does: how many it takes, how far it moves the estimates, what other limits would do, and who passed by fitting noise. */
import { chi2Limit, samplesThatCount, STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type { Acceptance, Lock, Threshold } from '../../schemas/generated/types.ts';
import { median, sortedFinite } from '../../schemas/sample-quantile.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import type { ReplicaTable } from './replica-table.ts';
import { scaleOf } from './scale.ts';

/** Times the sweep's limit of chi2; null: no limit. */
const FACTORS = [0.9, 1, 1.25, 2, 4, null] as const;

export function summariseAcceptance({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable): Acceptance {
  const { infer } = resolved.problem;
  const rows = Array.from(table.estimated.keys()).filter((row) => table.estimated[row] === 1);
  const accepted = rows.filter((row) => table.accepted[row] === 1);
  const scaled = infer.map((parameter) => table.parameters[parameter.name]!.map((value) => scaleOf(parameter).forward(value)));
  const shifts = infer.map(({ name }, p): [string, number | null] => {
    const all = sortedFinite(rows.map((row) => scaled[p]![row]!));
    return [name, shiftOf(median(accepted.map((row) => scaled[p]![row]!)), median(all), scaledMad(all))];
  });
  return {
    rejectedShare: rows.length === 0 ? null : 1 - accepted.length / rows.length,
    shifts: Object.fromEntries(shifts),
    belowNoise: accepted.filter((row) => belowNoise(resolved, table, row)).length,
    thresholds: thresholdsOf(resolved, table, rows, scaled),
  };
}

function shiftOf(accepted: number | null, all: number | null, spread: number | null): number | null {
  return accepted === null || all === null || spread === null || spread === 0 ? null : (accepted - all) / spread;
}

/** Closer to the data than the right model's noise is in one of 700. */
function belowNoise({ problem }: Lock['resolved'], { data, networkRmseMv }: ReplicaTable, row: number): boolean {
  const unit = problem.data[data[row]!]!;
  return (networkRmseMv[row]! / unit.sigmaMv) ** 2 < 1 - 3 * Math.sqrt(2 / samplesThatCount(unit));
}

/** None where chi2 decides nothing. `scaled`: the estimates of each parameter on its scale. */
function thresholdsOf(
  { accept, problem }: Lock['resolved'],
  table: ReplicaTable,
  rows: readonly number[],
  scaled: readonly Float64Array[],
): Threshold[] {
  const { chi2 = STANDARD_ACCEPT.chi2, yardstick = STANDARD_ACCEPT.yardstick } = accept;
  if (chi2 === 'off') return [];
  const limits = problem.data.map((unit) => chi2Limit(chi2, samplesThatCount(unit), yardstick));
  return FACTORS.map((factor) => {
    const passed = rows.filter((row) => table.chi2[row]! <= (factor ?? Infinity) * limits[table.data[row]!]!);
    const medians = problem.infer.map((parameter, p): [string, number | null] => {
      const centre = median(passed.map((row) => scaled[p]![row]!));
      return [parameter.name, centre === null ? null : scaleOf(parameter).back(centre)];
    });
    return { factor, n: passed.length, medians: Object.fromEntries(medians) };
  });
}
