/** The misfit of two time courses. */

/** Root mean square of a - b, in their unit; length N each. */
export function rootMeanSquare(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / a.length);
}
