/**
 * The dense linear algebra of Levenberg-Marquardt in float64: products with a transposed factor and a Cholesky factorisation, in
 * register blocks of 4 x 4 so that each number loaded serves four products. Matrices are row by row.
 *
 * Own code because the libraries at hand store rows as separate arrays and do not block: ml-matrix multiplies at a third of this speed.
 */

/** C[i, j] = X[i, :] . Y[j, :] for X [rows, n], Y [columns, n]. With `lower`, only blocks with j <= i are computed. */
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

/** Columns that are factored at a time: a panel of a thousand rows then stays in the second-level cache. */
const PANEL = 32;

/**
 * Factor the symmetric matrix whose lower triangle is in A [n, n] as L L^T, L replacing that triangle; false when A is not positive
 * definite. Right-looking by panels (Golub, Van Loan, Matrix Computations, 4.2.9): factor a panel of columns, then subtract its products
 * from what is right of it.
 */
export function cholesky(A: Float64Array, n: number): boolean {
  const panel = new Float64Array(n * PANEL);
  for (let k = 0; k < n; k += PANEL) {
    const width = Math.min(PANEL, n - k);
    const rows = n - k;
    for (let r = 0; r < rows; r++) for (let c = 0; c < width; c++) panel[r * width + c] = c <= r ? A[(k + r) * n + k + c]! : 0;
    if (!factorPanel(panel, rows, width)) return false;
    for (let r = 0; r < rows; r++) for (let c = 0; c < width && c <= r; c++) A[(k + r) * n + k + c] = panel[r * width + c]!;
    subtractProducts(panel, rows, width, A, k, n);
  }
  return true;
}

/** Factor panel [rows, width], whose first `width` rows are the diagonal block, column by column. */
function factorPanel(panel: Float64Array, rows: number, width: number): boolean {
  for (let c = 0; c < width; c++) {
    const pivot = panel[c * width + c]! - dot(panel, c * width, c * width, c);
    if (!(pivot > 0)) return false;
    const root = Math.sqrt(pivot);
    panel[c * width + c] = root;
    for (let r = c + 1; r < rows; r++) panel[r * width + c] = (panel[r * width + c]! - dot(panel, r * width, c * width, c)) / root;
  }
  return true;
}

function dot(A: Float64Array, a: number, b: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += A[a + k]! * A[b + k]!;
  return sum;
}

/** A[k + r, k + s] -= panel[r] . panel[s] for width <= s <= r. */
function subtractProducts(panel: Float64Array, rows: number, width: number, A: Float64Array, k: number, n: number): void {
  for (let r = width; r < rows; r += 4) {
    for (let s = width; s <= r; s += 4) {
      const at = (k + r) * n + k + s;
      if (r + 4 <= rows) subtractBlock(panel, r, s, width, A, at, n);
      else
        for (let i = r; i < rows; i++)
          for (let j = s; j < s + 4 && j <= i; j++) A[(k + i) * n + k + j]! -= dot(panel, i * width, j * width, width);
    }
  }
}

/**
 * A[at..] (4 x 4, rows n apart) -= panel[r..r+4] panel[s..s+4]^T. The products of `block`, written out again: one kernel for both, which
 * hands its 16 sums over in an array, takes up to 1.8 times as long for `block` and up to 1.25 times for the factorisation (n = 800, 32 terms).
 */
function subtractBlock(panel: Float64Array, r: number, s: number, width: number, A: Float64Array, at: number, n: number): void {
  let [c00, c01, c02, c03, c10, c11, c12, c13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [c20, c21, c22, c23, c30, c31, c32, c33] = [0, 0, 0, 0, 0, 0, 0, 0];
  const x = r * width;
  const y = s * width;
  for (let k = 0; k < width; k++) {
    const y0 = panel[y + k]!;
    const y1 = panel[y + width + k]!;
    const y2 = panel[y + 2 * width + k]!;
    const y3 = panel[y + 3 * width + k]!;
    const x0 = panel[x + k]!;
    c00 += x0 * y0;
    c01 += x0 * y1;
    c02 += x0 * y2;
    c03 += x0 * y3;
    const x1 = panel[x + width + k]!;
    c10 += x1 * y0;
    c11 += x1 * y1;
    c12 += x1 * y2;
    c13 += x1 * y3;
    const x2 = panel[x + 2 * width + k]!;
    c20 += x2 * y0;
    c21 += x2 * y1;
    c22 += x2 * y2;
    c23 += x2 * y3;
    const x3 = panel[x + 3 * width + k]!;
    c30 += x3 * y0;
    c31 += x3 * y1;
    c32 += x3 * y2;
    c33 += x3 * y3;
  }
  A[at]! -= c00;
  A[at + 1]! -= c01;
  A[at + 2]! -= c02;
  A[at + 3]! -= c03;
  A[at + n]! -= c10;
  A[at + n + 1]! -= c11;
  A[at + n + 2]! -= c12;
  A[at + n + 3]! -= c13;
  A[at + 2 * n]! -= c20;
  A[at + 2 * n + 1]! -= c21;
  A[at + 2 * n + 2]! -= c22;
  A[at + 2 * n + 3]! -= c23;
  A[at + 3 * n]! -= c30;
  A[at + 3 * n + 1]! -= c31;
  A[at + 3 * n + 2]! -= c32;
  A[at + 3 * n + 3]! -= c33;
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
