import { describe, expect, test } from 'vitest';
import { LoligoError, type Violation } from '../../../schemas/errors.ts';
import { compileModel } from '../../../worker/models/compile.ts';
import { evaluateProgram } from '../../../worker/models/interpret.ts';
import { isPlainGate, stateNames } from '../../../worker/models/model.ts';
import { steadyGates } from '../../../worker/simulate/forward.ts';
import { changed, POOLS, SOUND_MODEL } from '../../helpers/model-text.ts';

function violationsOf(text: string): Violation[] {
  try {
    compileModel(text, 'cell.yaml');
  } catch (error) {
    if (error instanceof LoligoError)
      return error.violations.map((violation) => ({ ...violation, where: violation.where.replace(/\(cell\.yaml:\d+:\d+\)$/, '(...)') }));
    throw error;
  }
  return [];
}

describe('a pool', () => {
  const model = compileModel(POOLS, 'cell.yaml');
  const parameters = Object.fromEntries(model.parameters.map(({ name, value }) => [name, value]));
  const at = { V: -20, m: 0.3, p: 0.4, Ca: 3, I: 2, 'd:V': 1, 'd:m': 0.1, 'd:p': 0.2, 'd:Ca': 0.5, ...parameters };
  const current = 0.5 * 0.3 ** 2 * (-20 - 50);

  test('stands after the gates that it reads and before those that read it', () => {
    expect(stateNames(model)).toEqual(['V', 'm', 'Ca', 'p']);
    expect(model.gates.map(({ reads }) => reads)).toEqual([[], ['m'], ['Ca']]);
    expect(model.gates[1]).toMatchObject({ unit: 'uM', range: [0.01, 50], positive: true, initial: 'steady' });
    expect(model.gates.map(isPlainGate)).toEqual([true, false, false]);
  });

  test('obeys d/dt = rate (inf - x), which is its derivative as the file writes it', () => {
    const derivative = -0.01 * current - (3 - 0.1) / 20;
    const rates = evaluateProgram(model.gateRates, at);
    expect(evaluateProgram(model.derivatives, at)['d:Ca']).toBeCloseTo(derivative, 12);
    expect(rates['rate:Ca']).toBeCloseTo(1 / 20, 14);
    expect(rates['rate:Ca']! * (rates['inf:Ca']! - 3)).toBeCloseTo(derivative, 12);
    expect(rates['inf:p']).toBeCloseTo(1 / (1 + 3 / 2), 14);
    expect(model.gateRates.inputs).not.toContain('p');
  });

  test('has a residual relative to itself where it is positive, else to its range', () => {
    const derivative = -0.01 * current - (3 - 0.1) / 20;
    const residual = (text: string): number => evaluateProgram(compileModel(text, 'cell.yaml').gateResiduals, at)['residual:Ca']!;
    expect(residual(POOLS)).toBeCloseTo((0.5 - derivative) / (3 * Math.sqrt(1 / 20)), 12);
    expect(residual(changed(', positive: true, derivative', ', derivative', POOLS))).toBeCloseTo(
      (0.5 - derivative) / (49.99 * Math.sqrt(1 / 20)),
      12,
    );
  });

  test('rests where the gates that it reads rest, and so does what reads it', () => {
    const steady = steadyGates(model, {}, -20);
    const Ca = 0.1 - 0.01 * 20 * 0.5 * steady['m']! ** 2 * (-20 - 50);
    expect(steady['Ca']).toBeCloseTo(Ca, 12);
    expect(steady['p']).toBeCloseTo(1 / (1 + Ca / 2), 12);
  });

  test('may fill by a current that is linear in it: its rate then follows V', () => {
    const goldman = changed('ICa: gCa * m^2 * (V - ENa)', 'ICa: gCa * m^2 * (V - ENa) * (1 - Ca / k)', POOLS).replace(
      'k: { unit: mV, value: 18 }',
      'k: { unit: uM, value: 18 }\n  s: { unit: mV, value: 18 }',
    );
    const { gateRates } = compileModel(goldman.replace('exp(-shifted / k)', 'exp(-shifted / s)'), 'cell.yaml');
    expect(evaluateProgram(gateRates, at)['rate:Ca']).toBeCloseTo(1 / 20 - (0.01 * current) / 18, 12);
  });
});

describe('a pool is refused', () => {
  test('where it is not linear in itself', () => {
    expect(violationsOf(changed('- (Ca - Ca0) / tauCa', '- Ca^2 / (Ca0 * tauCa)', POOLS))).toEqual([
      expect.objectContaining({
        code: 'MODEL_INVALID',
        where: 'model.pools.Ca.derivative (...)',
        rule: 'must be linear in Ca while V and the other states are held: a + b * Ca',
      }),
    ]);
  });

  test('where it and a gate depend on each other, with the circle', () => {
    expect(violationsOf(changed('ICa: gCa * m^2', 'ICa: gCa * p^2', POOLS))).toEqual([
      expect.objectContaining({ code: 'MODEL_CYCLE', where: 'model.gates.p (...)', got: 'p -> Ca -> p' }),
    ]);
  });

  test('where units disagree, a scale included', () => {
    expect(violationsOf(changed('uM cm2/(ms uA)', 'mM cm2/(ms uA)', POOLS))).toEqual([
      expect.objectContaining({
        code: 'MODEL_UNIT',
        where: 'model.pools.Ca.derivative (...)',
      }),
    ]);
  });

  test('where it does not decay, or rests outside of its range', () => {
    const rule = 'must at rest have a steady state from 0.01 to 50 and a rate above 0';
    for (const text of [
      changed('- (Ca - Ca0) / tauCa', '+ Ca0 / tauCa', POOLS),
      changed('value: 0.1, positive: true, range: [0.01, 1]', 'value: 60, positive: true, range: [0.01, 100]', POOLS),
    ])
      expect(violationsOf(text)).toEqual([expect.objectContaining({ rule, where: 'model.pools.Ca (...)' })]);
  });

  test('where its equation mentions the stimulus, or a range is no range', () => {
    expect(violationsOf(changed('-influx * ICa', '-influx * I', POOLS))).toContainEqual(
      expect.objectContaining({
        code: 'MODEL_UNKNOWN_NAME',
        rule: 'must mention only V, gates, pools, parameters, constants, functions and currents',
        got: 'I, a stimulus',
      }),
    );
    expect(violationsOf(changed('range: [0.01, 50]', 'range: [50, 0.01]', POOLS))).toEqual([
      expect.objectContaining({ where: 'model.pools.Ca.range (...)', got: '[50, 0.01]' }),
    ]);
    expect(violationsOf(changed('range: [0.01, 50]', 'range: [0, 50]', POOLS))).toEqual([
      expect.objectContaining({ rule: 'must begin above 0, as the pool is positive' }),
    ]);
  });
});

test('a model without pools has the states and programs that it had', () => {
  const model = compileModel(SOUND_MODEL, 'cell.yaml');
  expect(model.gates.every(isPlainGate)).toBe(true);
  expect(model.tied).toEqual([]);
  expect(model.untied).toBeUndefined();
});
