/** Lists of rows of the replica table, a million long: by loops, because `filter` and a comparing sort take ten times as long. */

export function everyRow(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

/** In their order. */
export function rowsWith(rows: Int32Array, has: (row: number) => boolean): Int32Array {
  const found = new Int32Array(rows.length);
  let count = 0;
  for (const row of rows) if (has(row)) found[count++] = row;
  return found.subarray(0, count);
}

/** By the first column, then by the next, and so on; rows that are the same in all keep their order. Codes are -1, 0, 1, ..., not many more than rows. */
export function sortedByCodes(rows: Int32Array, columns: readonly Int32Array[]): Int32Array {
  return columns.reduceRight(sortedByCode, rows);
}

/** A counting sort. */
function sortedByCode(rows: Int32Array, codes: Int32Array): Int32Array {
  let most = -1;
  for (const row of rows) most = Math.max(most, codes[row]!);
  // where the rows of a code begin, at the code plus one; they are counted one place further on
  const starts = new Int32Array(most + 3);
  for (const row of rows) starts[codes[row]! + 2]! += 1;
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
  const sorted = new Int32Array(rows.length);
  for (const row of rows) sorted[starts[codes[row]! + 1]!++] = row;
  return sorted;
}
