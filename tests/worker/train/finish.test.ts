import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { simulate } from '../../../worker/simulate/forward.ts';
import { assess } from '../../../worker/train/assess.ts';
import type { Candidate } from '../../../worker/train/assess.ts';
import { finish } from '../../../worker/train/finish.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());
const infer = ['gNa', 'gK', 'gL'];
const freeGates = ['h', 'n'];
const control = { shouldStop: () => false, progress: () => undefined };

const outcome = syntheticUnit({ stimulus: { step: { amplitude: 10 } }, durationMs: 30, noiseMv: 1 }, 0, model, 1);
if (outcome.kind !== 'unit') throw new Error('the entry is wrong');
const trace = () => {
  throw new Error('synthetic data need no stored window');
};
const observation = observe({ data: outcome.unit, draw: 0, model, objects: { trace } });

/** A network's estimate that is off by a few standard errors. */
function candidateOf(gNa: number, changes: Partial<Candidate> = {}): Candidate {
  const own = Object.fromEntries(model.parameters.map(({ name, value }) => [name, value]));
  const initial = { V: -64.8, m: 0.06, h: 0.59, n: 0.32 };
  return { model, observation, parameters: { ...own, gNa, gK: 37, gL: 0.33 }, initial, accept: {}, stationarity: 0.2, ...changes };
}

function finished(candidate: Candidate) {
  const ended = finish({ candidate, infer, freeGates, priors: [], noise: 'known', control });
  if (ended === 'interrupted') throw new Error(ended);
  return ended;
}

describe('finish: shooting', () => {
  const candidate = candidateOf(124);
  const before = assess(candidate);
  const { candidate: after, assessment, estimate, network, iterations } = finished(candidate);

  test('lowers chi2 to that of the noise and judges by the new estimate', () => {
    expect(before.verdict.kind).toBe('stopped');
    expect(assessment.verdict).toEqual({ kind: 'converged' });
    expect(assessment.predictive!.chi2).toBeLessThan(1.2);
    expect(after.stationarity).toBeLessThan(0.01);
    expect(iterations).toBeGreaterThan(0);
    expect(estimate.shooting).toEqual({ outcome: 'taken', iterations });
  });

  test('gives standard errors of the inferred parameters alone', () => {
    expect(Object.keys(estimate.standardErrors!)).toEqual(infer);
    expect(Math.abs(after.parameters['gNa']! - 120)).toBeLessThan(4 * estimate.standardErrors!['gNa']!);
  });

  test("keeps the network's own estimate and chi2 beside it", () => {
    expect(network).toEqual({ parameters: { gNa: 124, gK: 37, gL: 0.33 }, initial: candidate.initial, chi2: before.predictive!.chi2 });
  });

  test('leaves fixed parameters where they are', () => {
    for (const name of ['ENa', 'EK', 'EL', 'C']) expect(after.parameters[name]).toBe(candidate.parameters[name]);
  });

  test('from its own minimum is taken for its standard errors', () => {
    const { candidate: again, estimate: same } = finished(after);
    expect(same.shooting!.outcome).toBe('taken');
    expect(same.standardErrors!['gNa']! / estimate.standardErrors!['gNa']!).toBeCloseTo(1, 3);
    expect(again.parameters['gNa']! / after.parameters['gNa']!).toBeCloseTo(1, 4);
  });

  test('that ends higher leaves the estimate and says so', () => {
    // data that start with m far from its steady state, which shooting ties it to
    const initial = { V: -65, m: 0.9, h: 0.6, n: 0.32 };
    const simulation = simulate(model, { parameters: {}, initial, current: observation.current, sampleMs: 0.1 });
    if (simulation.kind === 'failed') throw new Error(simulation.reason);
    const exact = candidateOf(120, { observation: { ...observation, voltageMv: simulation.states['V']! }, initial });
    const own = { ...exact, parameters: { ...exact.parameters, gK: 36, gL: 0.3 } };
    const { candidate: kept, estimate: higher } = finished(own);
    expect(kept).toBe(own);
    expect(higher).toEqual({ shooting: { outcome: 'worse', iterations: higher.shooting!.iterations } });
  });

  test('that cannot start leaves the estimate and says so', () => {
    const unstartable = candidateOf(124, { initial: { V: NaN, m: 0, h: 0, n: 0 } });
    const { candidate: kept, assessment: verdict, estimate: none, network: own } = finished(unstartable);
    expect(kept).toBe(unstartable);
    expect(none).toEqual({ shooting: { outcome: 'failed', iterations: 0 } });
    expect(verdict.verdict).toEqual({ kind: 'stopped', reason: 'simulation-failed' });
    expect(own).not.toHaveProperty('chi2');
  });

  test('that is stopped has no result', () => {
    expect(finish({ candidate, infer, freeGates, priors: [], noise: 'known', control: { ...control, shouldStop: () => true } })).toBe(
      'interrupted',
    );
  });
});
