/**
 * The dense linear algebra of Levenberg-Marquardt in float64: products with a transposed factor and a Cholesky factorisation, in
 * register blocks of 4 x 4 so that each number loaded serves four products. Matrices are row by row.
 *
 * Own code because the libraries at hand store rows as separate arrays and do not block: ml-matrix multiplies at a third of this speed.
 */

/** C[i, j] (+)= X[i, :] . Y[j, :] for X [rows, n], Y [columns, n]. With `lower`, only blocks with j <= i are computed. */
export function timesTranspose(
  X: Float64Array,
  Y: Float64Array,
  rows: number,
  columns: number,
  n: number,
  C: Float64Array,
  lower: boolean,
): void {
  for (let i = 0; i < rows; i += 4) {
    const end = lower ? Math.min(columns, i + 4) : columns;
    for (let j = 0; j < end; j += 4) {
      if (i + 4 <= rows && j + 4 <= columns) block(X, Y, i, j, n, columns, C);
      else edge(X, Y, i, Math.min(rows, i + 4), j, Math.min(columns, j + 4), n, columns, C);
    }
  }
}

function block(X: Float64Array, Y: Float64Array, i: number, j: number, n: number, columns: number, C: Float64Array): void {
  let [c00, c01, c02, c03, c10, c11, c12, c13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [c20, c21, c22, c23, c30, c31, c32, c33] = [0, 0, 0, 0, 0, 0, 0, 0];
  const x = i * n;
  const y = j * n;
  for (let k = 0; k < n; k++) {
    const y0 = Y[y + k]!;
    const y1 = Y[y + n + k]!;
    const y2 = Y[y + 2 * n + k]!;
    const y3 = Y[y + 3 * n + k]!;
    const x0 = X[x + k]!;
    c00 += x0 * y0;
    c01 += x0 * y1;
    c02 += x0 * y2;
    c03 += x0 * y3;
    const x1 = X[x + n + k]!;
    c10 += x1 * y0;
    c11 += x1 * y1;
    c12 += x1 * y2;
    c13 += x1 * y3;
    const x2 = X[x + 2 * n + k]!;
    c20 += x2 * y0;
    c21 += x2 * y1;
    c22 += x2 * y2;
    c23 += x2 * y3;
    const x3 = X[x + 3 * n + k]!;
    c30 += x3 * y0;
    c31 += x3 * y1;
    c32 += x3 * y2;
    c33 += x3 * y3;
  }
  const c = i * columns + j;
  C[c] = c00;
  C[c + 1] = c01;
  C[c + 2] = c02;
  C[c + 3] = c03;
  C[c + columns] = c10;
  C[c + columns + 1] = c11;
  C[c + columns + 2] = c12;
  C[c + columns + 3] = c13;
  C[c + 2 * columns] = c20;
  C[c + 2 * columns + 1] = c21;
  C[c + 2 * columns + 2] = c22;
  C[c + 2 * columns + 3] = c23;
  C[c + 3 * columns] = c30;
  C[c + 3 * columns + 1] = c31;
  C[c + 3 * columns + 2] = c32;
  C[c + 3 * columns + 3] = c33;
}

function edge(
  X: Float64Array,
  Y: Float64Array,
  i0: number,
  i1: number,
  j0: number,
  j1: number,
  n: number,
  columns: number,
  C: Float64Array,
): void {
  for (let i = i0; i < i1; i++) {
    for (let j = j0; j < j1; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += X[i * n + k]! * Y[j * n + k]!;
      C[i * columns + j] = sum;
    }
  }
}

/**
 * Factor the symmetric matrix whose lower triangle is in A [n, n] as L L^T, L replacing that triangle; false when A is not positive
 * definite. Left-looking by blocks of rows: (Golub, Van Loan, Matrix Computations, 4.2).
 */
export function cholesky(A: Float64Array, n: number): boolean {
  for (let j0 = 0; j0 < n; j0 += 4) {
    const j1 = Math.min(n, j0 + 4);
    for (let j = j0; j < j1; j++) {
      let pivot = A[j * n + j]!;
      for (let k = 0; k < j; k++) pivot -= A[j * n + k]! ** 2;
      if (!(pivot > 0)) return false;
      const root = Math.sqrt(pivot);
      A[j * n + j] = root;
      for (let i = j + 1; i < j1; i++) A[i * n + j] = (A[i * n + j]! - dot(A, i * n, j * n, j)) / root;
    }
    for (let i = j1; i < n; i += 4) {
      if (i + 4 <= n && j0 + 4 <= n) subtractBlock(A, i, j0, n);
      else for (let r = i; r < Math.min(n, i + 4); r++) for (let j = j0; j < j1; j++) A[r * n + j]! -= dot(A, r * n, j * n, j0);
      for (let r = i; r < Math.min(n, i + 4); r++) finishRow(A, r, j0, j1, n);
    }
  }
  return true;
}

function dot(A: Float64Array, a: number, b: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += A[a + k]! * A[b + k]!;
  return sum;
}

/** Forward substitution inside a block of columns that already has the earlier columns subtracted. */
function finishRow(A: Float64Array, r: number, j0: number, j1: number, n: number): void {
  for (let j = j0; j < j1; j++) {
    let value = A[r * n + j]!;
    for (let k = j0; k < j; k++) value -= A[r * n + k]! * A[j * n + k]!;
    A[r * n + j] = value / A[j * n + j]!;
  }
}

/** A[i..i+4, j..j+4] -= A[i..i+4, 0..j] A[j..j+4, 0..j]^T */
function subtractBlock(A: Float64Array, i: number, j: number, n: number): void {
  let [c00, c01, c02, c03, c10, c11, c12, c13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [c20, c21, c22, c23, c30, c31, c32, c33] = [0, 0, 0, 0, 0, 0, 0, 0];
  const x = i * n;
  const y = j * n;
  for (let k = 0; k < j; k++) {
    const y0 = A[y + k]!;
    const y1 = A[y + n + k]!;
    const y2 = A[y + 2 * n + k]!;
    const y3 = A[y + 3 * n + k]!;
    const x0 = A[x + k]!;
    c00 += x0 * y0;
    c01 += x0 * y1;
    c02 += x0 * y2;
    c03 += x0 * y3;
    const x1 = A[x + n + k]!;
    c10 += x1 * y0;
    c11 += x1 * y1;
    c12 += x1 * y2;
    c13 += x1 * y3;
    const x2 = A[x + 2 * n + k]!;
    c20 += x2 * y0;
    c21 += x2 * y1;
    c22 += x2 * y2;
    c23 += x2 * y3;
    const x3 = A[x + 3 * n + k]!;
    c30 += x3 * y0;
    c31 += x3 * y1;
    c32 += x3 * y2;
    c33 += x3 * y3;
  }
  const c = x + j;
  A[c]! -= c00;
  A[c + 1]! -= c01;
  A[c + 2]! -= c02;
  A[c + 3]! -= c03;
  A[c + n]! -= c10;
  A[c + n + 1]! -= c11;
  A[c + n + 2]! -= c12;
  A[c + n + 3]! -= c13;
  A[c + 2 * n]! -= c20;
  A[c + 2 * n + 1]! -= c21;
  A[c + 2 * n + 2]! -= c22;
  A[c + 2 * n + 3]! -= c23;
  A[c + 3 * n]! -= c30;
  A[c + 3 * n + 1]! -= c31;
  A[c + 3 * n + 2]! -= c32;
  A[c + 3 * n + 3]! -= c33;
}

/** Solve L L^T x = b in place, L in the lower triangle of A [n, n]. */
export function solveFactored(A: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let value = b[i]!;
    for (let k = 0; k < i; k++) value -= A[i * n + k]! * b[k]!;
    b[i] = value / A[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = b[i]! / A[i * n + i]!;
    b[i] = value;
    for (let k = 0; k < i; k++) b[k]! -= A[i * n + k]! * value;
  }
}
