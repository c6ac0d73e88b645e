/** Dense linear algebra at every size around its blocks (4 in registers, 32 columns a panel), against plain sums. */
import { describe, expect, test } from 'vitest';
import { cholesky, solveFactored, timesTranspose } from '../../../../worker/engines/reference/dense.ts';

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 37, 64, 65];

/** Numbers without a pattern, the same every time. */
function filled(length: number, phase = 0): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + phase) * Math.cos(i * i + phase));
}

/** B B^T + n I, full. */
function positiveDefinite(n: number): Float64Array {
  const B = filled(n * n);
  const A = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) A[i * n + j]! += B[i * n + k]! * B[j * n + k]! + (i === j && k === 0 ? n : 0);
  return A;
}

describe('a product with a transposed factor', () => {
  test.each([1, 3, 4, 5, 8, 9])('of %i rows equals the plain sums for every number of columns and terms', (rows) => {
    for (const columns of [1, 2, 4, 7, 8]) {
      for (const n of [0, 1, 5, 16]) {
        const X = filled(rows * n, 1);
        const Y = filled(columns * n, 2);
        const C = new Float64Array(rows * columns).fill(Number.NaN);
        timesTranspose(X, Y, rows, columns, n, C, false);
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            let sum = 0;
            for (let k = 0; k < n; k++) sum += X[i * n + k]! * Y[j * n + k]!;
            expect(C[i * columns + j]).toBeCloseTo(sum, 13);
          }
      }
    }
  });

  test.each(SIZES.slice(0, 9))('the lower triangle of size %i is that of the whole', (n) => {
    const X = filled(n * 3);
    const whole = new Float64Array(n * n);
    const lower = new Float64Array(n * n);
    timesTranspose(X, X, n, n, 3, whole, false);
    timesTranspose(X, X, n, n, 3, lower, true);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) expect(lower[i * n + j]).toBe(whole[i * n + j]);
  });
});

describe.each(SIZES)('a Cholesky factor of size %i', (n) => {
  const A = positiveDefinite(n);

  test('rebuilds the matrix, and reads the lower triangle only', () => {
    const L = A.slice();
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) L[i * n + j] = Number.NaN;
    expect(cholesky(L, n)).toBe(true);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k <= j; k++) sum += L[i * n + k]! * L[j * n + k]!;
        expect(Math.abs(sum - A[i * n + j]!)).toBeLessThan(1e-12 * n);
      }
  });

  test('solves for the known solution', () => {
    const x = filled(n, 3);
    const b = Float64Array.from(x, (_, i) => x.reduce((sum, value, j) => sum + A[i * n + j]! * value, 0));
    const L = A.slice();
    cholesky(L, n);
    solveFactored(L, n, b);
    for (const [i, value] of b.entries()) expect(value).toBeCloseTo(x[i]!, 12);
  });

  test('is refused when the last pivot is not positive, or any is not a number', () => {
    const flat = A.slice();
    flat[n * n - 1] = -1;
    expect(cholesky(flat, n)).toBe(false);
    const broken = A.slice();
    broken[0] = Number.NaN;
    expect(cholesky(broken, n)).toBe(false);
  });
});
