import { describe, expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import { compileModel } from '../../../worker/models/compile.ts';
import { evaluateProgram } from '../../../worker/models/interpret.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { linearParameters, linearParts } from '../../../worker/models/linear.ts';
import { parameterValues, tiedValues, untiedValues } from '../../../worker/models/parameter-values.ts';
import { tieParameters } from '../../../worker/models/tie.ts';
import { simulate } from '../../../worker/simulate/forward.ts';

const squid = loadModel('hodgkin-huxley', '.');
const tie = (tied: Record<string, string>) => tieParameters(squid, tied, 'spec.problem.tied');

function violationsOf(tied: Record<string, string>): unknown[] {
  try {
    tie(tied);
  } catch (error) {
    if (error instanceof LoligoError) return [...error.violations];
    throw error;
  }
  return [];
}

describe('a tied parameter', () => {
  const { model, text } = tie({ gK: '0.3 * gNa', EL: 'EK + 20' });

  test('is no parameter any more, but its equation in every program', () => {
    expect(model.parameters.map(({ name }) => name)).toEqual(['gNa', 'gL', 'ENa', 'EK', 'C']);
    expect(model.tied).toEqual([
      { name: 'gK', unit: 'mS/cm2', positive: true, equation: '0.3 * gNa' },
      { name: 'EL', unit: 'mV', positive: false, equation: 'EK + 20' },
    ]);
    for (const program of [model.derivatives, model.currentResidual, model.gateResiduals, model.gateRates, model.steadyStates])
      for (const name of ['gK', 'EL']) expect(program.inputs).not.toContain(name);
    const at = { V: -30, m: 0.4, h: 0.3, n: 0.5, I: 7, 'd:V': 2, gNa: 80, gL: 0.2, ENa: 45, EK: -80, C: 1.1 };
    expect(evaluateProgram(model.currentResidual, at)['residual:V']).toBeCloseTo(
      evaluateProgram(squid.model.currentResidual, { ...at, gK: 24, EL: -60 })['residual:V']!,
      12,
    );
  });

  test('collects into the slope of what it follows, so that projection solves for both at once', () => {
    const { currentResidual } = model;
    expect(linearParameters(currentResidual, 'residual:V', ['gNa', 'gL', 'C'])).toEqual(['gNa', 'gL', 'C']);
    const slope = evaluateProgram(linearParts(currentResidual, 'residual:V', ['gNa']), {
      V: -30,
      m: 0.4,
      h: 0.3,
      n: 0.5,
      I: 7,
      'd:V': 2,
      gL: 0.2,
      ENa: 45,
      EK: -80,
      C: 1.1,
    })['slope:gNa']!;
    expect(slope).toBeCloseTo(0.4 ** 3 * 0.3 * (-30 - 45) + 0.3 * 0.5 ** 4 * (-30 + 80), 12);
  });

  test('has a value where the others have theirs, and simulates like it', () => {
    expect(tiedValues(model, { gNa: 100, EK: -75 })).toEqual({ gK: 30, EL: -55 });
    expect(parameterValues(model, { gNa: 100, gK: 1 })).not.toHaveProperty('gK');
    expect(untiedValues(model, { gNa: 100, EL: -60 })).toMatchObject({ gNa: 100, gK: 30, EL: -60, EK: -77 });
    const current = new Float64Array(101).fill(10);
    const solved = (which: typeof model, parameters: Record<string, number>) => {
      const outcome = simulate(which, { parameters, current, sampleMs: 0.1, initial: { V: -65 } });
      return outcome.kind === 'done' ? outcome.states['V']!.at(-1)! : Number.NaN;
    };
    expect(solved(model, { gNa: 100 })).toBeCloseTo(solved(squid.model, { gNa: 100, gK: 30, EL: -57 }), 6);
    expect(model.untied?.parameters.map(({ name }) => name)).toEqual(squid.model.parameters.map(({ name }) => name));
  });

  test('is part of the model’s text: whoever compiles that has the same model', () => {
    expect(compileModel(text, 'object').tied).toEqual(model.tied);
    expect(tieParameters(squid, {}, 'spec.problem.tied')).toBe(squid);
  });

  test('may follow another tied one, and a constant', () => {
    expect(tiedValues(tie({ gK: '0.3 * gNa', gL: 'gK / 100' }).model, { gNa: 100 })).toEqual({ gK: 30, gL: 0.3 });
  });
});

describe('a tie is refused', () => {
  const where = (name: string): string => `spec.problem.tied.${name}`;

  test('for a name that is no parameter, and for one that it mentions', () => {
    expect(violationsOf({ gk: '0.3 * gNa' })).toContainEqual(
      expect.objectContaining({ code: 'MODEL_UNKNOWN_NAME', where: where('gk'), remedy: 'Did you mean "gK"?' }),
    );
    expect(violationsOf({ gK: '0.3 * gna' })).toContainEqual(
      expect.objectContaining({ code: 'MODEL_UNKNOWN_NAME', where: where('gK'), got: 'gna', remedy: 'Did you mean "gNa"?' }),
    );
    expect(violationsOf({ gK: 'gNa * m' })).toContainEqual(
      expect.objectContaining({ rule: 'must mention only parameters and constants', got: 'm, a gate' }),
    );
  });

  test('for units that disagree; a number that is added has the unit of the other side', () => {
    expect(violationsOf({ gK: '0.3 * EK' })).toContainEqual(
      expect.objectContaining({ code: 'MODEL_UNIT', where: where('gK'), rule: 'must have the unit mS/cm2', got: 'mV' }),
    );
    expect(violationsOf({ EL: 'EK + gNa' })).toContainEqual(expect.objectContaining({ code: 'MODEL_UNIT', where: where('EL') }));
    expect(violationsOf({ EL: '20 + EK' })).toEqual([]);
  });

  test('for circles, numbers alone, text that is no equation, and values that make no sense', () => {
    expect(violationsOf({ gK: 'gNa / 3', gNa: '3 * gK' })).toContainEqual(
      expect.objectContaining({ code: 'MODEL_CYCLE', got: 'gNa -> gK -> gNa' }),
    );
    expect(violationsOf({ gK: '36' })).toContainEqual(
      expect.objectContaining({ where: where('gK'), rule: 'must mention another parameter' }),
    );
    expect(violationsOf({ gK: '0.3 *' })).toContainEqual(expect.objectContaining({ code: 'MODEL_SYNTAX', where: where('gK') }));
    expect(violationsOf({ gK: '30 * gL - gNa' })).toContainEqual(
      expect.objectContaining({ where: where('gK'), rule: 'must give a value above 0 at the values of the other parameters' }),
    );
  });
});
