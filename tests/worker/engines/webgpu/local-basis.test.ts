/** The first layer's basis on a tile against the sines and cosines that it stands for. */
import { describe, expect, test } from 'vitest';
import { localBasis } from '../../../../worker/engines/webgpu/local-basis.ts';
import { GPU_BLOCK, pairOfPoint, SOFTWARE_BLOCK, tilingOf, type Block, type Tiling } from '../../../../worker/engines/webgpu/tiling.ts';
import { shareBasis } from '../../../../worker/engines/webgpu/tables.ts';
import { memberOf, shapeOf } from '../../../helpers/engine-cohorts.ts';

const harmonics = (count: number, bandwidthKhz: number): Float64Array =>
  Float64Array.from({ length: count }, (_, k) => ((k + 1) * bandwidthKhz) / count);
const evenGrid = (points: number, windowMs: number): Float64Array =>
  Float64Array.from({ length: points }, (_, p) => (p * windowMs) / (points - 1));
/** Two windows with a gap between them. */
const gapped = (points: number): Float64Array => Float64Array.from({ length: points }, (_, p) => 0.1 * p + (p < points / 2 ? 0 : 3.7));
/** Frequencies that no formula ties together. */
const scattered = Float64Array.from({ length: 21 }, (_, k) => 0.5 * ((k * 0.6180339887) % 1));

function tiling(points: number, features: number, block: Block = GPU_BLOCK): Tiling {
  const shape = shapeOf('hodgkin-huxley', { samples: points, features, width: 32 });
  return tilingOf(shape, { workgroupStorage: 48 * 1024, invocations: 1024, subgroup: 32, block });
}

/** Largest errors of values, and of derivatives by the largest angular frequency. */
function errors(t: Tiling, grid: Float64Array, frequencies: Float64Array): { value: number; rate: number; rank: number } {
  const { mirrored, rank, functions, factors } = localBasis(t, { grid, frequencies });
  const centreMs = grid.at(-1)! / 2;
  const fastest = 2 * Math.PI * Math.max(...frequencies);
  let [value, rate] = [0, 0];
  grid.forEach((time, p) => {
    const tile = Math.floor(p / (2 * t.pairs));
    const { pair, second } = pairOfPoint(t, p - 2 * tile * t.pairs);
    frequencies.forEach((frequency, k) => {
      const omega = 2 * Math.PI * frequency;
      const phase = omega * (time - centreMs);
      const exact = [Math.sin(phase), Math.cos(phase), omega * Math.cos(phase), -omega * Math.sin(phase)];
      const sums = [0, 0, 0, 0];
      for (let i = 0; i < rank; i++) {
        const u = functions.subarray(4 * (((mirrored ? 0 : tile) * rank + i) * t.pairs + pair));
        const sign = second === 1 ? 1 : -1;
        for (const wave of [0, 1]) {
          const K = (part: number): number => factors[2 * t.frequencies * (2 * (tile * rank + i) + part) + 2 * k + wave]!;
          sums[wave]! += mirrored ? u[0]! * K(0) + sign * u[2]! * K(1) : u[2 * second]! * K(second);
          sums[2 + wave]! += mirrored ? sign * u[1]! * K(0) + u[3]! * K(1) : u[2 * second + 1]! * K(second);
        }
      }
      for (const wave of [0, 1]) {
        value = Math.max(value, Math.abs(sums[wave]! - exact[wave]!));
        rate = Math.max(rate, Math.abs(sums[2 + wave]! - exact[2 + wave]!) / fastest);
      }
    });
  });
  return { value, rate, rank };
}

describe("the first layer's basis", () => {
  test.each([
    ['even', evenGrid(512, 50), harmonics(32, 0.5)],
    ['even, its last tile not full', evenGrid(333, 31), harmonics(32, 0.5)],
    ['even, frequencies without a common divisor', evenGrid(512, 50), scattered],
    ['even, one tile', evenGrid(40, 20), harmonics(24, 1)],
    ['even, a wide band', evenGrid(200, 50), harmonics(64, 2)],
    ['two points', evenGrid(2, 0.1), harmonics(4, 0.5)],
    ['one frequency', evenGrid(101, 25), harmonics(1, 0.04)],
    ['uneven', gapped(512), harmonics(32, 0.5)],
    ['uneven, its last tile not full', gapped(333), scattered],
    ['more tiles than points fill', gapped(7), harmonics(8, 0.5)],
  ])('gives every sine, cosine and derivative to what float32 can tell: %s', (_, grid, frequencies) => {
    for (const block of [GPU_BLOCK, SOFTWARE_BLOCK]) {
      const { value, rate } = errors(tiling(grid.length, frequencies.length, block), grid, frequencies);
      expect(value).toBeLessThan(6e-7);
      expect(rate).toBeLessThan(6e-7);
    }
  });

  test('has far fewer functions than there are waves on a tile that is short for them', () => {
    const frequencies = harmonics(32, 0.5);
    const even = tiling(512, 32);
    expect([2 * even.pairs, errors(even, evenGrid(512, 50), frequencies).rank]).toEqual([128, 16]);
    expect(errors(even, gapped(512), frequencies).rank).toBeLessThanOrEqual(32);
    expect(errors(tiling(512, 32, SOFTWARE_BLOCK), evenGrid(512, 50), frequencies).rank).toBeLessThan(16);
  });

  test('is that of the replica before wherever times and frequencies are the same, whoever made them', () => {
    const [one, same, other] = [1, 1, 2].map((seed) => memberOf(shapeOf('hodgkin-huxley'), seed));
    expect(shareBasis(one!, same!)).toBe(true);
    expect(shareBasis(one!, { ...same!, grid: other!.grid })).toBe(false);
    expect(shareBasis(one!, { ...same!, frequencies: other!.frequencies })).toBe(false);
  });
});
