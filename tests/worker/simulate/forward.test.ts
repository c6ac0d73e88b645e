import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { spikeTimes } from '../../../worker/recordings/spikes.ts';
import { simulate, steadyGates } from '../../../worker/simulate/forward.ts';
import type { Simulation } from '../../../worker/simulate/forward.ts';

interface GoldenCase {
  label: string;
  model: string;
  parameters: Record<string, number>;
  initial: Record<string, number>;
  sampleMs: number;
  current: number[];
  every: number;
  states: Record<string, number[]>;
}
// made by tests/golden/forward.py; the shape is stated there
const golden = JSON.parse(readFileSync(join(packageRoot(), 'tests/golden/forward.json'), 'utf8')) as { cases: GoldenCase[] };

const { model } = loadModel('hodgkin-huxley', '.');
const constant: Simulation = { parameters: {}, current: new Float64Array(501).fill(10), sampleMs: 0.1 };

function solve(simulation: Simulation) {
  const outcome = simulate(model, simulation);
  if (outcome.kind === 'failed') throw new Error(`${outcome.reason} at ${outcome.atMs} ms`);
  return outcome.states;
}

describe('forward solution', () => {
  test.each(golden.cases)('$model under $label current agrees with SciPy at rtol 1e-11', (reference) => {
    const outcome = simulate(loadModel(reference.model, '.').model, { ...reference, current: Float64Array.from(reference.current) });
    if (outcome.kind === 'failed') throw new Error(outcome.reason);
    for (const [state, expected] of Object.entries(reference.states)) {
      const errors = expected.map((value, k) => outcome.states[state]![k * reference.every]! - value);
      const rmse = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
      if (process.env['SHOW']) console.log(reference.model, reference.label, state, rmse, Math.max(...errors.map(Math.abs)));
      // tolerance 1e-9 per step; spikes amplify timing errors by up to 400 mV/ms
      expect(rmse).toBeLessThan(state === 'V' ? 1e-6 : 1e-8);
    }
  });

  test('50 ms of 10 uA/cm2 give four spikes', () => {
    expect(spikeTimes(solve(constant)['V']!, 0.1)).toHaveLength(4);
  });

  test('without a stimulus the neuron stays at rest', () => {
    const { V } = solve({ ...constant, current: new Float64Array(501) });
    for (const value of V!) expect(Math.abs(value + 65)).toBeLessThan(0.01);
  });

  test('V starts at the model rest and gates at their steady state, unless they are given', () => {
    const start = (simulation: Simulation) =>
      Object.fromEntries(Object.entries(solve(simulation)).map(([name, values]) => [name, values[0]]));
    expect(start(constant)).toEqual({ V: -65, ...steadyGates(model, {}, -65) });
    expect(start({ ...constant, initial: { V: -70 } })).toEqual({ V: -70, ...steadyGates(model, {}, -70) });
    expect(start({ ...constant, initial: { V: -60, n: 0.5 } })).toEqual({ V: -60, ...steadyGates(model, {}, -60), n: 0.5 });
  });

  test('at a steady state gates have no slope', () => {
    // alpha (1 - x) = beta x for h at -65 mV: 0.07 (1 - h) = h / (1 + e^3)
    const beta = 1 / (1 + Math.exp(3));
    expect(steadyGates(model, {}, -65)['h']).toBeCloseTo(0.07 / (0.07 + beta), 14);
  });

  test('halving the sample interval of a linear current changes nothing but the grid', () => {
    const ramp = (samples: number, sampleMs: number) =>
      solve({ ...constant, current: Float64Array.from({ length: samples }, (_, i) => 0.4 * i * sampleMs), sampleMs })['V']!;
    const coarse = ramp(501, 0.1);
    const fine = ramp(1001, 0.05);
    for (let i = 0; i < 501; i++) expect(Math.abs(coarse[i]! - fine[2 * i]!)).toBeLessThan(1e-5);
  });

  test.each([
    ['a parameter that is not a number', { parameters: { gNa: NaN } }],
    ['an infinite parameter', { parameters: { gK: Infinity } }],
    ['an initial value that is not a number', { initial: { V: NaN } }],
    ['a current that is not a number', { current: new Float64Array(501).fill(NaN) }],
    ['a membrane without capacitance', { parameters: { C: 0 } }],
  ])('%s is a failure as a value', (_label, changed) => {
    expect(simulate(model, { ...constant, ...changed })).toMatchObject({ kind: 'failed', reason: 'not-finite', atMs: 0 });
  });

  test('parameters far too stiff for an explicit method end at the step limit', () => {
    const outcome = simulate(model, { ...constant, parameters: { gL: 1e6 } });
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'step-limit' });
  });

  test('a name that the model does not have is a bug of the caller', () => {
    expect(() => simulate(model, { ...constant, parameters: { gna: 1 } })).toThrow(/internal: .* gna/);
    expect(() => simulate(model, { ...constant, initial: { q: 1 } })).toThrow(/internal: .* q/);
  });
});
