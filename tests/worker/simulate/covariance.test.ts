import { describe, expect, test } from 'vitest';
import { covarianceOf, normalMatrix } from '../../../worker/simulate/covariance.ts';

describe('covariance from a Jacobian', () => {
  test('J^T J of two columns', () => {
    expect([...normalMatrix(Float64Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([14, 32, 32, 77]);
  });

  test('is the inverse where every unknown moves something', () => {
    const C = covarianceOf(Float64Array.of(4, 2, 2, 3), 2);
    [3 / 8, -2 / 8, -2 / 8, 4 / 8].forEach((value, at) => expect(C[at]).toBeCloseTo(value, 12));
  });

  test('is infinite for two unknowns that move everything alike, and finite for a third', () => {
    const C = covarianceOf(normalMatrix(Float64Array.of(1, 2, 3, 2, 4, 6, 1, 0, -1), 3), 3);
    expect([C[0], C[4]]).toEqual([Infinity, Infinity]);
    expect(C[8]).toBeGreaterThan(0);
    expect(C[8]).toBeLessThan(10);
  });

  test('is infinite for an unknown that moves nothing, and the others are as without it', () => {
    const C = covarianceOf(normalMatrix(Float64Array.of(1, 2, 0, 0), 2), 2);
    expect(C[0]).toBeCloseTo(1 / 5, 12);
    expect(C[3]).toBe(Infinity);
  });
});
