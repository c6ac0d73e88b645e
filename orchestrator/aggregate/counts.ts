/** Accounting: every planned replica is accepted, or left out for a reason, or unfinished. */
import type { Counts } from '../../schemas/generated/types.ts';
import { OUTCOME_KINDS, type OutcomeKind } from '../../schemas/outcome-kind.ts';
import type { ReplicaTable } from './replica-table.ts';

export function countOutcomes(table: ReplicaTable, planned: number): Counts {
  const of = (kind: OutcomeKind) => {
    const code = table.outcome.values.indexOf(kind);
    return table.outcome.codes.reduce((count, one) => count + Number(one === code), 0);
  };
  // fromEntries widens its keys to string
  const byKind = Object.fromEntries(OUTCOME_KINDS.map((kind) => [kind, of(kind)])) as Record<OutcomeKind, number>;
  return {
    planned,
    finished: table.size,
    ...byKind,
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
