import { describe, expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import type { DataUnit, Synthetic } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { syntheticUnits } from '../../../worker/train/synthetic-units.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());
const entry: Synthetic = {
  parameters: { gNa: { logUniform: [60, 240] }, gK: { normal: [36, 5] }, EL: -54 },
  truths: 4,
  stimulus: { step: { amplitude: 2 } },
  durationMs: 3,
  noiseMv: 1,
};
const made = (changes: Partial<Synthetic> = {}, seed = 1, index = 0) => syntheticUnits({ ...entry, ...changes }, index, model, seed);
const parametersOf = ({ source }: DataUnit): Readonly<Record<string, number>> => (source.kind === 'synthetic' ? source.parameters : {});
const valuesOf = (units: readonly DataUnit[], name: string): number[] => units.map((unit) => parametersOf(unit)[name]!);

describe('truths that are drawn', () => {
  test('are data units of their own, within their distributions, the rest as it is written', () => {
    const { units } = made();
    expect(units.map(({ label }) => label)).toEqual([1, 2, 3, 4].map((k) => `synthetic 1, truth ${k}`));
    expect(new Set(units.map(({ id }) => id)).size).toBe(4);
    for (const gNa of valuesOf(units, 'gNa')) expect(gNa > 60 && gNa < 240).toBe(true);
    expect(new Set(valuesOf(units, 'gNa')).size).toBe(4);
    expect(valuesOf(units, 'EL')).toEqual([-54, -54, -54, -54]);
    expect(valuesOf(units, 'gL')).toEqual([0.3, 0.3, 0.3, 0.3]);
  });

  test('are the same for every entry and in a longer list, and others under another seed', () => {
    const gNa = valuesOf(made().units, 'gNa');
    expect(valuesOf(made({ truths: 6 }).units, 'gNa').slice(0, 4)).toEqual(gNa);
    expect(valuesOf(made({ noiseMv: 2, stimulus: { step: { amplitude: 3 } } }, 1, 5).units, 'gNa')).toEqual(gNa);
    expect(valuesOf(made({}, 2).units, 'gNa')).not.toEqual(gNa);
  });

  test('have every stimulus each', () => {
    const { stimulus: _, ...rest } = entry;
    const { units } = syntheticUnits(
      { ...rest, truths: 2, stimuli: [{ step: { amplitude: 1 } }, { step: { amplitude: 2 } }] },
      0,
      model,
      1,
    );
    expect(units.map(({ label }) => label)).toEqual([
      'synthetic 1, truth 1, stimulus 1',
      'synthetic 1, truth 1, stimulus 2',
      'synthetic 1, truth 2, stimulus 1',
      'synthetic 1, truth 2, stimulus 2',
    ]);
  });

  test('are told where they do not spike, and stay in', () => {
    const { units, notes } = made();
    expect([units.length, notes]).toEqual([4, ['synthetic 1: 4 of 4 drawn cells do not spike; they stay in']]);
  });

  test('are left out where they have no forward solution, and named; the others keep their names', () => {
    // an integrator gives up where ENa is a million volts
    const { units, notes } = made({ parameters: { ENa: { logUniform: [50, 1e9] } }, stimulus: { step: { amplitude: 10 } } });
    expect(units.map(({ label }) => label)).toEqual([1, 3, 4].map((k) => `synthetic 1, truth ${k}`));
    expect(notes[0]).toBe('synthetic 1: 1 of 4 drawn cells have no forward solution and are left out (truth 2)');
    expect(() => made({ parameters: { ENa: { logUniform: [1e9, 1e10] } }, stimulus: { step: { amplitude: 10 } } })).toThrow(
      /the truth must have a forward solution/,
    );
  });

  test('of a positive parameter may not reach below zero', () => {
    expect(() => made({ parameters: { gNa: { uniform: [-1, 2] } } })).toThrow(LoligoError);
    expect(() => made({ parameters: { gNa: { uniform: [-1, 2] } } })).toThrow(
      'problem.data[0].synthetic.parameters.gNa.uniform: both bounds must be greater than 0',
    );
    expect(valuesOf(made({ parameters: { EL: { uniform: [-60, -50] } } }).units, 'EL').every((EL) => EL < 0)).toBe(true);
  });
});
