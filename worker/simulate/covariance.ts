/**
 * From a Jacobian to what it says of its unknowns: J^T J and its inverse, with Infinity where the rows say nothing.
 */
import { symmetricEigen } from './symmetric-eigen.ts';
import type { SymmetricEigen } from './symmetric-eigen.ts';

/**
 * Eigenvalues of J^T J, scaled to a diagonal of 1, below this are rounding: the direction is not identifiable. An exact degeneracy
 * (conductances, capacitance and EL under constant current) comes out at 3e-16; the weakest direction that is identifiable (three
 * conductances, three reversal potentials, four initial values) at 4e-6.
 */
const SINGULAR = 1e-10;

/** Parts of such a direction below this are rounding too: they come out at 4e-12, real ones at 0.06 and more. */
const SINGULAR_PART = 1e-4;

/** J^T J of a Jacobian that is stored column by column (unknowns x rows); shape n x n, row-major. */
export function normalMatrix(columns: Float64Array, n: number): Float64Array {
  const rows = columns.length / n;
  const A = new Float64Array(n * n);
  for (let p = 0; p < n; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += columns[p * rows + i]! * columns[q * rows + i]!;
      A[p * n + q] = sum;
      A[q * n + p] = sum;
    }
  }
  return A;
}

/** The inverse, by the eigenvectors of F scaled to a diagonal of 1; variance is Infinity along directions without information. */
export function covarianceOf(F: Float64Array, n: number): Float64Array {
  const scale = Array.from({ length: n }, (_, k) => 1 / Math.sqrt(F[k * n + k]!));
  if (scale.some((s) => !Number.isFinite(s))) return uninformed(F, n);
  const eigen = symmetricEigen(
    F.map((value, at) => value * scale[Math.floor(at / n)]! * scale[at % n]!),
    n,
  );
  return F.map((_, at) => {
    const p = Math.floor(at / n);
    const q = at % n;
    return scale[p]! * scale[q]! * inverseEntry(eigen, n, p, q);
  });
}

function inverseEntry({ values, vectors }: SymmetricEigen, n: number, p: number, q: number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const [a, b] = [vectors[k * n + p]!, vectors[k * n + q]!];
    if (values[k]! > SINGULAR) sum += (a * b) / values[k]!;
    else if (p === q && Math.abs(a) > SINGULAR_PART) return Infinity;
  }
  return sum;
}

/** Some unknown does not move V at all: it is Infinity, the others are bounded without it. */
function uninformed(F: Float64Array, n: number): Float64Array {
  const seen = Array.from({ length: n }, (_, k) => k).filter((k) => F[k * n + k]! > 0);
  const reduced = Float64Array.from(seen.flatMap((p) => seen.map((q) => F[p * n + q]!)));
  const inner = covarianceOf(reduced, seen.length);
  const C = new Float64Array(n * n);
  for (let k = 0; k < n; k++) C[k * n + k] = Infinity;
  seen.forEach((p, a) => seen.forEach((q, b) => (C[p * n + q] = inner[a * seen.length + b]!)));
  return C;
}
