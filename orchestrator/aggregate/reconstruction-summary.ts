/** How well, and how alike, the ensemble reconstructs each state's time course. */
import type { Lock, Reconstruction, ReconstructionSummary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { bandWidth } from './band.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import { stateBand, traceGroups } from './reconstruction.ts';
import type { ReplicaTable } from './replica-table.ts';

export function summariseReconstruction(lock: Lock, table: ReplicaTable): Record<string, ReconstructionSummary> {
  const { states, pools = {} } = lock.resolved.problem;
  const filtered = reconstructions(lock, table, table.accepted);
  const unfiltered = reconstructions(lock, table, table.estimated);
  return Object.fromEntries(
    states.map((state, s) => [
      state,
      { unit: pools[state] ?? unitOfState(state), ...filtered[s]!, unfiltered: unfiltered[s]! } satisfies ReconstructionSummary,
    ]),
  );
}

/** mV for the voltage, nothing for gates, which are probabilities. Pools have their own. */
function unitOfState(state: string): string {
  return state === 'V' ? 'mV' : '1';
}

function reconstructions(lock: Lock, table: ReplicaTable, member: Uint8Array): Reconstruction[] {
  const { states, data } = lock.resolved.problem;
  const ensemble = ensembleOf(table, member);
  const groups = traceGroups(table, member).filter(({ traces }) => traces.length > 1);
  const synthetic = data.every((unit) => unit.source.kind === 'synthetic');
  return states.map((state) => ({
    ...(state === 'V' ? { rmse: median(valuesOf(ensemble, table.networkRmseMv)) } : {}),
    ...(synthetic ? { rmseToTruth: median(valuesOf(ensemble, table.rmseToTruth[state]!)) } : {}),
    variability: median(groups.map((group) => bandWidth(stateBand(group, state)) ?? NaN)),
  }));
}
