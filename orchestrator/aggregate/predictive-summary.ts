/** What forward simulation with the inferred parameters says. */
import type { Prediction, PredictiveSummary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { countOf, ensembleOf, valuesOf } from './ensemble.ts';
import { medianGap } from './physics-gap.ts';
import type { ReplicaTable } from './replica-table.ts';
import { summariseSpikes } from './stretch-summary.ts';

/** `gaps`: see physicsGaps. */
export function summarisePredictive(table: ReplicaTable, gaps: Float64Array): PredictiveSummary {
  const physicsGapMv = medianGap(gaps, table);
  return { ...prediction(table, table.accepted), physicsGapMv, unfiltered: prediction(table, table.estimated) };
}

function prediction(table: ReplicaTable, member: Uint8Array): Prediction {
  const ensemble = ensembleOf(table, member);
  const of = (column: Float64Array) => median(valuesOf(ensemble, column));
  return {
    n: countOf(ensemble, table.chi2),
    rmseMv: of(table.predictiveRmseMv),
    chi2: of(table.chi2),
    spikes: { observed: of(table.spikesObserved), simulated: of(table.spikesSimulated) },
    coincidence: of(table.coincidence),
    ...summariseSpikes(table.spikes, ensemble),
  };
}
