/** Arithmetic of matrix columns: vectors of equal length. Changes happen in place. */

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

export function multiply(column: Float64Array, factor: number): void {
  for (let i = 0; i < column.length; i++) column[i]! *= factor;
}

/** Take out what lies along a direction of length 1. */
export function subtract(column: Float64Array, direction: Float64Array): void {
  const along = dot(column, direction);
  for (let i = 0; i < column.length; i++) column[i]! -= along * direction[i]!;
}
