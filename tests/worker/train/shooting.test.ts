import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { cramerRao } from '../../../worker/simulate/fisher.ts';
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
