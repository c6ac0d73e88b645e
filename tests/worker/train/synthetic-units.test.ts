import { expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Stimulus, Synthetic } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';
import { syntheticUnits } from '../../../worker/train/synthetic-units.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());
const step = (amplitude: number): Stimulus => ({ step: { amplitude } });
const entry: Synthetic = { stimuli: [step(8), step(12)], durationMs: 5, noiseMv: 0.5, draws: 2 };
const unitsOf = (changes: Partial<Synthetic>) => syntheticUnits({ ...entry, ...changes }, 1, model, 7);
const objects = {
  trace: () => {
    throw new Error('synthetic data need no object');
  },
};

test('every stimulus is a data unit of its own, the same as in an entry of its own', () => {
  const { units } = unitsOf({});
  expect(units.map(({ label, samples, draws }) => [label, samples, draws])).toEqual([
    ['synthetic 2, stimulus 1', 51, 2],
    ['synthetic 2, stimulus 2', 51, 2],
  ]);
  const alone = syntheticUnit({ stimulus: step(12), durationMs: 5, noiseMv: 0.5, draws: 2 }, 0, model, 7);
  expect(units[1]!.id).toBe(alone.kind === 'unit' ? alone.unit.id : '');
});

test('stimuli that are fitted jointly are one unit: the traces of each, one behind the other, noise aside', () => {
  const noiseless = { noiseMv: 0 };
  const { units } = unitsOf({ jointly: true, ...noiseless });
  expect(units).toMatchObject([{ label: 'synthetic 2, 2 stimuli jointly', samples: 102, segments: [0, 51], draws: 2 }]);
  const joint = observe({ data: units[0]!, draw: 0, model, objects });
  expect(joint.segments).toEqual(Int32Array.of(0, 51));
  for (const [k, data] of unitsOf(noiseless).units.entries()) {
    const one = observe({ data, draw: 0, model, objects });
    const [from, to] = [51 * k, 51 * (k + 1)];
    expect(joint.voltageMv.subarray(from, to)).toEqual(one.voltageMv);
    expect(joint.current.subarray(from, to)).toEqual(one.current);
    for (const [name, values] of Object.entries(one.truth!.states)) expect(joint.truth!.states[name]!.subarray(from, to)).toEqual(values);
  }
});

test('held-out stimuli are stored with noise, for every unit alike, and change none of them', () => {
  const { units, objects: stored } = unitsOf({ holdOut: { stimuli: [step(10)] } });
  expect(units.map(({ heldOut }) => heldOut?.map(({ label }) => label))).toEqual([
    ['synthetic 2, held-out stimulus 1'],
    ['synthetic 2, held-out stimulus 1'],
  ]);
  expect(units.map(({ id }) => id)).toEqual(unitsOf({}).units.map(({ id }) => id));
  const [trace] = [...stored.values()];
  expect([trace!.voltageMv.length, trace!.current[3]]).toEqual([51, 10]);
  const noiseless = [...unitsOf({ noiseMv: 0, holdOut: { stimuli: [step(10)] } }).objects.values()][0]!;
  const misfit = trace!.voltageMv.map((V, i) => V - noiseless.voltageMv[i]!);
  expect(Math.sqrt(misfit.reduce((sum, value) => sum + value ** 2, 0) / misfit.length)).toBeCloseTo(0.5, 0);
  expect(Math.abs(misfit[10]!)).toBeGreaterThan(0);
});

test.each([
  ['fitted twice', { stimuli: [step(8), step(8)] as [Stimulus, Stimulus] }],
  ['fitted and held out', { holdOut: { stimuli: [step(12)] as [Stimulus] } }],
])('a stimulus that is %s is refused', (_, changes) => {
  expect(() => unitsOf(changes)).toThrow(LoligoError);
  expect(() => unitsOf(changes)).toThrow('problem.data[1].synthetic: every stimulus, fitted or held out, must be another one');
});

test('more held-out samples than a replica could be scored on are refused before they are simulated', () => {
  const stimuli = [step(20), step(21), step(22)] as [Stimulus, Stimulus, Stimulus];
  expect(() => unitsOf({ durationMs: 20_000, sampleMs: 0.01, holdOut: { stimuli } })).toThrow(
    /synthetic\.holdOut: a data unit is scored on at most 5000000 samples.*got 6000003/,
  );
});
