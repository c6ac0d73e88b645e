/** Accounting: every planned replica is accepted, or left out for a reason, or unfinished. */
import type { Counts } from '../../schemas/generated/types.ts';
import type { OutcomeKind, ReplicaTable } from './replica-table.ts';

export function countOutcomes(table: ReplicaTable, planned: number): Counts {
  const of = (kind: OutcomeKind) => {
    const code = table.outcome.values.indexOf(kind);
    return table.outcome.codes.reduce((count, one) => count + Number(one === code), 0);
  };
  return {
    planned,
    finished: table.size,
    converged: of('converged'),
    stopped: of('stopped'),
    diverged: of('diverged'),
    pruned: of('pruned'),
    failed: of('failed'),
    accepted: table.accepted.reduce((count, one) => count + one, 0),
  };
}

/** Replicas in no filtered statistic by `kind/reason`, sorted; those without an outcome yet as `unfinished`. */
export function countReasons({ reason, size }: ReplicaTable, planned: number): Record<string, number> {
  const counts = new Int32Array(reason.values.length);
  for (const code of reason.codes) counts[code] = counts[code]! + 1;
  const entries = reason.values.map((value, code): [string, number] => [value, counts[code]!]).filter(([value]) => value !== '');
  return Object.fromEntries(planned > size ? [...entries, ['unfinished', planned - size]] : entries);
}
