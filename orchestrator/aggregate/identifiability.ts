/** What the data can tell of the parameters, by the bounds of the accepted replicas, and how far they spread beyond it. */
import type { Identifiability, InferredParameter, Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import { medianError } from './median-error.ts';
import type { ReplicaTable } from './replica-table.ts';

/** Nothing where no accepted replica has a bound. */
export function summariseIdentifiability(
  { resolved }: Pick<Lock, 'resolved'>,
  table: ReplicaTable,
  parameters: Readonly<Record<string, ParameterSummary>>,
): Pick<Summary, 'identifiability'> {
  const weakest = weakestOfMedian(table);
  if (weakest === undefined) return {};
  const accepted = ensembleOf(table, table.accepted);
  const { infer } = resolved.problem;
  const standardErrors = Object.fromEntries(infer.map(({ name }) => [name, medianError(valuesOf(accepted, table.bounds[name]!))]));
  const ensembleOverBound = Object.fromEntries(
    infer.map((one) => [one.name, spreadOver(one, parameters[one.name], standardErrors[one.name])]),
  );
  return { identifiability: { weakest, standardErrors, ensembleOverBound } satisfies Identifiability };
}

function spreadOver({ name }: InferredParameter, summary: ParameterSummary | undefined, error: number | null | undefined): number | null {
  if (summary === undefined) throw new Error(`internal: the summary lacks ${name}`);
  return summary.mad === null || error === null || error === undefined || error === 0 ? null : summary.mad / error;
}

/** Of the accepted replica with the (lower) median misfit among those that have a bound. */
function weakestOfMedian({ accepted, predictiveRmseMv, weakest }: ReplicaTable): string | undefined {
  const rows = [...weakest.keys()].filter((row) => accepted[row] === 1);
  const sorted = rows.toSorted((a, b) => predictiveRmseMv[a]! - predictiveRmseMv[b]! || a - b);
  const typical = sorted[Math.floor((sorted.length - 1) / 2)];
  return typical === undefined ? undefined : weakest.get(typical);
}
