/** How fast the sweep was, from what each replica reports of itself. */
import type { Speed } from '../../schemas/generated/types.ts';
import type { ReplicaTable } from './replica-table.ts';

/** `orchestrationMs`: time outside training of the whole run, where it was measured. */
export function summariseSpeed({ seconds, steps, size }: ReplicaTable, orchestrationMs?: number): Speed {
  const training = total(seconds);
  return {
    replicaStepsPerSecond: training > 0 ? total(steps) / training : null,
    coreSecondsPerReplica: size > 0 ? training / size : null,
    orchestrationMsPerReplica: orchestrationMs === undefined || size === 0 ? null : orchestrationMs / size,
  };
}

export function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
