/** The rows that an interval is bootstrapped over, in groups of what they share: data unit and noise draw, then the configuration. */
import type { Groups } from '../statistics/bootstrap.ts';
import type { Ensemble } from './ensemble.ts';
import type { ReplicaTable } from './replica-table.ts';

/** Rows of the table, and where the groups begin in them. */
export interface GroupedRows extends Groups {
  readonly rows: Int32Array;
}

/** Of more rows so many are taken, evenly: their interval is somewhat wide for all, and takes seconds less. */
const MOST_ROWS = 10_000;

export function groupRows(table: ReplicaTable, { rows }: Ensemble): GroupedRows {
  const axes = Object.values(table.axes);
  const configurationOrder = (a: number, b: number): number => {
    for (const { codes } of axes) if (codes[a] !== codes[b]) return codes[a]! - codes[b]!;
    return 0;
  };
  const dataOrder = (a: number, b: number): number => table.data[a]! - table.data[b]! || table.draw[a]! - table.draw[b]!;
  const order = (a: number, b: number): number => dataOrder(a, b) || configurationOrder(a, b);
  const sorted = rows.toSorted((a, b) => order(a, b) || a - b);
  const step = Math.max(1, sorted.length / MOST_ROWS);
  const chosen = Int32Array.from({ length: Math.min(sorted.length, MOST_ROWS) }, (_, i) => sorted[Math.floor(i * step)]!);
  return { rows: chosen, dataSets: startsWhere(chosen, dataOrder), configurations: startsWhere(chosen, order) };
}

function startsWhere(rows: Int32Array, order: (a: number, b: number) => number): Int32Array {
  const starts = Array.from(rows.keys()).filter((i) => i === 0 || order(rows[i - 1]!, rows[i]!) !== 0);
  return Int32Array.from([...starts, rows.length]);
}
