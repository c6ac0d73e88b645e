/** One update of each weighting scheme against its formula, its bounds, and what it leaves alone. */
import { describe, expect, test } from 'vitest';
import { balanceGradients, growMultipliers, unitMultipliers } from '../../../worker/engines/weighting.ts';

describe('by gradient norm', () => {
  test('a physics term goes a tenth of the way to largest over mean', () => {
    const multipliers = unitMultipliers();
    const gradients = { data: Float64Array.of(-6, 2), current: Float64Array.of(1, -3), gates: Float64Array.of(0, 0.5) };
    balanceGradients(multipliers, gradients);
    expect([...multipliers]).toEqual([1, expect.closeTo(0.9 + 0.1 * (6 / 2), 12), expect.closeTo(0.9 + 0.1 * (6 / 0.25), 12)]);
    balanceGradients(multipliers, gradients);
    expect(multipliers[1]).toBeCloseTo(0.9 * 1.2 + 0.3, 12);
  });

  test('a term without rows or without gradient keeps its multiplier', () => {
    const multipliers = unitMultipliers();
    balanceGradients(multipliers, { data: Float64Array.of(1, 1), current: Float64Array.of(0, 0), gates: null });
    expect([...multipliers]).toEqual([1, 1, 1]);
  });

  test('multipliers stay from 1e-4 to 1e4', () => {
    const multipliers = unitMultipliers();
    for (let k = 0; k < 200; k++)
      balanceGradients(multipliers, { data: Float64Array.of(1), current: Float64Array.of(1e-9), gates: Float64Array.of(1e9) });
    expect([...multipliers]).toEqual([1, 1e4, 1e-4]);
  });
});

describe('self-adaptive', () => {
  test('grows with the term, and all that count add up to their number', () => {
    const multipliers = unitMultipliers();
    growMultipliers(multipliers, { data: 1, current: 3, gates: 0 }, 3);
    const grown = [Math.exp(0.005), Math.exp(0.0075), 1];
    const sum = grown[0]! + grown[1]! + grown[2]!;
    for (const [i, value] of grown.entries()) expect(multipliers[i]).toBeCloseTo((3 * value) / sum, 14);
  });

  test('leaves a term that does not count at 1', () => {
    const multipliers = unitMultipliers();
    growMultipliers(multipliers, { data: 0, current: 1e9, gates: 0 }, 2);
    expect(multipliers[2]).toBe(1);
    expect(multipliers[0]! + multipliers[1]!).toBeCloseTo(2, 14);
    expect(multipliers[1]).toBeGreaterThan(multipliers[0]!);
  });
});
