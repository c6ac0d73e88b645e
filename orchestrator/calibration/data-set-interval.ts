/**
 * What a run says of one parameter on one data set: where it is, and how sure that is. On the scale of the parameter's statistics, ln(x) for
 * positive ones:
 *
 *   sigma^2 = s^2 + b^2
 *
 * s: median of the accepted replicas' own standard errors, by Fisher information: what the noise of the data does to any fit. All replicas share
 * it, so it does not shrink with their number. b: their spread, 1.4826 MAD: what optimizer, network and seed do. It is not divided by the number of
 * replicas, because nothing says that they miss independently. This is the variance of an equal mixture of the replicas' normal
 * distributions (Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles",
 * NeurIPS 2017, section 2.4), with medians in place of means so that one wild replica does not decide.
 */
import { quantile, sortedFinite } from '../../schemas/sample-quantile.ts';
import type { Ensemble } from '../aggregate/ensemble.ts';
import { medianError } from '../aggregate/median-error.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { scaleOf, type Scale } from '../aggregate/scale.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';

/** All on the scale of the parameter. */
export interface DataSetInterval {
  /** position of the data unit, and its noise draw */
  readonly data: number;
  readonly draw: number;
  readonly replicas: number;
  readonly centre: number;
  /** b; null of one replica */
  readonly spread: number | null;
  readonly sigma: number;
}

/** One for each data set of the ensemble of which some replica knows a standard error. */
export function dataSetIntervals(
  table: ReplicaTable,
  { rows, starts }: Ensemble,
  parameter: { readonly name: string; readonly positive: boolean },
): DataSetInterval[] {
  const estimates = table.parameters[parameter.name]!;
  const scale = scaleOf(parameter);
  return Array.from(starts.subarray(0, -1), (from, set): DataSetInterval[] => {
    const own = rows.subarray(from, starts[set + 1]);
    const values = sortedFinite(Float64Array.from(own).map((row) => scale.forward(estimates[row]!)));
    const error = medianError(Float64Array.from(own).map((row) => standardErrorOf(table, parameter.name, row, scale)));
    const centre = quantile(values, 0.5);
    if (centre === null || error === null) return [];
    const spread = scaledMad(values);
    const first = own[0]!;
    const sigma = Math.hypot(error, spread ?? 0);
    return sigma > 0 ? [{ data: table.data[first]!, draw: table.draw[first]!, replicas: own.length, centre, spread, sigma }] : [];
  }).flat();
}

/** That of the finish, else the Cramer-Rao bound at the estimate; Infinity where V does not determine the parameter, NaN where neither is known. */
function standardErrorOf({ standardErrors, bounds, parameters }: ReplicaTable, name: string, row: number, scale: Scale): number {
  const finish = standardErrors[name]![row] ?? NaN;
  const inUnit = Number.isFinite(finish) ? finish : (bounds[name]![row] ?? NaN);
  return scale.name === 'log' ? inUnit / parameters[name]![row]! : inUnit;
}
