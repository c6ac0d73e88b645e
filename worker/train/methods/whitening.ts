/** Weights of generalised least squares: rows with a band covariance become white rows. */

/** Share of the mean variance that every row has for itself. */
const WHITE = 0.1;

interface Covariance {
  readonly functions: number;
  readonly bandwidth: number;
  /** for noise of variance 1; [functions, bandwidth + 1], row f with f + k */
  readonly covariance: Float64Array;
}

export interface Whitening {
  /** Rows in units of their noise, whose standard deviation in the data is `sigma`. */
  whitened(rows: Float64Array, sigma: number): Float64Array;
}

/** Without a covariance rows stay as they are. */
export function openWhitening(known?: Covariance): Whitening {
  if (known === undefined) return { whitened: (rows) => rows };
  const { functions: n, bandwidth: w } = known;
  const L = factored(known);
  return {
    whitened: (rows, sigma) => {
      const x = rows.slice();
      for (let i = 0; i < n; i++) {
        for (let k = Math.max(0, i - w); k < i; k++) x[i]! -= L[k * (w + 1) + i - k]! * x[k]!;
        x[i]! /= L[i * (w + 1)]!;
      }
      return x.map((value) => value / sigma);
    },
  };
}

/** L of L L^T, column by column: [k, i - k] = L[i][k]. */
function factored({ functions: n, bandwidth: w, covariance }: Covariance): Float64Array {
  const L = covariance.map((value) => (1 - WHITE) * value);
  let mean = 0;
  for (let i = 0; i < n; i++) mean += covariance[i * (w + 1)]! / n;
  for (let i = 0; i < n; i++) L[i * (w + 1)]! += WHITE * mean;
  for (let k = 0; k < n; k++) {
    const root = Math.sqrt(L[k * (w + 1)]!);
    const last = Math.min(w, n - 1 - k);
    for (let a = 0; a <= last; a++) L[k * (w + 1) + a]! /= root;
    for (let a = 1; a <= last; a++)
      for (let b = a; b <= last; b++) L[(k + a) * (w + 1) + b - a]! -= L[k * (w + 1) + a]! * L[k * (w + 1) + b]!;
  }
  return L;
}
