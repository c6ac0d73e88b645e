/**
 * Eigenvalues and eigenvectors of a small symmetric matrix, by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations,
 * 4th ed., algorithm 8.5.3). For the few unknowns of a Fisher matrix; no large or sparse matrices.
 */

export interface SymmetricEigen {
  /** rising; length n */
  readonly values: Float64Array;
  /** row k belongs to values[k], length 1; shape n x n, row-major */
  readonly vectors: Float64Array;
}

/** Jacobi's method converges quadratically: a handful of sweeps reach rounding for any n here. */
const MAX_SWEEPS = 50;

/** @param matrix shape n x n, row-major, symmetric and finite */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const A = Float64Array.from(matrix);
  const V = new Float64Array(n * n);
  for (let i = 0; i < n; i++) V[i * n + i] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(A, n) > 0; sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(A, V, n, p, q);
  const order = Array.from({ length: n }, (_, k) => k).toSorted((a, b) => A[a * n + a]! - A[b * n + b]!);
  const vectors = new Float64Array(n * n);
  order.forEach((k, row) => vectors.set(V.subarray(k * n, (k + 1) * n), row * n));
  return { values: Float64Array.from(order, (k) => A[k * n + k]!), vectors };
}

function offDiagonal(A: Float64Array, n: number): number {
  let sum = 0;
  for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) sum += A[p * n + q]! ** 2;
  return sum;
}

/** Make A[p, q] zero by a rotation of rows and columns p and q; the rows of V turn along. */
function rotate(A: Float64Array, V: Float64Array, n: number, p: number, q: number): void {
  const apq = A[p * n + q]!;
  if (apq === 0) return;
  const tau = (A[q * n + q]! - A[p * n + p]!) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau));
  const c = 1 / Math.hypot(1, t);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const akp = A[k * n + p]!;
    const akq = A[k * n + q]!;
    A[k * n + p] = c * akp - s * akq;
    A[k * n + q] = s * akp + c * akq;
  }
  for (let k = 0; k < n; k++) {
    const apk = A[p * n + k]!;
    const aqk = A[q * n + k]!;
    A[p * n + k] = c * apk - s * aqk;
    A[q * n + k] = s * apk + c * aqk;
    const vpk = V[p * n + k]!;
    const vqk = V[q * n + k]!;
    V[p * n + k] = c * vpk - s * vqk;
    V[q * n + k] = s * vpk + c * vqk;
  }
  A[p * n + q] = 0;
  A[q * n + p] = 0;
}
