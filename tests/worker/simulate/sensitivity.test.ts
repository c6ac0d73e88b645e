import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import type { Model } from '../../../worker/models/model.ts';
import { simulate, steadyGates } from '../../../worker/simulate/forward.ts';
import { openSensitivities } from '../../../worker/simulate/sensitivity.ts';
import type { SensitivityRequest } from '../../../worker/simulate/sensitivity.ts';
import { sampleStimulus } from '../../../worker/simulate/stimuli.ts';

const squid = loadModel('hodgkin-huxley', packageRoot()).model;
const cortical = loadModel('pospischil-rs', packageRoot()).model;
const current = sampleStimulus({ ornsteinUhlenbeck: { mean: 10, sd: 5, tauMs: 3, seed: 1 } }, { samples: 201, sampleMs: 0.1 });
const strong = current.map((value) => 50 * value);

function solved(model: Model, request: SensitivityRequest, values: readonly number[]) {
  const outcome = openSensitivities(model, request).solve(Float64Array.from(values));
  if (outcome.kind === 'failed') throw new Error(outcome.reason);
  return outcome;
}

/** Largest difference of a column to the central difference of `simulate`, as a share of the column's largest value. */
function differenceError(model: Model, request: SensitivityRequest, values: readonly number[], k: number, step: number): number {
  const { infer, freeInitial, sampleMs } = request;
  const at = (delta: number): Float64Array => {
    const moved = values.map((value, j) => (j === k ? value + delta : value));
    const parameters = { ...request.fixed, ...Object.fromEntries(infer.map((name, p) => [name, moved[p]!])) };
    const initial = Object.fromEntries(freeInitial.map((name, s) => [name, moved[infer.length + s]!]));
    const outcome = simulate(model, { parameters, initial, current: request.current, sampleMs, rtol: 1e-11, atol: 1e-11 });
    if (outcome.kind === 'failed') throw new Error(outcome.reason);
    return outcome.states['V']!;
  };
  const [above, below] = [at(step), at(-step)];
  const samples = request.current.length;
  const column = solved(model, request, values).jacobian.subarray(k * samples, (k + 1) * samples);
  const largest = column.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return column.reduce((most, value, i) => Math.max(most, Math.abs(value - (above[i]! - below[i]!) / (2 * step))), 0) / largest;
}

describe('forward sensitivities', () => {
  const steady = steadyGates(squid, {}, -65);
  const everything: SensitivityRequest = {
    fixed: {},
    infer: ['gNa', 'EK', 'C'],
    freeInitial: ['V', 'm', 'h', 'n'],
    current,
    sampleMs: 0.1,
  };
  const values = [120, -77, 1, -65, steady['m']!, steady['h']!, steady['n']!];

  // central differences err by the square of their step: 1e-4 of the parameter is 1e-8 times the curvature, 2e-4 of the column at a spike
  test.each(values.map((value, k) => [k, Math.abs(value) * 2e-5] as const))('column %i equals central differences', (k, step) => {
    expect(differenceError(squid, everything, values, k, step)).toBeLessThan(1e-4);
  });

  test('V is what simulate gives', () => {
    const { V } = solved(squid, everything, values);
    const outcome = simulate(squid, { parameters: {}, current, sampleMs: 0.1 });
    if (outcome.kind === 'failed') throw new Error(outcome.reason);
    expect(Math.max(...V.map((value, i) => Math.abs(value - outcome.states['V']![i]!)))).toBeLessThan(1e-6);
  });

  test('a gate that is tied to its steady state moves with V(0) and with a parameter of its rates', () => {
    // VT shifts the rates of m, h and n of this model; all gates are tied
    const request: SensitivityRequest = { fixed: {}, infer: ['VT', 'gNa'], freeInitial: ['V'], current: strong, sampleMs: 0.1 };
    // at -45 mV inactivation is on its slope
    const start = [-56.2, 6632, -45];
    expect(differenceError(cortical, request, start, 0, 1e-4)).toBeLessThan(1e-4);
    expect(differenceError(cortical, request, start, 2, 1e-4)).toBeLessThan(1e-4);
    expect(openSensitivities(cortical, request).initialStates(Float64Array.from(start))).toEqual({
      V: -45,
      ...steadyGates(cortical, { VT: -56.2 }, -45),
    });
  });

  test('columns of a model with calcium equal central differences, with calcium free at the start and tied', () => {
    const { model: adapting } = loadModel('wang-adapting', packageRoot());
    const pulse = sampleStimulus({ step: { amplitude: 6 } }, { samples: 151, sampleMs: 0.1 });
    const parameters: SensitivityRequest = { fixed: {}, infer: ['influx', 'gCa'], freeInitial: ['V'], current: pulse, sampleMs: 0.1 };
    const tied = [0.02, 3, -45];
    for (const k of [0, 1, 2]) expect(differenceError(adapting, parameters, tied, k, Math.abs(tied[k]!) * 2e-5)).toBeLessThan(1e-3);
    const free = { ...parameters, freeInitial: ['V', 'Ca'] };
    expect(differenceError(adapting, free, [...tied, 2], 3, 1e-4)).toBeLessThan(1e-3);
  });

  test('known initial values are held', () => {
    const initial = { V: -60, h: 0.5 };
    const request = { ...everything, freeInitial: [], initial };
    const { V, jacobian } = solved(squid, request, [120, -77, 1]);
    const outcome = simulate(squid, { parameters: {}, initial, current, sampleMs: 0.1 });
    if (outcome.kind === 'failed') throw new Error(outcome.reason);
    expect(Math.max(...V.map((value, i) => Math.abs(value - outcome.states['V']![i]!)))).toBeLessThan(1e-6);
    expect([jacobian[0], jacobian[201], jacobian[402]]).toEqual([0, 0, 0]);
  });

  test('coupled to a measured V the solution is drawn to it, and its columns are the slopes of that solution', () => {
    const towardsMv = Float64Array.from({ length: 201 }, (_, i) => -60 + 20 * Math.sin(i / 20));
    const request = { ...everything, freeInitial: ['V', 'h'], coupling: { perMs: 50, towardsMv } };
    const at = [60, -77, 1, -65, 0.6];
    const { V, jacobian } = solved(squid, request, at);
    expect(Math.max(...V.subarray(20).map((value, i) => Math.abs(value - towardsMv[i + 20]!)))).toBeLessThan(6);
    for (const [k, step] of [1e-3, 1e-3, 1e-5, 1e-3, 1e-5].entries()) {
      const moved = (by: number) => solved(squid, request, at.with(k, at[k]! + by)).V;
      const [above, below] = [moved(step), moved(-step)];
      const column = jacobian.subarray(k * 201, (k + 1) * 201);
      const largest = Math.max(...column.map(Math.abs));
      column.forEach((slope, i) => expect(Math.abs(slope - (above[i]! - below[i]!) / (2 * step))).toBeLessThan(2e-4 * largest));
    }
  });

  test('a solution that breaks down is a value, with its time', () => {
    const outcome = openSensitivities(squid, everything).solve(Float64Array.from([NaN, -77, 1, -65, 0, 1, 0]));
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'not-finite', atMs: 0 });
  });
});
