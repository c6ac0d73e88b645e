import { describe, expect, test } from 'vitest';
import { bestOf, isSuccess, summariseCase, wilson } from './statistics.mjs';

/** Estimates that are off by so many per cent. */
function off(gNa: number, gK: number, gL: number) {
  return { parameters: { gNa: 1.2 * (100 + gNa), gK: 0.36 * (100 + gK), gL: 0.003 * (100 + gL) } };
}
const bound = { gNa: 0.01, gK: 0.005, gL: 0.05 };

describe('the numbers of the recovery study', () => {
  test('bias, RMS and their ratios to the bound and to maximum likelihood on the same draws', () => {
    const draws = [
      { bound, network: off(2, 1, 10), likelihood: off(1, 1, 5) },
      { bound, network: off(-4, 1, 10), likelihood: off(-2, 1, 5) },
      // a draw without a network is in no number of the network's
      { bound, likelihood: off(50, 50, 50) },
    ];
    const { n, parameters } = summariseCase({}, draws).methods['network']!;
    expect(n).toBe(2);
    expect(parameters['gNa']!.bias).toBeCloseTo(-0.01, 12);
    expect(parameters['gNa']!.biasStandardError).toBeCloseTo(0.03, 12);
    expect(parameters['gNa']!.rms).toBeCloseTo(Math.sqrt(0.001), 12);
    expect(parameters['gNa']!.overBound).toBeCloseTo(Math.sqrt(10), 10);
    expect(parameters['gNa']!.overLikelihood).toBeCloseTo(2, 10);
    expect(parameters['gK']!.overLikelihood).toBeCloseTo(1, 10);
  });

  test('an answer that is missing is a failure, counted and never a success', () => {
    const { n, failed, successes } = summariseCase({}, [
      { bound, network: {} },
      { bound, network: off(1, 1, 1) },
    ]).methods['network']!;
    expect([n, failed, successes]).toEqual([2, 1, 1]);
  });

  test('success is 10 % or three standard errors, whichever is wider, for each conductance', () => {
    expect(isSuccess(off(9.9, -9.9, 14.9), bound)).toBe(true);
    expect(isSuccess(off(10.1, 0, 0), bound)).toBe(false);
    expect(isSuccess(off(0, 0, 15.1), bound)).toBe(false);
    expect(isSuccess(undefined, bound)).toBe(false);
  });

  test('the best of many starts fits best, and costs what they all cost', () => {
    const starts = [{ seconds: 1 }, { ...off(1, 1, 1), rmseMv: 1, seconds: 2 }, { ...off(2, 2, 2), rmseMv: 3, seconds: 4 }];
    expect(bestOf(starts)).toEqual({ ...starts[1], seconds: 7 });
    expect(bestOf([{ seconds: 1 }])).toEqual({ seconds: 1 });
  });

  // 95 % interval of 8 of 10 by Wilson's formula, worked out by hand: centre 0.71674, half width 0.22651
  test('the interval of a share', () => {
    const [low, high] = wilson(8, 10)!;
    expect([low, high].map((value) => Number(value.toFixed(4)))).toEqual([0.4902, 0.9433]);
    expect(wilson(0, 0)).toBeNull();
  });
});
