/**
 * A group of replicas that a statistic is computed over: rows of the replica table, gathered in clusters of one data unit and noise
 * draw, because replicas on the same data err together.
 */
import type { ReplicaTable } from './replica-table.ts';
import { rowsWith } from './row-list.ts';

export interface Ensemble {
  /** Rows of the table, cluster after cluster, ascending in each. */
  readonly rows: Int32Array;
  /** Where each cluster begins in `rows`; one more entry than there are clusters. */
  readonly starts: Int32Array;
}

/** The rows for which `member` is 1, in clusters by data unit, then draw. */
export function ensembleOf(table: ReplicaTable, member: Uint8Array): Ensemble {
  const rows = rowsWith(table.byData, (row) => member[row] === 1);
  const starts = [0];
  for (let i = 1; i < rows.length; i++) {
    if (table.data[rows[i]!] !== table.data[rows[i - 1]!] || table.draw[rows[i]!] !== table.draw[rows[i - 1]!]) starts.push(i);
  }
  if (rows.length > 0) starts.push(rows.length);
  return { rows, starts: Int32Array.from(starts) };
}

export function clusterCount(ensemble: Ensemble): number {
  return ensemble.starts.length - 1;
}

/** The ensemble's values of one column of the table, in the order of its rows; none of a column that no replica has a number for. */
export function valuesOf({ rows }: Pick<Ensemble, 'rows'>, column: Float64Array): Float64Array {
  if (column.length === 0) return new Float64Array();
  const values = new Float64Array(rows.length);
  // a loop: Float64Array.from with a function takes ten times as long
  for (let i = 0; i < rows.length; i++) values[i] = column[rows[i]!]!;
  return values;
}

/** How many of the ensemble have a number in that column. */
export function countOf({ rows }: Ensemble, column: Float64Array): number {
  return rowsWith(rows, (row) => Number.isFinite(column[row])).length;
}
