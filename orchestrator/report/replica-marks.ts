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
  const where = (wanted: (row: number) => boolean) => Array.from(column).filter((value, row) => Number.isFinite(value) && wanted(row));
  return {
    accepted: where((row) => table.accepted[row] === 1),
    rejected: where((row) => table.accepted[row] !== 1 && table.estimated[row] === 1),
  };
}
