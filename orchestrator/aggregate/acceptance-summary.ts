/** What the truth-free filter does: how many it takes, how far it moves the estimates, what other limits would do, and who passed by fitting noise. */
import { chi2Limit, samplesThatCount, STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type { Acceptance, Lock, Threshold } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import type { Ensemble } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { rowsWith } from './row-list.ts';
import { scaleOf } from './scale.ts';

/** Times the sweep's limit of chi2; null: no limit. */
const FACTORS = [0.9, 1, 1.25, 2, 4, null] as const;

export function summariseAcceptance({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable): Acceptance {
  const { infer } = resolved.problem;
  const estimated = ensembleOf(table, table.estimated);
  const accepted = ensembleOf(table, table.accepted);
  const scaled = infer.map((parameter) => table.parameters[parameter.name]!.map((value) => scaleOf(parameter).forward(value)));
  const shifts = infer.map(({ name }, p): [string, number | null] => {
    const all = valuesOf(estimated, scaled[p]!).sort();
    return [name, shiftOf(median(valuesOf(accepted, scaled[p]!)), median(all), scaledMad(all))];
  });
  return {
    rejectedShare: estimated.rows.length === 0 ? null : 1 - accepted.rows.length / estimated.rows.length,
    shifts: Object.fromEntries(shifts),
    belowNoise: rowsWith(accepted.rows, (row) => belowNoise(resolved, table, row)).length,
    thresholds: thresholdsOf(resolved, table, estimated, scaled),
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
  { rows }: Ensemble,
  scaled: readonly Float64Array[],
): Threshold[] {
  const { chi2 = STANDARD_ACCEPT.chi2, yardstick = STANDARD_ACCEPT.yardstick } = accept;
  if (chi2 === 'off') return [];
  const limits = problem.data.map((unit) => chi2Limit(chi2, samplesThatCount(unit), yardstick));
  return FACTORS.map((factor) => {
    const passed = { rows: rowsWith(rows, (row) => table.chi2[row]! <= (factor ?? Infinity) * limits[table.data[row]!]!) };
    const medians = problem.infer.map((parameter, p): [string, number | null] => {
      const centre = median(valuesOf(passed, scaled[p]!));
      return [parameter.name, centre === null ? null : scaleOf(parameter).back(centre)];
    });
    return { factor, n: passed.rows.length, medians: Object.fromEntries(medians) };
  });
}
