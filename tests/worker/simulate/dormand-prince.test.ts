import { describe, expect, test } from 'vitest';
import { integrate } from '../../../worker/simulate/dormand-prince.ts';
import type { Derivative, Tolerance } from '../../../worker/simulate/dormand-prince.ts';

const tolerance = { rtol: 1e-9, atol: 1e-9, maxSteps: 100_000 };

/** Solve from y0 on `samples` points and give back the rows. */
function solve(f: Derivative, y0: readonly number[], samples: number, sampleMs: number, options: Tolerance = tolerance) {
  const out = new Float64Array(samples * y0.length);
  out.set(y0);
  return { out, integration: integrate(f, y0.length, sampleMs, out, options) };
}

const oscillator: Derivative = (_t, y, dy) => {
  dy[0] = y[1]!;
  dy[1] = -y[0]!;
};

describe('Dormand-Prince', () => {
  test('a circle is followed within 100 times the tolerance for ten turns', () => {
    const { out, integration } = solve(oscillator, [1, 0], 629, 0.1);
    expect(integration.kind).toBe('done');
    for (let i = 0; i < 629; i++) expect(Math.abs(out[2 * i]! - Math.cos(0.1 * i))).toBeLessThan(1e-7);
  });

  test('the error falls with the tolerance, and the number of steps grows with its fifth root', () => {
    const errorAt = (rtol: number) => {
      const { out, integration } = solve(oscillator, [1, 0], 2, 20, { rtol, atol: rtol, maxSteps: 1e6 });
      if (integration.kind !== 'done') throw new Error(integration.reason);
      return { error: Math.abs(out[2]! - Math.cos(20)), steps: integration.accepted };
    };
    const coarse = errorAt(1e-5);
    const fine = errorAt(1e-10);
    expect(fine.error).toBeLessThan(coarse.error / 1e3);
    // five decades are a factor 10 for a method of fifth order; half as many or twice as many would be another order
    expect(fine.steps / coarse.steps).toBeGreaterThan(6);
    expect(fine.steps / coarse.steps).toBeLessThan(16);
  });

  test('a polynomial of degree five in t is exact, so every weight and node of the fifth-order formula counts', () => {
    // y' = 5 t^4 and y' = 1 + y^0 terms: quadrature conditions up to order five
    const { out } = solve(
      (t, _y, dy) => {
        dy[0] = 5 * t ** 4;
        dy[1] = 4 * t ** 3 - 3 * t ** 2 + 2 * t - 1;
      },
      [0, 0],
      3,
      1,
      { rtol: 1, atol: 1e9, maxSteps: 100 },
    );
    expect(out[4]).toBeCloseTo(32, 10);
    expect(out[5]).toBeCloseTo(16 - 8 + 4 - 2, 10);
  });

  test('a kink of the right-hand side on a sample costs no rejected steps', () => {
    const zigzag: Derivative = (t, _y, dy) => {
      const i = Math.min(99, Math.floor(t / 0.1));
      const x = t / 0.1 - i;
      dy[0] = i % 2 === 0 ? x : 1 - x;
    };
    const { out, integration } = solve(zigzag, [0], 101, 0.1);
    expect(integration).toMatchObject({ kind: 'done', rejected: 0 });
    expect(out[100]).toBeCloseTo(5, 12);
  });

  test('too many steps are a failure as a value, with the time reached', () => {
    const stiff: Derivative = (t, y, dy) => void (dy[0] = -1e7 * (y[0]! - Math.cos(t)));
    const { integration } = solve(stiff, [0], 11, 1, { ...tolerance, maxSteps: 1_000 });
    expect(integration).toMatchObject({ kind: 'failed', reason: 'step-limit' });
    expect(integration.kind === 'failed' && integration.atMs).toBeGreaterThanOrEqual(0);
  });

  test('a solution that ends in a singularity is a failure as a value', () => {
    // y = 1 / (1 - t)
    const { integration } = solve((_t, y, dy) => void (dy[0] = y[0]! * y[0]!), [1], 3, 1);
    expect(integration.kind).toBe('failed');
    expect(integration.kind === 'failed' && integration.atMs).toBeCloseTo(1, 3);
  });

  test.each([
    ['from the start', NaN],
    ['after a while', 0.55],
  ])('NaN %s is a failure as a value', (_when, from) => {
    const { integration } = solve((t, _y, dy) => void (dy[0] = t < from ? 1 : NaN), [0], 11, 0.1);
    expect(integration).toMatchObject({ kind: 'failed', reason: 'not-finite' });
    expect(integration.kind === 'failed' && integration.atMs).toBeLessThan(0.6);
  });

  test('an overflow in a trial step shrinks it and goes on', () => {
    // sqrt of a negative number is NaN whenever a stage oversteps y = 0 from above; the solution itself stays positive
    const { out, integration } = solve((_t, y, dy) => void (dy[0] = -Math.sqrt(y[0]! - 1) * 50), [2], 3, 0.01);
    expect(integration.kind).toBe('done');
    expect(out[1]).toBeCloseTo(1 + (1 - 0.25) ** 2, 8);
  });

  test('components beyond the controlled ones follow, and change no step of these', () => {
    const followed: Derivative = (t, y, dy) => {
      oscillator(t, y, dy);
      dy[2] = 1e6 * Math.sin(300 * t);
    };
    const { out, integration } = solve(followed, [1, 0, 0], 50, 0.1, { ...tolerance, controlled: 2 });
    const alone = solve(oscillator, [1, 0], 50, 0.1);
    expect(integration).toEqual(alone.integration);
    expect([out[3 * 49], out[3 * 49 + 1]]).toEqual([alone.out[2 * 49], alone.out[2 * 49 + 1]]);
  });
});
