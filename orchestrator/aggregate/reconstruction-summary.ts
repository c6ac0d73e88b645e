/** How well, and how alike, the ensemble reconstructs each state's time course. */
import type { Lock, Reconstruction, ReconstructionSummary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { bandWidth, wholeBandWidth } from './band.ts';
import { ensembleOf, valuesOf } from './ensemble.ts';
import { overDraws, stateBand, traceGroups } from './reconstruction.ts';
import type { ReplicaTable } from './replica-table.ts';

export function summariseReconstruction(lock: Lock, table: ReplicaTable): Record<string, ReconstructionSummary> {
  const { states, pools = {} } = lock.resolved.problem;
  const filtered = reconstructions(lock, table, table.accepted);
  const unfiltered = reconstructions(lock, table, table.estimated);
  return Object.fromEntries(
    states.map((state, s) => [
      state,
      {
        unit: pools[state] ?? unitOfState(state),
        ...filtered[s]!,
        ...pooled(lock, table, state),
        unfiltered: unfiltered[s]!,
      } satisfies ReconstructionSummary,
    ]),
  );
}

/** mV for the voltage, nothing for gates, which are probabilities. Pools have their own. */
function unitOfState(state: string): string {
  return state === 'V' ? 'mV' : '1';
}

/** Noise draws are data sets of their own, but of one truth: only over them do reconstructions differ as far as they may. */
function pooled({ resolved }: Lock, table: ReplicaTable, state: string): Pick<ReconstructionSummary, 'overDraws'> {
  if (resolved.problem.data.every(({ draws }) => draws === 1)) return {};
  const groups = overDraws(traceGroups(table, table.accepted)).filter(({ traces }) => traces.length > 1);
  return { overDraws: median(groups.map((group) => bandWidth(stateBand(group, state)) ?? NaN)) };
}

function reconstructions(lock: Lock, table: ReplicaTable, member: Uint8Array): Reconstruction[] {
  const { states, data } = lock.resolved.problem;
  const ensemble = ensembleOf(table, member);
  const groups = traceGroups(table, member).filter(({ traces }) => traces.length > 1);
  const synthetic = data.every((unit) => unit.source.kind === 'synthetic');
  const bands = states.map((state) => groups.map((group) => stateBand(group, state)));
  return states.map((state, s) => ({
    ...(state === 'V' ? { rmse: median(valuesOf(ensemble, table.networkRmseMv)) } : {}),
    ...(synthetic ? { rmseToTruth: median(valuesOf(ensemble, table.rmseToTruth[state]!)) } : {}),
    variability: median(bands[s]!.map((band) => bandWidth(band) ?? NaN)),
    simultaneous: median(bands[s]!.map((band) => wholeBandWidth(band) ?? NaN)),
  }));
}
