import { describe, expect, test } from 'vitest';
import { dependentColumns } from '../../../worker/identifiability/dependent-columns.ts';

const column = (...values: number[]): Float64Array => Float64Array.from(values);

describe('dependent columns', () => {
  test('are none in a matrix of full rank', () => {
    expect(dependentColumns([column(1, 2, 3), column(0, 1, 1), column(5, 0, 1)])).toEqual([]);
  });

  test('come as minimal sets: a column that the sum does not need has no coefficient', () => {
    const [a, b, other] = [column(1, 2, 3, 4), column(0, 1, -1, 2), column(7, 1, 1, 1)];
    const sum = a.map((value, i) => value + 2 * b[i]!);
    const found = dependentColumns([a, other, b, sum]);
    expect(found).toHaveLength(1);
    const [c] = found;
    expect(Math.abs(c![1]!)).toBe(0);
    expect(Math.max(...c!.map(Math.abs))).toBe(1);
    for (let i = 0; i < 4; i++) expect(c![0]! * a[i]! + c![2]! * b[i]! + c![3]! * sum[i]!).toBeCloseTo(0, 12);
  });

  test('of zeros alone are sets of one', () => {
    expect(dependentColumns([column(1, 1), column(0, 0)])).toEqual([column(0, 1)]);
  });

  test('nearly so are found with a tolerance only', () => {
    const columns = [column(1, 0, 0), column(1, 1e-4, 0)];
    expect(dependentColumns(columns)).toEqual([]);
    expect(dependentColumns(columns, { tolerance: 1e-3 })).toHaveLength(1);
  });
});
