/** What forward simulation says of stretches that replicas were not trained on, and of the shape of spikes. Over accepted replicas: others are not asked. */
import type { FeatureSummary, StretchSummary, Summary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { countOf, ensembleOf, valuesOf } from './ensemble.ts';
import type { Ensemble } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { FEATURES } from './score-columns.ts';
import type { SpikeColumns, StretchColumns } from './score-columns.ts';

/** `rest` and `heldOut` of the summary; neither where there is nothing of the kind. */
export function summariseStretches(table: ReplicaTable): Pick<Summary, 'rest' | 'heldOut'> {
  const accepted = ensembleOf(table, table.accepted);
  const rest = stretchSummary(table.rest, accepted);
  const heldOut = table.heldOut.map((columns) => stretchSummary(columns, accepted));
  return { ...(rest.n + rest.failed === 0 ? {} : { rest }), ...(heldOut.length === 0 ? {} : { heldOut }) };
}

function stretchSummary(columns: StretchColumns, ensemble: Ensemble): StretchSummary {
  const of = (column: Float64Array) => median(valuesOf(ensemble, column));
  return {
    label: columns.label,
    n: countOf(ensemble, columns.rmseMv),
    failed: valuesOf(ensemble, columns.failed).filter((flag) => flag === 1).length,
    rmseMv: of(columns.rmseMv),
    spikes: { observed: of(columns.spikesObserved), simulated: of(columns.spikesSimulated) },
    coincidence: of(columns.coincidence),
    ...summariseSpikes(columns, ensemble),
  };
}

/** Features that neither data nor simulation have in any replica are left out. */
export function summariseSpikes(
  { timingMs, observed, simulated }: SpikeColumns,
  ensemble: Ensemble,
): { timingMs: number | null; features: Record<string, FeatureSummary> } {
  const of = (column: Float64Array) => median(valuesOf(ensemble, column));
  const features = FEATURES.map((name) => [name, { observed: of(observed[name]), simulated: of(simulated[name]) }] as const);
  return {
    timingMs: of(timingMs),
    features: Object.fromEntries(features.filter(([, pair]) => pair.observed !== null || pair.simulated !== null)),
  };
}
