import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { drivenVoltage } from '../../../worker/train/driven-voltage.ts';

const squid = loadModel('hodgkin-huxley', packageRoot()).model;
const even = (points: number, stepMs = 0.1): Float64Array => Float64Array.from({ length: points }, (_, j) => j * stepMs);
const valuesOf = (model = squid, overrides: Record<string, number> = {}): Record<string, number> => ({
  ...Object.fromEntries(model.parameters.map(({ name, value }) => [name, value])),
  ...overrides,
});

const ONE = { segments: Int32Array.of(0), sampleAt: Int32Array.of(0) };

describe('the driven voltage', () => {
  it('is 0 under a constant current', () => {
    const driven = drivenVoltage(
      { model: squid, parameters: valuesOf() },
      { ...ONE, grid: even(5), current: new Float64Array(5).fill(10) },
    );
    expect([...driven.drivenMv, ...driven.drivenRate].every((value) => value === 0)).toBe(true);
  });

  it('climbs by current over capacitance after a step, and to that times 2 ms', () => {
    const grid = even(401);
    const current = grid.map((t) => (t < 1 ? 0 : 3));
    const { drivenMv, drivenRate } = drivenVoltage({ model: squid, parameters: valuesOf(squid, { C: 2 }) }, { ...ONE, grid, current });
    expect(drivenMv[9]).toBe(0);
    expect(drivenMv.at(-1)).toBeCloseTo(3, 6);
    expect(drivenRate[10]).toBeCloseTo(1.5 - drivenMv[10]! / 2, 9);
  });

  it('begins anew in each segment, with its own first current', () => {
    const member = { segments: Int32Array.of(0, 3), sampleAt: Int32Array.of(0, 1, 2, 3, 4), grid: Float64Array.of(0, 0.1, 0.2, 9, 9.1) };
    const current = Float64Array.of(0, 5, 5, 20, 25);
    const { drivenMv, drivenRate } = drivenVoltage({ model: squid, parameters: valuesOf() }, { ...member, current });
    expect([drivenMv[3], drivenRate[3]]).toEqual([0, 0]);
    expect(drivenMv[4]).toBeCloseTo(drivenMv[1]!, 12);
  });

  it('has its rate as its derivative, exactly: on a grid twice as fine the same values come back', () => {
    const grid = even(41);
    const current = grid.map((t) => 5 * Math.sin(40 * t));
    const fine = even(81, 0.05);
    const between = fine.map((_, j) => (j % 2 === 0 ? current[j / 2]! : (current[(j - 1) / 2]! + current[(j + 1) / 2]!) / 2));
    const coarse = drivenVoltage({ model: squid, parameters: valuesOf() }, { ...ONE, grid, current });
    const refined = drivenVoltage({ model: squid, parameters: valuesOf() }, { ...ONE, grid: fine, current: between });
    coarse.drivenMv.forEach((V, j) => expect(refined.drivenMv[2 * j]).toBeCloseTo(V, 10));
    coarse.drivenRate.forEach((rate, j) => expect(refined.drivenRate[2 * j]).toBeCloseTo(rate, 10));
  });

  it('counts current in the model’s own unit: 27 pA move a cell of 27 pF by 1 mV/ms', () => {
    const cell = loadModel('pospischil-rs', packageRoot()).model;
    const parameters = valuesOf(cell, { C: 27 });
    const { drivenRate } = drivenVoltage({ model: cell, parameters }, { ...ONE, grid: even(2), current: Float64Array.of(0, 27) });
    expect(
      drivenRate[1]! +
        drivenVoltage({ model: cell, parameters }, { ...ONE, grid: even(2), current: Float64Array.of(0, 27) }).drivenMv[1]! / 2,
    ).toBeCloseTo(1, 9);
  });
});
