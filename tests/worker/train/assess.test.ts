import { describe, expect, test } from 'vitest';
import { chi2Limit, STANDARD_ACCEPT } from '../../../schemas/acceptance.ts';
import type { Accept, Predictive } from '../../../schemas/generated/types.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { assess, judge, STATIONARY_WITHIN } from '../../../worker/train/assess.ts';
import type { Candidate } from '../../../worker/train/assess.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';
import type { SyntheticCell } from '../../../worker/train/truths.ts';

const { model } = loadModel('hodgkin-huxley', '.');
const truth = { gNa: 110, gK: 33, gL: 0.35 };
const entry: SyntheticCell = { parameters: truth, stimulus: { step: { amplitude: 10 } }, durationMs: 50, noiseMv: 0.5, draws: 100 };
const outcome = syntheticUnit(entry, 0, model, 1);
if (outcome.kind === 'violations') throw new Error('the entry is sound');
const data = outcome.unit;
const objects = {
  trace: () => {
    throw new Error('no traces here');
  },
};
const candidate: Candidate = {
  model,
  observation: observe({ data, draw: 0, model, objects }),
  parameters: truth,
  initial: { V: -65 },
  accept: {},
  stationarity: 0.001,
};

describe('predictive check', () => {
  test('the truth itself is accepted, with chi2 near one and every spike met', () => {
    const { predictive, simulatedV, verdict } = assess(candidate);
    expect(verdict).toEqual({ kind: 'converged' });
    expect(predictive?.chi2).toBeCloseTo(1, 0);
    expect(predictive?.rmseMv).toBeCloseTo(0.5 * Math.sqrt(predictive!.chi2), 12);
    expect(predictive?.spikes).toEqual({ observed: 4, simulated: 4 });
    expect(predictive?.coincidence).toBeCloseTo(1, 12);
    expect(simulatedV).toEqual(candidate.observation.truth?.states['V']);
  });

  test('the automatic limit lets the truth pass in every one of 20 noise draws, and a conductance that is 10 % off does not', () => {
    for (let draw = 0; draw < 20; draw++) {
      const observation = observe({ data, draw, model, objects });
      expect(assess({ ...candidate, observation }).verdict.kind).toBe('converged');
    }
    expect(assess({ ...candidate, parameters: { ...truth, gNa: 121 } }).verdict).toEqual({ kind: 'stopped', reason: 'chi2' });
  });

  test('initial values are those of the candidate', () => {
    const { simulatedV } = assess({ ...candidate, initial: { V: -60, m: 0.1, h: 0.5, n: 0.4 } });
    expect(simulatedV?.[0]).toBe(-60);
  });

  test.each([
    ['a parameter that is not a number', { parameters: { ...truth, gL: NaN } }],
    ['an infinite initial value', { initial: { V: Infinity } }],
    ['a membrane without capacitance', { parameters: { ...truth, C: 0 } }],
  ])('%s is stopped as simulation-failed, whatever the filter', (_label, changed) => {
    const accept: Accept = { chi2: 'off', rmseMv: 'off', spikes: 'off' };
    const { predictive, simulatedV, verdict } = assess({ ...candidate, accept, ...changed });
    expect(verdict).toEqual({ kind: 'stopped', reason: 'simulation-failed' });
    expect(predictive).toBeUndefined();
    expect(simulatedV).toBeUndefined();
  });

  test('a simulation without a spike, of data that have some, is stopped whatever the filter', () => {
    // a block of the sodium channels: the network may still fit V with these, and every replica may find the same
    const accept: Accept = { chi2: 'off', rmseMv: 'off', spikes: 'off' };
    const { predictive, verdict } = assess({ ...candidate, accept, parameters: { ...truth, gNa: 5 } });
    expect(predictive?.spikes).toEqual({ observed: 4, simulated: 0 });
    expect(verdict).toEqual({ kind: 'stopped', reason: 'no-spikes' });
  });

  test('a simulation that goes up and stays there is none that spikes', () => {
    // without potassium channels, and the sodium channels inactivated but for the first rise
    const accept: Accept = { chi2: 'off', rmseMv: 'off', spikes: 'off' };
    const { predictive, verdict } = assess({ ...candidate, accept, parameters: { ...truth, gK: 0.1, gL: 0.01, gNa: 300 } });
    expect(predictive?.spikes.simulated).toBe(1);
    expect(verdict).toEqual({ kind: 'stopped', reason: 'no-spikes' });
  });

  test('data without a spike do not ask for one', () => {
    const silent = { ...entry, stimulus: { step: { amplitude: 2 } } };
    const unit = syntheticUnit(silent, 0, model, 1);
    if (unit.kind === 'violations') throw new Error('the entry is sound');
    const observation = observe({ data: unit.unit, draw: 0, model, objects });
    expect(assess({ ...candidate, observation }).verdict).toEqual({ kind: 'converged' });
  });

  test('chi2 is counted in the spread of spike shapes where that is the yardstick, and auto allows three of them', () => {
    const observation = { ...candidate.observation, spikeShapeMv: 0.25 };
    const accept: Accept = { yardstick: 'spikeShape' };
    const found = assess({ ...candidate, observation, accept });
    expect(found.predictive?.chi2).toBeCloseTo((found.predictive!.rmseMv / 0.25) ** 2, 12);
    expect(found.verdict).toEqual({ kind: 'converged' });
    expect(assess({ ...candidate, observation: { ...observation, spikeShapeMv: 0.15 }, accept }).verdict).toEqual({
      kind: 'stopped',
      reason: 'chi2',
    });
  });

  test('spikes coincide within the tolerance of the filter, and auto is a tenth of the interval where that is less than 2 ms', () => {
    // intervals of 14.6 ms
    expect(assess(candidate).predictive?.toleranceMs).toBeCloseTo(1.46, 1);
    expect(assess({ ...candidate, accept: { coincidenceMs: 0.5 } }).predictive?.toleranceMs).toBe(0.5);
    expect(assess(candidate).predictive?.timing?.worstMs).toBeLessThan(0.1);
  });

  test('segments are simulated each from its own state, and no spike spans two', () => {
    const { observation } = candidate;
    const twice = (values: Float64Array): Float64Array => Float64Array.from([...values, ...values]);
    const double = {
      ...observation,
      voltageMv: twice(observation.voltageMv),
      current: twice(observation.current),
      segments: Int32Array.of(0, 501),
    };
    const found = assess({ ...candidate, observation: double, furtherInitial: [candidate.initial] });
    expect(found.predictive?.spikes).toEqual({ observed: 8, simulated: 8 });
    expect(found.predictive?.coincidence).toBeCloseTo(1, 12);
    expect(found.predictive?.rmseMv).toBeCloseTo(assess(candidate).predictive!.rmseMv, 12);
    expect(assess({ ...candidate, observation: double, furtherInitial: [{ V: -30 }] }).verdict.kind).toBe('stopped');
  });

  test('data that are not a number are never matched', () => {
    const observation = { ...candidate.observation, voltageMv: candidate.observation.voltageMv.with(100, NaN) };
    expect(assess({ ...candidate, observation, accept: { chi2: 'off', spikes: 'off' } }).verdict.kind).toBe('stopped');
  });
});

describe('acceptance filter', () => {
  const good: Predictive = { rmseMv: 1, chi2: 1, spikes: { observed: 4, simulated: 4 }, coincidence: 1 };
  const verdict = (changed: Partial<Predictive>, accept: Accept = {}, stationarity = 0) =>
    judge({ ...good, ...changed }, 501, { ...STANDARD_ACCEPT, ...accept }, stationarity);
  const passed = { kind: 'converged' };
  const stopped = (reason: string) => ({ kind: 'stopped', reason });

  test('auto allows chi2/N up to 1 + 3 sqrt(2/N)', () => {
    expect(chi2Limit('auto', 200)).toBeCloseTo(1.3, 12);
    expect(verdict({ chi2: chi2Limit('auto', 501) })).toEqual(passed);
    expect(verdict({ chi2: chi2Limit('auto', 501) + 1e-9 })).toEqual(stopped('chi2'));
  });

  test('a chi2 given as a number is the limit, and off does not test', () => {
    expect(verdict({ chi2: 7 }, { chi2: 7 })).toEqual(passed);
    expect(verdict({ chi2: 7.1 }, { chi2: 7 })).toEqual(stopped('chi2'));
    expect(verdict({ chi2: 1e9 }, { chi2: 'off' })).toEqual(passed);
  });

  test('rmse is tested when a limit is given', () => {
    expect(verdict({ rmseMv: 2 })).toEqual(passed);
    expect(verdict({ rmseMv: 2 }, { rmseMv: 2 })).toEqual(passed);
    expect(verdict({ rmseMv: 2.1 }, { rmseMv: 2 })).toEqual(stopped('rmse'));
  });

  test('spikes must be equal, or within a number, or are not tested', () => {
    const spikes = { observed: 4, simulated: 6 };
    expect(verdict({ spikes })).toEqual(stopped('spikes'));
    expect(verdict({ spikes }, { spikes: 1 })).toEqual(stopped('spikes'));
    expect(verdict({ spikes }, { spikes: 2 })).toEqual(passed);
    expect(verdict({ spikes: { observed: 6, simulated: 4 } }, { spikes: 2 })).toEqual(passed);
    expect(verdict({ spikes }, { spikes: 'off' })).toEqual(passed);
    expect(verdict({ spikes: { observed: 4, simulated: 8 } }, { spikes: 'off' })).toEqual(passed);
    expect(verdict({ spikes: { observed: 4, simulated: 9 } }, { spikes: 'off' })).toEqual(stopped('spikes'));
    expect(verdict({ spikes: { observed: 5, simulated: 2 } }, { spikes: 'off' })).toEqual(stopped('spikes'));
    expect(verdict({ spikes: { observed: 0, simulated: 9 } }, { spikes: 'off' })).toEqual(passed);
  });

  test('parameters that still move are not stationary', () => {
    expect(verdict({}, {}, STATIONARY_WITHIN)).toEqual(passed);
    expect(verdict({}, {}, STATIONARY_WITHIN * 1.01)).toEqual(stopped('not-stationary'));
  });

  test('NaN passes no test', () => {
    expect(verdict({ chi2: NaN })).toEqual(stopped('chi2'));
    expect(verdict({ rmseMv: NaN }, { rmseMv: 1 })).toEqual(stopped('rmse'));
    expect(verdict({ spikes: { observed: NaN, simulated: 4 } })).toEqual(stopped('spikes'));
    expect(verdict({ spikes: { observed: 4, simulated: NaN } })).toEqual(stopped('no-spikes'));
    expect(verdict({}, {}, NaN)).toEqual(stopped('not-stationary'));
  });

  test('the first test that fails gives the reason', () => {
    const all = { chi2: 9, rmseMv: 9, spikes: { observed: 1, simulated: 2 } };
    expect(verdict({ ...all, spikes: { observed: 1, simulated: 0 } }, { rmseMv: 1 }, 1)).toEqual(stopped('no-spikes'));
    expect(verdict(all, { rmseMv: 1 }, 1)).toEqual(stopped('chi2'));
    expect(verdict({ ...all, chi2: 1 }, { rmseMv: 1 }, 1)).toEqual(stopped('rmse'));
    expect(verdict({ ...all, chi2: 1, rmseMv: 1 }, { rmseMv: 1 }, 1)).toEqual(stopped('spikes'));
    expect(verdict({}, {}, 1)).toEqual(stopped('not-stationary'));
  });
});
