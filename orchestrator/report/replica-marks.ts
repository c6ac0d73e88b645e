/** Replicas as dots: filled where accepted, hollow where rejected. */
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import type { KeyEntry } from './figure.ts';
import { COLOUR } from './palette.ts';

/** What dots mean: only the kinds that there are. */
export function replicaKey(table: ReplicaTable): KeyEntry[] {
  const accepted = table.accepted.some((flag) => flag === 1);
  const rejected = table.estimated.some((flag, row) => flag === 1 && table.accepted[row] !== 1);
  return [
    ...(accepted ? [{ mark: 'dot', colour: COLOUR.ensemble, text: 'accepted' } as const] : []),
    ...(rejected ? [{ mark: 'hollow', colour: COLOUR.rejected, text: 'rejected' } as const] : []),
  ];
}

/** Values of one column by whether their replica was accepted, in the order of the expansion. */
export function split(table: ReplicaTable, column: Float64Array): { accepted: number[]; rejected: number[] } {
  const accepted: number[] = [];
  const rejected: number[] = [];
  // a loop: a million values are not copied first
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    if (!Number.isFinite(value)) continue;
    if (table.accepted[row] === 1) accepted.push(value);
    else if (table.estimated[row] === 1) rejected.push(value);
  }
  return { accepted, rejected };
}
