/**
 * The first layer of the network by few functions of time. On a tile, that is a short stretch of it, a few sines and cosines u_i of the time
 * from its middle give those of all frequencies (chosen-waves.ts): of 64 features 2 x 14 are left on 12.5 ms with frequencies up to 0.5 kHz. So a tile's
 * arguments are  z = sum of u_i(t) c_i  and  dz = sum of u_i'(t) c_i, with coefficients c = K W of the layer's weights that are computed once in a
 * step; and W's gradient is K^T times that of the coefficients. Tiles differ in K by the phases of their middles.
 *
 * On an even grid every tile has the same u, and the two points of a pair (tiling.ts) lie at -t and t from the middle: a cosine and a sine share
 * an index, which halves the products.
 */
import type { Member } from '../engine.ts';
import { chosenWaves, EVEN, putWave, type Wave } from './chosen-waves.ts';
import { paddedIndices, pairOfPoint, type Tiling } from './tiling.ts';

/** Of the window: by how much an even grid's steps may differ. */
const EVENNESS = 1e-13;

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
  const centreMs = grid.at(-1)! / 2;
  const stepMs = evenStepMs(grid);
  if (stepMs !== null) return mirrored(t, omega, stepMs, centreMs);
  const times = grid.map((time) => time - centreMs);
  return pointByPoint(t, omega, times);
}

/** The step of a grid whose steps are all equal; null for an uneven one. */
function evenStepMs(grid: Float64Array): number | null {
  const last = grid.length - 1;
  if (last < 1) return null;
  const step = grid[last]! / last;
  return grid.every((time, p) => Math.abs(time - p * step) <= EVENNESS * grid[last]!) ? step : null;
}

function mirrored(t: Tiling, omega: Float64Array, stepMs: number, centreMs: number): LocalBasis {
  const { pairs, tiles } = t;
  const parts = chosenWaves(omega, (pairs - 0.5) * stepMs);
  const rank = paddedIndices(t.block, Math.max(...parts.map(({ length }) => length)));
  const functions = new Float32Array(4 * rank * pairs);
  for (const part of parts)
    part.forEach((wave, i) => {
      for (let g = 0; g < pairs; g++) putWave(wave, (pairs - 0.5 - g) * stepMs, functions, 4 * (i * pairs + g) + 2 * wave.parity);
    });
  const middles = Array.from({ length: tiles }, (_, tile) => ((2 * tile + 1) * pairs - 0.5) * stepMs - centreMs);
  const rows = Array.from({ length: rank }, (_, i) => parts.map((part) => part[i])).flat();
  return { mirrored: true, rank, functions, factors: factorsOf(t, omega, middles, rows) };
}

function pointByPoint(t: Tiling, omega: Float64Array, times: Float64Array): LocalBasis {
  const { pairs, tiles } = t;
  const points = 2 * pairs;
  const middles: number[] = [];
  for (let first = 0; first < times.length; first += points)
    middles.push((times[first]! + times[Math.min(first + points, times.length) - 1]!) / 2);
  const waves = chosenWaves(omega, Math.max(...middles.map((middle, tile) => middle - times[tile * points]!))).flat();
  const rank = paddedIndices(t.block, waves.length);
  const functions = new Float32Array(4 * tiles * rank * pairs);
  times.forEach((time, p) => {
    const tile = Math.floor(p / points);
    const { pair, second } = pairOfPoint(t, p % points);
    waves.forEach((wave, i) => putWave(wave, time - middles[tile]!, functions, 4 * ((tile * rank + i) * pairs + pair) + 2 * second));
  });
  const rows = Array.from({ length: 2 * rank }, (_, row) => waves[row >> 1]);
  return { mirrored: false, rank, functions, factors: factorsOf(t, omega, middles, rows) };
}

/** K by the tiles' middles, from the grid's own, and the wave that each of a tile's rows is for, if any. */
function factorsOf(
  t: Tiling,
  omega: Float64Array,
  middles: readonly number[],
  rows: readonly (Wave | undefined)[],
): Float32Array<ArrayBuffer> {
  const width = 2 * t.frequencies;
  const factors = new Float32Array(t.tiles * rows.length * width);
  middles.forEach((middle, tile) => {
    const [sin, cos] = [omega.map((own) => Math.sin(own * middle)), omega.map((own) => Math.cos(own * middle))];
    rows.forEach((wave, r) => {
      if (wave === undefined) return;
      const { parity, weights } = wave;
      const row = factors.subarray((tile * rows.length + r) * width);
      // sin w (m + t) = sin w m cos w t + cos w m sin w t, and so on
      for (let k = 0; k < omega.length; k++) {
        row[2 * k] = weights[k]! * (parity === EVEN ? sin[k]! : cos[k]!);
        row[2 * k + 1] = weights[k]! * (parity === EVEN ? cos[k]! : -sin[k]!);
      }
    });
  });
  return factors;
}
