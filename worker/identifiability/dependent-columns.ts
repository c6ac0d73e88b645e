/**
 * Which columns of a matrix are sums of others: minimal sets with their coefficients. A basis of columns is chosen by pivoting (modified
 * Gram-Schmidt, Golub and Van Loan, Matrix Computations, 4th ed., 5.2.8 and 5.4.1); every column outside of it is a sum of basis columns in
 * one way only, and those that it needs, with itself, are a set of which none can be left out.
 */
import { dot, norm, subtract } from './columns.ts';

/** Of its own length: what is left of a column that is a sum of others is rounding. */
export const EXACT = 1e-9;
/** Coefficients (of columns of length 1) below this share of the largest are rounding, or below the tolerance where that is more. */
const ABSENT = 1e-6;

export interface Dependence {
  /** of the matrix, where it is known */
  readonly rank?: number;
  /** share of a column's length below which what is left of it counts as nothing */
  readonly tolerance?: number;
}

/** One vector per dependent column: coefficients c with sum c[k] columns[k] = 0, the largest of size 1 and positive. */
export function dependentColumns(
  columns: readonly Float64Array[],
  { rank = columns.length, tolerance = EXACT }: Dependence = {},
): Float64Array[] {
  const lengths = columns.map(norm);
  const left = columns.map((column, k) => column.map((value) => (lengths[k]! > 0 ? value / lengths[k]! : 0)));
  const unit = left.map((column) => Float64Array.from(column));
  const basis: number[] = [];
  const directions: Float64Array[] = [];
  for (let round = 0; round < rank; round++) {
    const pivot = longest(left, basis);
    if (pivot === undefined || !(norm(left[pivot]!) > tolerance)) break;
    const direction = left[pivot]!.map((value) => value / norm(left[pivot]!));
    directions.push(direction);
    basis.push(pivot);
    for (const column of left) subtract(column, direction);
  }
  const outside = columns.map((_, k) => k).filter((k) => !basis.includes(k));
  return outside
    .map((k) =>
      withoutRounding(setOf(k, basis, directions, unit), Math.max(ABSENT, tolerance)).map((value, j) =>
        lengths[j]! > 0 ? value / lengths[j]! : value,
      ),
    )
    .map(largestIsOne);
}

/** Column `k` against the basis, by back substitution; all of length 1. */
function setOf(k: number, basis: readonly number[], directions: readonly Float64Array[], unit: readonly Float64Array[]): Float64Array {
  const coefficients = new Float64Array(unit.length);
  const rest = directions.map((direction) => dot(direction, unit[k]!));
  for (let j = basis.length - 1; j >= 0; j--) {
    const size = rest[j]! / dot(directions[j]!, unit[basis[j]!]!);
    coefficients[basis[j]!] = -size;
    for (let i = 0; i < j; i++) rest[i]! -= size * dot(directions[i]!, unit[basis[j]!]!);
  }
  coefficients[k] = 1;
  return coefficients;
}

function withoutRounding(coefficients: Float64Array, share: number): Float64Array {
  const largest = Math.max(...coefficients.map(Math.abs));
  return coefficients.map((value) => (Math.abs(value) > share * largest ? value : 0));
}

/** A direction has no sign of its own: its largest part goes up. */
function largestIsOne(coefficients: Float64Array): Float64Array {
  const largest = coefficients.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
  return coefficients.map((value) => value / largest);
}

function longest(columns: readonly Float64Array[], without: readonly number[]): number | undefined {
  const [best] = columns
    .map((_, k) => k)
    .filter((k) => !without.includes(k))
    .toSorted((a, b) => norm(columns[b]!) - norm(columns[a]!));
  return best;
}
