/** Collocation times: where they are, and that they are denser where the data change. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collocationGrid, currentOnGrid } from '../../../worker/train/collocation.ts';

const ONE = Int32Array.of(0);

/** A step of 80 mV in the middle, and one noisy sample. */
const STEP = Float64Array.from({ length: 21 }, (_, i) => (i === 4 ? -50 : i < 10 ? -70 : 10));

describe('a uniform grid', () => {
  test('divides every gap alike', () => {
    const { grid, sampleAt } = collocationGrid({ voltageMv: Float64Array.of(0, 1, 5), sampleMs: 0.2, segments: ONE }, 2, 'uniform');
    expect([...grid]).toEqual([0, 0.1, 0.2, 0.3, 0.4].map((t) => expect.closeTo(t, 14) as number));
    expect([...sampleAt]).toEqual([0, 2, 4]);
  });
});

describe('several segments', () => {
  const sampling = { voltageMv: Float64Array.of(0, 1, 2, 50, 51), sampleMs: 0.5, segments: Int32Array.of(0, 3) };

  test('lie one behind the other, with a gap and no point in it', () => {
    const { grid, sampleAt } = collocationGrid(sampling, 2, 'uniform', 4);
    expect([...grid]).toEqual([0, 0.25, 0.5, 0.75, 1, 5, 5.25, 5.5]);
    expect([...sampleAt]).toEqual([0, 2, 4, 5, 7]);
  });

  test('the jump from one to the next draws no points', () => {
    const { sampleAt } = collocationGrid(sampling, 5, 'data-slope', 4);
    expect([...sampleAt]).toEqual([0, 5, 10, 11, 16]);
  });

  test('the current belongs to its own segment', () => {
    const grid = collocationGrid(sampling, 2, 'uniform', 4);
    expect([...currentOnGrid(Float64Array.of(0, 2, 4, 100, 102), grid)]).toEqual([0, 1, 2, 3, 4, 100, 101, 102]);
  });
});

describe('a grid by the slope of the data', () => {
  const { grid, sampleAt } = collocationGrid({ voltageMv: STEP, sampleMs: 0.1, segments: ONE }, 4, 'data-slope');
  const perGap = Array.from({ length: 20 }, (_, i) => sampleAt[i + 1]! - sampleAt[i]!);

  test('has most points at the step, and no more at a single noisy sample than elsewhere', () => {
    // 60 points between samples: the step's weight is 84 of 160, which is 31.5 of them; 4 for each of the other gaps, which is 1.5
    expect(perGap[9]).toBeGreaterThanOrEqual(32);
    expect(new Set(perGap.toSpliced(9, 1))).toEqual(new Set([2, 3]));
  });

  test('is that of uniform points where V is constant', () => {
    const flat = { voltageMv: new Float64Array(6).fill(-65), sampleMs: 0.1, segments: ONE };
    expect(collocationGrid(flat, 3, 'data-slope')).toEqual(collocationGrid(flat, 3, 'uniform'));
  });

  test('with one point per sample is that of the samples', () => {
    expect(collocationGrid({ voltageMv: STEP, sampleMs: 0.1, segments: ONE }, 1, 'data-slope').sampleAt).toEqual(
      Int32Array.from(STEP.keys()),
    );
  });

  test('holds every sample at its time, ascending, and as many points as a uniform one', () => {
    expect(grid).toHaveLength(81);
    for (let p = 1; p < grid.length; p++) expect(grid[p]!).toBeGreaterThan(grid[p - 1]!);
    for (const [i, p] of sampleAt.entries()) expect(grid[p]).toBeCloseTo(0.1 * i, 13);
  });

  test('does so for any data', () => {
    const voltages = fc.array(fc.double({ min: -100, max: 60, noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(voltages, fc.integer({ min: 1, max: 8 }), (voltage, perSample) => {
        const own = collocationGrid({ voltageMv: Float64Array.from(voltage), sampleMs: 0.1, segments: ONE }, perSample, 'data-slope');
        expect(own.grid).toHaveLength((voltage.length - 1) * perSample + 1);
        expect(own.sampleAt.at(-1)).toBe(own.grid.length - 1);
        for (let p = 1; p < own.grid.length; p++) expect(own.grid[p]!).toBeGreaterThan(own.grid[p - 1]!);
        for (let i = 1; i < own.sampleAt.length; i++) expect(own.sampleAt[i]!).toBeGreaterThan(own.sampleAt[i - 1]!);
      }),
    );
  });
});

test('the current is linear between samples on any grid', () => {
  for (const density of ['uniform', 'data-slope'] as const) {
    const collocation = collocationGrid({ voltageMv: STEP, sampleMs: 0.1, segments: ONE }, 3, density);
    const current = Float64Array.from(STEP, (_, i) => 2 * i - 7);
    const values = currentOnGrid(current, collocation);
    for (const [p, value] of values.entries()) expect(value).toBeCloseTo(20 * collocation.grid[p]! - 7, 10);
  }
});
