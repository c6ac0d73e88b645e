import { describe, expect, test } from 'vitest';
import type { DataUnit, ResolvedProblem } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { identifiabilityWarnings } from '../../../worker/train/identifiability.ts';
import { syntheticUnit } from '../../../worker/train/observe.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());

function unitOf(amplitude: number, noiseMv: number): DataUnit {
  const outcome = syntheticUnit({ stimulus: { step: { amplitude } }, durationMs: 20, sampleMs: 0.2, noiseMv }, 0, model, 1);
  if (outcome.kind !== 'unit') throw new Error('the entry is wrong');
  return outcome.unit;
}

/** Only what the check reads. */
function problemOf(names: readonly string[], unit: DataUnit): ResolvedProblem {
  const parameters = model.parameters.filter(({ name }) => names.includes(name));
  const infer = parameters.map(({ name, unit: text, positive, range, start }) => ({
    name,
    unit: text,
    positive,
    range: [range[0], range[1]] as [number, number],
    start,
  }));
  const fixed = Object.fromEntries(model.parameters.filter(({ name }) => !names.includes(name)).map(({ name, value }) => [name, value]));
  const [first, ...rest] = infer;
  return {
    model: { name: model.name, object: '0'.repeat(64) },
    currentUnit: model.currentUnit,
    states: ['V'],
    infer: [first!, ...rest],
    fixed,
    data: [unit],
  };
}

const noTrace = (): never => {
  throw new Error('synthetic data have no trace');
};

function warnings(names: readonly string[], unit: DataUnit): ReturnType<typeof identifiabilityWarnings> {
  return identifiabilityWarnings(model, problemOf(names, unit), unit, noTrace);
}

describe('warnings', () => {
  test('are none where a spike at little noise fixes the conductances', () => {
    expect(warnings(['gNa', 'gK'], unitOf(10, 0.5))).toEqual([]);
  });

  test('name the parameter that drowns in the noise, with its bound', () => {
    const found = warnings(['gNa', 'gL'], unitOf(0, 50));
    expect(found.map(({ code }) => code)).toContain('WEAKLY_IDENTIFIABLE');
    for (const { message, parameters } of found) expect(message).toMatch(new RegExp(`know ${parameters[0]} better than \\+-[\\d.e+]+ %`));
  });

  test('name the parameters that constant current cannot tell apart, and what to do', () => {
    const [warning, ...rest] = warnings(['gNa', 'gK', 'gL', 'C', 'EL'], unitOf(10, 1));
    expect(rest).toEqual([]);
    expect(warning).toMatchObject({ code: 'NOT_IDENTIFIABLE' });
    expect(warning!.parameters).toContain('C');
    expect(warning!.message).toMatch(
      /^synthetic 1 cannot tell .* apart: this voltage does not determine .* and .*\. Fix one of them, or vary the current\.$/,
    );
  });
});
