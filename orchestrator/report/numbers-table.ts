/** Numbers that a figure shows, as a table: a header whose columns name their units, and rows. Written as CSV (RFC 4180, lines end in a line feed). */

export type NumbersCell = string | number | null | undefined;

export interface NumbersTable {
  /** Tells the tables of one figure apart; its first has none. */
  readonly part?: string;
  /** With the unit in brackets: `time (ms)`. */
  readonly columns: readonly string[];
  /** A table without rows is not written. */
  readonly rows: readonly (readonly NumbersCell[])[];
}

/** Numbers with all their digits; nothing where there is none. */
export function csvText({ columns, rows }: Pick<NumbersTable, 'columns' | 'rows'>): string {
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(',')}\n`).join('');
}

function csvCell(value: NumbersCell): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** A column's header; the pure number has no unit. Plain letters, as the spec and the tables of results have them. */
export function columnName(name: string, unit: string): string {
  return unit === '1' ? name : `${name} (${unit})`;
}
