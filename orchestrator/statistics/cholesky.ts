/** Symmetric positive definite systems by Cholesky's factor: Golub and Van Loan, "Matrix computations" (2013), algorithm 4.2.1. Matrices are row-major. */

/** Lower factor of the n x n matrix, in place; its upper triangle is left as it was. False where the matrix is not positive definite. */
export function factorise(matrix: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      if (i === j && !(sum > 0)) return false;
      matrix[i * n + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * n + j]!;
    }
  }
  return true;
}

/** ln of the determinant of the factorised matrix. */
export function logDeterminant(factor: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += 2 * Math.log(factor[i * n + i]!);
  return sum;
}

/** L^-1 B of n x m right-hand sides, in place: the half of a solve that quadratic forms need. */
export function forwardSolve(factor: Float64Array, n: number, sides: Float64Array, m: number): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      const l = factor[i * n + k]!;
      if (l !== 0) for (let c = 0; c < m; c++) sides[i * m + c] = sides[i * m + c]! - l * sides[k * m + c]!;
    }
    const pivot = factor[i * n + i]!;
    for (let c = 0; c < m; c++) sides[i * m + c] = sides[i * m + c]! / pivot;
  }
}

/** x of A x = b from A's factor. */
export function solve(factor: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = b.slice();
  forwardSolve(factor, n, x, 1);
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = x[i]! - factor[k * n + i]! * x[k]!;
    x[i] = x[i]! / factor[i * n + i]!;
  }
  return x;
}
