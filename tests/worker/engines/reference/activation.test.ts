/** Activation functions: values of tables, and slopes and curvatures against finite differences. */
import { describe, expect, test } from 'vitest';
import { ACTIVATIONS, erf } from '../../../../worker/engines/reference/activation.ts';

const ARGUMENTS = [-30, -5, -1.3, -0.2, 0, 1e-4, 0.7, 2.5, 6, 40];

describe.each(Object.entries(ACTIVATIONS))('%s', (_, activation) => {
  const at = (z: number): { value: number; slope: number; curvature: number } => {
    const to = { value: NaN, slope: NaN, curvature: NaN };
    activation(z, to);
    return to;
  };

  test('has the slope and curvature of its values', () => {
    const h = 1e-5;
    for (const z of ARGUMENTS) {
      const { slope, curvature } = at(z);
      // rounding: 1e-16 of the value over h
      const tolerance = 1e-10 * (1 + Math.abs(z));
      expect(Math.abs((at(z + h).value - at(z - h).value) / (2 * h) - slope)).toBeLessThan(tolerance);
      expect(Math.abs((at(z + h).slope - at(z - h).slope) / (2 * h) - curvature)).toBeLessThan(tolerance);
    }
  });

  test('hands on what is no number', () => {
    expect(at(Number.NaN)).toEqual({ value: Number.NaN, slope: Number.NaN, curvature: Number.NaN });
  });
});

test('swish and GELU are the identity far above 0 and nothing far below', () => {
  for (const name of ['swish', 'gelu'] as const) {
    const to = { value: 0, slope: 0, curvature: 0 };
    ACTIVATIONS[name](50, to);
    expect(to).toEqual({ value: 50, slope: 1, curvature: expect.closeTo(0, 12) as number });
    ACTIVATIONS[name](-50, to);
    expect(to.value).toBeCloseTo(0, 12);
  }
});

test('the error function has the values of Abramowitz and Stegun, table 7.1', () => {
  const table: readonly [number, number][] = [
    [0.1, 0.112462916],
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [1.5, 0.9661051465],
    [2, 0.995322265],
  ];
  for (const [x, value] of table) {
    expect(erf(x)).toBeCloseTo(value, 10);
    expect(erf(-x)).toBe(-erf(x));
  }
  expect([erf(0), erf(7), erf(-7)]).toEqual([0, 1, -1]);
});
