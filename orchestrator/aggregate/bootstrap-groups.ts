/** The rows that an interval is bootstrapped over, in groups of what they share: data unit and noise draw, then the configuration. */
import type { Groups } from '../statistics/bootstrap.ts';
import { evenSample } from '../statistics/even-sample.ts';
import type { Ensemble } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';
import { sortedByCodes } from './row-list.ts';

/** Rows of the table, and where the groups begin in them. */
export interface GroupedRows extends Groups {
  readonly rows: Int32Array;
}

/** Of more rows so many are taken, evenly: their interval is somewhat wide for all, and takes seconds less. */
const MOST_ROWS = 10_000;

export function groupRows(table: ReplicaTable, { rows }: Ensemble): GroupedRows {
  const data = [table.data, table.draw];
  const configuration = Object.values(table.axes).map(({ codes }) => codes);
  const sorted = sortedByCodes(rows, [...data, ...configuration]);
  const chosen = evenSample(sorted.length, MOST_ROWS).map((position) => sorted[position]!);
  return { rows: chosen, dataSets: startsOf(chosen, data), configurations: startsOf(chosen, [...data, ...configuration]) };
}

/** Where one of the columns changes. */
function startsOf(rows: Int32Array, columns: readonly Int32Array[]): Int32Array {
  const starts = Array.from(rows.keys()).filter((i) => i === 0 || columns.some((codes) => codes[rows[i]!] !== codes[rows[i - 1]!]));
  return Int32Array.from([...starts, rows.length]);
}
