import { expect, test } from 'vitest';
import fc from 'fast-check';
import { symmetricEigen } from '../../../worker/simulate/symmetric-eigen.ts';

test('a 2 x 2 matrix has its textbook eigenvalues and vectors', () => {
  const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
  expect(values[0]).toBeCloseTo(1, 14);
  expect(values[1]).toBeCloseTo(3, 14);
  expect(vectors[0]! / vectors[1]!).toBeCloseTo(-1, 14);
  expect(vectors[2]! / vectors[3]!).toBeCloseTo(1, 14);
});

test('a matrix of zeros and a single number are handled', () => {
  expect(Array.from(symmetricEigen(new Float64Array(9), 3).values)).toEqual([0, 0, 0]);
  expect(Array.from(symmetricEigen(Float64Array.of(-4), 1).values)).toEqual([-4]);
});

test('values rise, vectors are orthonormal and rebuild the matrix', () => {
  const entries = fc
    .integer({ min: 1, max: 8 })
    .chain((n) =>
      fc.tuple(fc.constant(n), fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: n * n, maxLength: n * n })),
    );
  fc.assert(
    fc.property(entries, ([n, raw]) => {
      const A = Float64Array.from(raw, (_, at) => raw[Math.max(Math.floor(at / n), at % n) * n + Math.min(Math.floor(at / n), at % n)]!);
      const { values, vectors } = symmetricEigen(A, n);
      const size = Math.max(1, ...A.map(Math.abs));
      for (let p = 0; p < n; p++)
        for (let q = 0; q < n; q++) {
          let rebuilt = 0;
          let dot = 0;
          for (let k = 0; k < n; k++) {
            rebuilt += values[k]! * vectors[k * n + p]! * vectors[k * n + q]!;
            dot += vectors[p * n + k]! * vectors[q * n + k]!;
          }
          expect(Math.abs(rebuilt - A[p * n + q]!)).toBeLessThan(1e-12 * size * n);
          expect(Math.abs(dot - Number(p === q))).toBeLessThan(1e-13 * n);
        }
      for (let k = 1; k < n; k++) expect(values[k]).toBeGreaterThanOrEqual(values[k - 1]!);
    }),
  );
});
