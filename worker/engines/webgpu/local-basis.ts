/**
 * The first layer of the network by few functions of time. On a tile, that is a short stretch of it, sines and cosines of all frequencies are
 * combinations of far fewer functions u_i, to less than float32 can tell: of 64 features 2 x 14 are left on 12.5 ms with frequencies up to
 * 0.5 kHz. So a tile's arguments are  z = sum of u_i(t) c_i  and  dz = sum of u_i'(t) c_i, with coefficients c = K W of the layer's weights that
 * are computed once in a step; and W's gradient is K^T times that of the coefficients.
 *
 * u and K are the factors Q and R of the features on the tile's points, values above time derivatives, by QR with column pivoting (Golub and
 * Van Loan, Matrix Computations, 4th ed., 5.4.2), cut off where pivots have become small. On an even grid every tile has the same u, and the two
 * points of a pair (tiling.ts) lie at -t and t from its middle: what is even and what is odd are factorised apart, which halves the products.
 */
import type { Member } from '../engine.ts';
import { paddedIndices, pairOfPoint, type Tiling } from './tiling.ts';

/** Pivots below this part of the first one are cut off. */
const SMALLEST = 1e-8;
/** Of the window: by how much an even grid's steps may differ. */
const EVEN = 1e-13;

export interface LocalBasis {
  /** Whether the points of a pair are mirror images: an index i then stands for an even function and an odd one. */
  readonly mirrored: boolean;
  /** Indices, a multiple of what the kernel takes at a time; those beyond the functions are zero. */
  readonly rank: number;
  /**
   * u, [tiles, or 1 if mirrored][rank][pairs] of four: value and derivative (per ms) of the even function at the pair's later point, then those of
   * the odd one; or those of the one function at the earlier point, then at the later.
   */
  readonly functions: Float32Array<ArrayBuffer>;
  /** K, [tiles][rank][2][2 frequencies], by sine and cosine of each frequency: for the even and the odd function; or for the one function, twice. */
  readonly factors: Float32Array<ArrayBuffer>;
}

/** The basis of a member's first layer on the tiles of a tiling. */
export function localBasis(t: Tiling, { grid, frequencies }: Pick<Member, 'grid' | 'frequencies'>): LocalBasis {
  const omega = Float64Array.from(frequencies, (frequency) => 2 * Math.PI * frequency);
  const stepMs = evenStepMs(grid);
  return stepMs === null ? tileByTile(t, omega, grid) : mirrored(t, omega, stepMs, grid.at(-1)! / 2);
}

/** The step of a grid whose steps are all equal; null for an uneven one. */
function evenStepMs(grid: Float64Array): number | null {
  const last = grid.length - 1;
  if (last < 1) return null;
  const step = grid[last]! / last;
  return grid.every((time, p) => Math.abs(time - p * step) <= EVEN * grid[last]!) ? step : null;
}

function mirrored(t: Tiling, omega: Float64Array, stepMs: number, centreMs: number): LocalBasis {
  const { block, pairs, tiles, frequencies } = t;
  const times = Float64Array.from({ length: pairs }, (_, g) => (pairs - 0.5 - g) * stepMs);
  const parts = [factorise(omega, times, ['cosine']), factorise(omega, times, ['sine'])];
  const rank = paddedIndices(block, Math.max(...parts.map(({ length }) => length)));
  const functions = new Float32Array(4 * rank * pairs);
  const factors = new Float32Array(4 * tiles * rank * frequencies);
  parts.forEach((part, odd) =>
    part.forEach(({ values }, i) => {
      for (let g = 0; g < pairs; g++) functions.set([values[g]!, values[pairs + g]!], 4 * (i * pairs + g) + 2 * odd);
    }),
  );
  for (let tile = 0; tile < tiles; tile++) {
    const turn = turnTo(omega, ((2 * tile + 1) * pairs - 0.5) * stepMs - centreMs);
    parts.forEach((part, odd) =>
      part.forEach(({ weights }, i) => {
        const row = factors.subarray(2 * frequencies * (2 * (tile * rank + i) + odd));
        for (let k = 0; k < omega.length; k++) setTurned(row, turn, k, odd === 1 ? weights[k]! : 0, odd === 1 ? 0 : weights[k]!);
      }),
    );
  }
  return { mirrored: true, rank, functions, factors };
}

function tileByTile(t: Tiling, omega: Float64Array, grid: Float64Array): LocalBasis {
  const { block, pairs, tiles, frequencies } = t;
  const parts: { readonly times: Float64Array; readonly middleMs: number; readonly part: readonly Factor[] }[] = [];
  for (let first = 0; first < grid.length; first += 2 * pairs) {
    const own = grid.subarray(first, first + 2 * pairs);
    const middleMs = (own[0]! + own.at(-1)!) / 2;
    const times = own.map((time) => time - middleMs);
    // tiles of a grid with few gaps are nearly all alike
    const alike = parts.find((other) => alikeTimes(other.times, times, EVEN * grid.at(-1)!));
    parts.push({ times, middleMs: middleMs - grid.at(-1)! / 2, part: alike?.part ?? factorise(omega, times, ['sine', 'cosine']) });
  }
  const rank = paddedIndices(block, Math.max(...parts.map(({ part }) => part.length)));
  const functions = new Float32Array(4 * tiles * rank * pairs);
  const factors = new Float32Array(4 * tiles * rank * frequencies);
  parts.forEach(({ times: { length: count }, middleMs, part }, tile) => {
    const turn = turnTo(omega, middleMs);
    part.forEach(({ values, weights }, i) => {
      const at = tile * rank + i;
      for (let p = 0; p < count; p++) {
        const { pair, second } = pairOfPoint(t, p);
        functions.set([values[p]!, values[count + p]!], 4 * (at * pairs + pair) + 2 * second);
      }
      for (const twin of [0, 1]) {
        const row = factors.subarray(2 * frequencies * (2 * at + twin));
        for (let k = 0; k < omega.length; k++) setTurned(row, turn, k, weights[2 * k]!, weights[2 * k + 1]!);
      }
    });
  });
  return { mirrored: false, rank, functions, factors };
}

function alikeTimes(a: Float64Array, b: Float64Array, tolerance: number): boolean {
  return a.length === b.length && a.every((time, p) => Math.abs(time - b[p]!) <= tolerance);
}

/** Sine and cosine of each phase in the middle of a tile. */
function turnTo(omega: Float64Array, middleMs: number): Float64Array {
  return Float64Array.from({ length: 2 * omega.length }, (_, n) => (n % 2 === 0 ? Math.sin : Math.cos)(omega[n >> 1]! * middleMs));
}

/**
 * Frequency k of a row of K from a function's weights in sin w t and cos w t, where t is from the tile's middle m:
 * sin w (m + t) = sin w m cos w t + cos w m sin w t.
 */
function setTurned(row: Float32Array, turn: Float64Array, k: number, ofSine: number, ofCosine: number): void {
  const [sin, cos] = [turn[2 * k]!, turn[2 * k + 1]!];
  row[2 * k] = ofSine * cos + ofCosine * sin;
  row[2 * k + 1] = ofCosine * cos - ofSine * sin;
}

type Wave = 'sine' | 'cosine';

/** A function of the basis, and its weight in each wave. */
interface Factor {
  /** At the times, then its derivatives, [2 times] */
  readonly values: Float64Array;
  /** [frequencies][kinds] */
  readonly weights: readonly number[];
}

/** Waves at the times, values above derivatives, as a sum over functions. What a column has left of the functions found is what stays in it. */
function factorise(omega: Float64Array, times: Float64Array, kinds: readonly Wave[]): Factor[] {
  // values and derivatives count alike
  const scale = 1 / Math.max(Number.MIN_VALUE, Math.hypot(...omega) / Math.sqrt(omega.length));
  const columns = Array.from(omega, (w) => kinds.map((wave) => waveColumn(wave, w, times, scale))).flat();
  const factors: Factor[] = [];
  const squares = Float64Array.from(columns, squareOf);
  const smallest = SMALLEST ** 2 * Math.max(...squares);
  while (factors.length < Math.min(columns.length, 2 * times.length)) {
    const square = Math.max(...squares);
    if (!(square > smallest)) break;
    const size = Math.sqrt(square);
    const values = columns[squares.indexOf(square)]!.map((value) => value / size);
    // what is left of a column below the limit is nothing
    const weights = columns.map((column, j) => (squares[j]! > smallest ? takeOut(values, column, squares, j) : 0));
    factors.push({ values, weights });
  }
  for (const { values } of factors) for (let p = times.length; p < values.length; p++) values[p]! /= scale;
  return factors;
}

function waveColumn(wave: Wave, omega: number, times: Float64Array, scale: number): Float64Array {
  const count = times.length;
  const column = new Float64Array(2 * count);
  for (let p = 0; p < count; p++) {
    const [sin, cos] = [Math.sin(omega * times[p]!), Math.cos(omega * times[p]!)];
    column[p] = wave === 'sine' ? sin : cos;
    column[count + p] = scale * omega * (wave === 'sine' ? cos : -sin);
  }
  return column;
}

function squareOf(column: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < column.length; p++) sum += column[p]! ** 2;
  return sum;
}

/** The part of column j along a unit vector, which is taken out of the column; `squares` gets what is left of its own. */
function takeOut(unit: Float64Array, column: Float64Array, squares: Float64Array, j: number): number {
  let weight = 0;
  for (let p = 0; p < unit.length; p++) weight += unit[p]! * column[p]!;
  let square = 0;
  for (let p = 0; p < unit.length; p++) {
    const left = column[p]! - weight * unit[p]!;
    column[p] = left;
    square += left * left;
  }
  squares[j] = square;
  return weight;
}
