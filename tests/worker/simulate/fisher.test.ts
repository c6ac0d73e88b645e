import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../worker/models/library.ts';
import { cramerRao, jointCramerRao } from '../../../worker/simulate/fisher.ts';
import type { BoundRequest } from '../../../worker/simulate/fisher.ts';
import { sampleStimulus } from '../../../worker/simulate/stimuli.ts';

const { model } = loadModel('hodgkin-huxley', '.');
const conductances = ['gNa', 'gK', 'gL'];
const everyState = ['V', 'm', 'h', 'n'];
const request: BoundRequest = {
  parameters: {},
  infer: conductances,
  freeInitial: [],
  current: new Float64Array(501).fill(10),
  sampleMs: 0.1,
  sigmaMv: 1,
};

function bound(changed: Partial<BoundRequest>) {
  const outcome = cramerRao(model, { ...request, ...changed });
  if (outcome.kind === 'failed') throw new Error(outcome.reason);
  return outcome;
}

describe('Cramer-Rao bound', () => {
  // Table "Information floor" of the project's science notes: percent at 1 mV noise, constant 10 uA/cm2, computed with JAX sensitivities
  test.each([
    ['20 ms', 201, [], [0.89, 0.75, 1.15]],
    ['50 ms', 501, [], [0.51, 0.42, 0.84]],
    ['100 ms', 1001, [], [0.35, 0.29, 0.67]],
    ['50 ms and unknown initial values', 501, everyState, [0.96, 0.48, 4.2]],
  ])('three conductances from %s have the published standard errors within 5 percent', (_label, samples, freeInitial, expected) => {
    const { standardErrors } = bound({ current: new Float64Array(samples).fill(10), freeInitial });
    conductances.forEach((name, k) => expect(Math.abs((100 * standardErrors[name]!) / expected[k]! - 1)).toBeLessThan(0.05));
  });

  test('sodium and potassium conductance are correlated at 0.987', () => {
    const pair = bound({}).correlations.find(({ a, b }) => a === 'gNa' && b === 'gK');
    expect(pair?.value).toBeCloseTo(0.987, 3);
  });

  test('parameters that may be negative have standard errors in their unit', () => {
    const { standardErrors } = bound({ infer: [...conductances, 'ENa', 'EK', 'EL'], freeInitial: everyState });
    // the table gives all in percent: of 50, 77 and 54.387 mV
    const expected = { gNa: 0.025, gK: 0.024, gL: 0.061, ENa: 0.0079 * 50, EK: 0.0017 * 77, EL: 0.0106 * 54.387 };
    for (const [name, value] of Object.entries(expected)) expect(Math.abs(standardErrors[name]! / value - 1)).toBeLessThan(0.05);
  });

  test('the bound is proportional to the noise', () => {
    expect(bound({ sigmaMv: 3 }).standardErrors['gL']! / bound({}).standardErrors['gL']!).toBeCloseTo(3, 10);
  });

  test('a prior adds its own information: inverse variances add up', () => {
    const infer = ['gL'];
    const alone = bound({ infer, freeInitial: everyState }).standardErrors['gL']!;
    const priors = [{ parameter: 0, logarithmic: true, centre: Math.log(0.3), sd: 0.02 }];
    const together = bound({ infer, freeInitial: everyState, priors }).standardErrors['gL']!;
    expect(together ** -2).toBeGreaterThan(0.02 ** -2);
    // with initial values unknown too, the information on gL alone is what its own bound says
    expect(together ** -2 / (alone ** -2 + 0.02 ** -2)).toBeCloseTo(1, 6);
  });

  test('the least known direction is named with its amounts', () => {
    const { weakest } = bound({ freeInitial: everyState });
    expect(Math.abs(weakest.direction['gL']!)).toBeGreaterThan(0.03);
    expect(weakest.words).toMatch(/^gNa \+0\.\d+ %, gK \+0\.\d+ % and gL \+4\.?\d* % together/);
  });

  test('capacitance and leak reversal are unknowable under constant current and known to percent under fluctuating current', () => {
    const infer = [...conductances, 'EL', 'C'];
    const fluctuating = sampleStimulus({ ornsteinUhlenbeck: { mean: 10, sd: 5, tauMs: 2 } }, { samples: 501, sampleMs: 0.1 });
    const constant = bound({ infer, freeInitial: everyState });
    const varying = bound({ infer, freeInitial: everyState, current: fluctuating });
    // conductances and C scale together while EL compensates; initial values are known all the same
    for (const name of infer) expect(constant.standardErrors[name]).toBe(Infinity);
    expect(constant.standardErrors['n(0)']).toBeLessThan(0.05);
    expect(constant.weakest.words).toBe('this voltage does not determine gNa, gK, gL, EL and C');
    expect(varying.standardErrors['C']).toBeLessThan(0.02);
  });

  test('a parameter that V does not depend on is unknown, and leaves the others as they are', () => {
    // no sodium current: its reversal potential is without effect
    const silent = { parameters: { gNa: 0 }, infer: ['ENa', 'gL'] };
    const outcome = bound(silent);
    expect(outcome.standardErrors['ENa']).toBe(Infinity);
    expect(outcome.standardErrors['gL']).toBeCloseTo(bound({ ...silent, infer: ['gL'] }).standardErrors['gL']!, 12);
    expect(outcome.weakest.words).toMatch(/ENa$/);
  });

  test('of stretches with initial values of their own: one is as if alone, two alike know twice as much, a silent one adds nothing', () => {
    const own = { ...request, freeInitial: everyState };
    const of = (...requests: [BoundRequest, ...BoundRequest[]]) => {
      const outcome = jointCramerRao(model, requests);
      if (outcome.kind === 'failed') throw new Error(outcome.reason);
      return { errors: conductances.map((name) => outcome.standardErrors[name]!), pair: outcome.correlations[0]! };
    };
    const alone = bound({ freeInitial: everyState });
    const [one, two] = [of(own), of(own, own)];
    expect(one.errors).toEqual(conductances.map((name) => alone.standardErrors[name]));
    expect(one.pair).toEqual(alone.correlations[0]);
    two.errors.forEach((error, k) => expect(error / one.errors[k]!).toBeCloseTo(Math.SQRT1_2, 6));
    expect(two.pair).toMatchObject({ a: 'gNa', b: 'gK' });
    expect(two.pair.value).toBeCloseTo(one.pair.value, 6);
    const silent = of(own, { ...own, counted: new Uint8Array(501) });
    silent.errors.forEach((error, k) => expect(error / one.errors[k]!).toBeCloseTo(1, 6));
  });

  test('a model that cannot be simulated has no bound, as a value', () => {
    expect(cramerRao(model, { ...request, parameters: { gNa: NaN } })).toMatchObject({ kind: 'failed', reason: 'not-finite' });
  });
});
