import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { priorResidual, type Prior } from '../../../worker/engines/prior.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { cramerRao } from '../../../worker/simulate/fisher.ts';
import { simulate } from '../../../worker/simulate/forward.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';
import { shoot } from '../../../worker/train/shooting.ts';
import type { ShootingOutcome, ShootingProblem, ShootingStart } from '../../../worker/train/shooting.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());
const TRUTH = { gNa: 120, gK: 36, gL: 0.3 };
const infer = ['gNa', 'gK', 'gL'];
const free = { shouldStop: () => false, progress: () => undefined };

function problemOf(noiseMv: number, draw = 0): ShootingProblem {
  const outcome = syntheticUnit({ stimulus: { step: { amplitude: 10 } }, durationMs: 30, noiseMv, draws: 4 }, 0, model, 1);
  if (outcome.kind !== 'unit') throw new Error('the entry is wrong');
  const trace = () => {
    throw new Error('synthetic data need no stored window');
  };
  const observation = observe({ data: outcome.unit, draw, model, objects: { trace } });
  return { ...observation, model, infer, fixed: {}, freeGates: ['h', 'n'] };
}

function startAt(...factors: readonly number[]): ShootingStart {
  const parameters = Object.fromEntries(Object.entries(TRUTH).map(([name, value], p) => [name, value * factors[p]!]));
  return { parameters, initial: { V: -64.5, h: 0.58, n: 0.33 } };
}

function done(outcome: ShootingOutcome) {
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome;
}

describe('shooting', () => {
  test('finds the truth of noiseless data to 1e-6, and the initial values with it', () => {
    const { parameters, initial, rmseMv } = done(shoot(problemOf(0), startAt(1.05, 1.05, 1.1), free));
    for (const [name, value] of Object.entries(TRUTH)) expect(Math.abs(parameters[name]! / value - 1)).toBeLessThan(1e-6);
    expect(initial['V']).toBeCloseTo(-65, 5);
    expect(Object.keys(initial)).toEqual(['V', 'm', 'h', 'n']);
    expect(rmseMv).toBeLessThan(1e-5);
  });

  test('ends at one and the same minimum from different starts', () => {
    const problem = problemOf(1);
    const [a, b] = [startAt(1.05, 1.05, 1.1), startAt(0.96, 0.97, 0.9)].map((start) => done(shoot(problem, start, free)));
    for (const name of infer) {
      expect(Math.abs(a!.parameters[name]! - b!.parameters[name]!)).toBeLessThan(0.01 * a!.standardErrors[name]!);
    }
  });

  test('gives standard errors within a tenth of the Cramer-Rao bound at the truth', () => {
    const problem = problemOf(1);
    const { standardErrors } = done(shoot(problem, startAt(1, 1, 1), free));
    const bound = cramerRao(model, {
      parameters: {},
      infer,
      freeInitial: ['V', 'h', 'n'],
      current: problem.current,
      sampleMs: 0.1,
      sigmaMv: 1,
    });
    if (bound.kind === 'failed') throw new Error(bound.reason);
    for (const [name, value] of Object.entries(TRUTH)) {
      expect(Math.abs(standardErrors[name]! / value / bound.standardErrors[name]! - 1)).toBeLessThan(0.1);
    }
  });

  test('fits several segments at once, each from its own initial state', () => {
    const [one, other] = [problemOf(1), problemOf(1, 1)];
    // the second begins in the middle of its course
    const from = 120;
    const joint: ShootingProblem = {
      ...one,
      voltageMv: Float64Array.of(...one.voltageMv, ...other.voltageMv.subarray(from)),
      current: Float64Array.of(...one.current, ...other.current.subarray(from)),
      segments: [0, one.current.length],
    };
    const alone = done(shoot(one, startAt(1.05, 1.05, 1.1), free));
    const outcome = done(shoot(joint, { ...startAt(1.05, 1.05, 1.1), furtherInitial: [{ V: -60, h: 0.3, n: 0.5 }] }, free));
    for (const [name, value] of Object.entries(TRUTH)) {
      expect(Math.abs(outcome.parameters[name]! - value)).toBeLessThan(3 * outcome.standardErrors[name]!);
      expect(outcome.standardErrors[name]!).toBeLessThan(alone.standardErrors[name]!);
    }
    expect(outcome.furtherInitial).toHaveLength(1);
    expect(Math.abs(outcome.furtherInitial[0]!['V']! - other.voltageMv[from]!)).toBeLessThan(3);
    expect(Math.abs(outcome.rmseMv - 1)).toBeLessThan(0.1);
  });

  test.each([0.5, undefined])('with priors ends where data and priors balance, noise of %s mV', (sigmaMv) => {
    const problem = problemOf(1);
    const priors: readonly Prior[] = [
      { parameter: 0, logarithmic: true, centre: Math.log(100), sd: 0.02 },
      { parameter: 2, logarithmic: false, centre: 0.4, sd: 0.01 },
    ];
    const own = { ...problem, priors, ...(sigmaMv === undefined ? {} : { sigmaMv }) };
    const { parameters, initial, standardErrors, rmseMv } = done(shoot(own, startAt(1, 1, 1), free));
    const variance = (sigmaMv ?? rmseMv) ** 2;
    const cost = (name: string, factor: number): number => {
      const values = { ...parameters, [name]: parameters[name]! * factor };
      const simulated = simulate(model, { parameters: values, initial, current: problem.current, sampleMs: 0.1 });
      if (simulated.kind === 'failed') throw new Error(simulated.reason);
      const misfit = simulated.states['V']!.reduce((sum, V, i) => sum + (V - problem.voltageMv[i]!) ** 2, 0);
      return misfit / variance + priors.reduce((sum, prior) => sum + priorResidual(prior, values[infer[prior.parameter]!]!) ** 2, 0);
    };
    for (const name of infer) {
      // at a minimum a small step either way costs alike; m starts at its steady state either way
      const [down, here, up] = [0.995, 1, 1.005].map((factor) => cost(name, factor));
      expect(Math.abs(up! - down!)).toBeLessThan(0.2 * (up! + down! - 2 * here!));
    }
    expect(parameters['gL']).toBeGreaterThan(done(shoot(problem, startAt(1, 1, 1), free)).parameters['gL']! + 0.005);
    expect(standardErrors['gL']).toBeLessThan(0.01);
  });

  test('says that a parameter which V does not depend on cannot be known', () => {
    const problem = { ...problemOf(1), fixed: { gNa: 0 }, infer: ['ENa', 'gL'] };
    const outcome = done(shoot(problem, { parameters: { ENa: 45, gL: 0.3 }, initial: { V: -65, h: 0.6, n: 0.32 } }, free));
    expect(outcome.standardErrors['ENa']).toBe(Infinity);
    expect(outcome.standardErrors['gL']).toBeGreaterThan(0);
  });

  test('counts its iterations as progress and stops when it is asked to', () => {
    let steps = 0;
    const control = { shouldStop: () => steps === 2, progress: (count: number) => void (steps += count) };
    expect(shoot(problemOf(1), startAt(1.05, 1.05, 1.1), control)).toEqual({ kind: 'interrupted', iterations: 2 });
  });

  test('a start without a forward solution is a failure, as a value', () => {
    const start = startAt(1, 1, 1);
    expect(shoot(problemOf(1), { ...start, initial: { ...start.initial, V: NaN } }, free)).toMatchObject({
      kind: 'failed',
      reason: 'not-finite',
    });
  });
});
