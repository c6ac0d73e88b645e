/** The misfit of two time courses. */

/** Root mean square of a - b, in their unit; length N each. `counted`: 1 for a sample that counts; all do when absent. */
export function rootMeanSquare(a: Float64Array, b: Float64Array, counted?: Uint8Array): number {
  let [sum, samples] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (counted?.[i] === 0) continue;
    sum += (a[i]! - b[i]!) ** 2;
    samples += 1;
  }
  return Math.sqrt(sum / samples);
}
