/**
 * How many replicas would be enough: for an interval of the median of 1 % on either side. Its variance is taken to fall as that of a mean over
 * data sets and the replicas on each (Cochran, "Sampling techniques" (1977), section 10.3), scaled to the interval that there is: so more
 * replicas on the same data help only as far as they differ among themselves.
 */
import type { Lock, ParameterSummary, ReplicasNeeded, Summary } from '../../schemas/generated/types.ts';
import { intraclassCorrelation } from '../statistics/intraclass-correlation.ts';
import { clusterCount, ensembleOf, valuesOf } from './ensemble.ts';
import type { Ensemble } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';

export const TARGET = 0.01;

/** Nothing where no positive parameter has an interval of some width. */
export function summariseNeed(
  { resolved }: Pick<Lock, 'resolved'>,
  table: ReplicaTable,
  parameters: Readonly<Record<string, ParameterSummary>>,
): Pick<Summary, 'replicasNeeded'> {
  const accepted = ensembleOf(table, table.accepted);
  const entries = resolved.problem.infer.flatMap(({ name, positive }) => {
    const ci95 = parameters[name]?.ci95 ?? null;
    if (!positive || ci95 === null || ci95[0] === ci95[1]) return [];
    const halfWidth = Math.log(ci95[1] / ci95[0]) / 2;
    return [[name, needOf(halfWidth, table.parameters[name]!, accepted)] as const];
  });
  return entries.length === 0 ? {} : { replicasNeeded: Object.fromEntries(entries) };
}

function needOf(halfWidth: number, values: Float64Array, ensemble: Ensemble): ReplicasNeeded {
  const { rows, starts } = ensemble;
  const dataSets = clusterCount(ensemble);
  const scaled = valuesOf(ensemble, values).map((value) => Math.log(value));
  const groups = Array.from({ length: dataSets }, (_, k) => scaled.subarray(starts[k], starts[k + 1]));
  const between = Math.min(1, Math.max(0, intraclassCorrelation(groups) ?? 0));
  const each = rows.length / dataSets;
  // variance of a mean over `each` replicas, that of one replica being 1; then what it may be
  const now = between + (1 - between) / each;
  const allowed = now * (TARGET / halfWidth) ** 2;
  return {
    halfWidth,
    dataSets: dataSets === 1 ? null : Math.ceil(dataSets * Math.max(1 / dataSets, (halfWidth / TARGET) ** 2)),
    perDataSet: allowed > between ? Math.max(1, Math.ceil((1 - between) / (allowed - between))) : null,
  };
}
