import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { randomStream } from '../../../schemas/random.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { simulate, steadyGates } from '../../../worker/simulate/forward.ts';
import { meetsSpikes, shootCoupled, shootToSpikes } from '../../../worker/train/coupled-shooting.ts';
import { shoot, type ShootingOutcome, type ShootingProblem, type ShootingStart } from '../../../worker/train/shooting.ts';

const { model } = loadModel('hodgkin-huxley', packageRoot());
const TRUTH = { gNa: 120, gK: 36, gL: 0.3 };
const infer = ['gNa', 'gK', 'gL'];
const free = { shouldStop: () => false, progress: () => undefined };

/** Three spikes in 40 ms, 1 mV of noise. */
function problemOf(draw: number): ShootingProblem {
  const current = new Float64Array(401).fill(10);
  const simulation = simulate(model, { parameters: TRUTH, current, sampleMs: 0.1 });
  if (simulation.kind === 'failed') throw new Error(simulation.reason);
  const noise = randomStream(draw, 'noise');
  const voltageMv = simulation.states['V']!.map((V, i) => V + noise.normal(i));
  return { model, infer, fixed: {}, freeGates: ['h', 'n'], voltageMv, current, sampleMs: 0.1, segments: [0], tolerance: 1e-6 };
}

function startOf({ voltageMv }: ShootingProblem, [gNa, gK, gL]: readonly [number, number, number]): ShootingStart {
  const V = voltageMv[0]!;
  return { parameters: { gNa, gK, gL }, initial: { V, ...steadyGates(model, { gNa, gK, gL }, V) } };
}

function done(outcome: ShootingOutcome) {
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome;
}

describe('shooting through a train of spikes', () => {
  // silent all of them: plain shooting ends at 20 mV or more
  test.each([
    { draw: 1, from: [60, 200, 1] },
    { draw: 2, from: [40, 200, 1] },
    { draw: 3, from: [100, 300, 0.1] },
  ] as const)('draw $draw from $from: plain shooting misses the train, coupled shooting meets it', ({ draw, from }) => {
    const problem = problemOf(draw);
    const start = startOf(problem, from);
    const plain = done(shoot(problem, start, free));
    expect(plain.rmseMv).toBeGreaterThan(10);
    expect(meetsSpikes(problem, plain)).toBe(false);
    const outcome = done(shootToSpikes(problem, start, free));
    expect(meetsSpikes(problem, outcome)).toBe(true);
    expect(outcome.rmseMv).toBeLessThan(1.1);
    for (const [name, value] of Object.entries(TRUTH))
      expect(Math.abs(outcome.parameters[name]! - value)).toBeLessThan(5 * outcome.standardErrors[name]!);
  });

  test('where plain shooting meets the spikes, it is plain shooting to the last bit', () => {
    const problem = problemOf(1);
    const start = startOf(problem, [124, 37, 0.32]);
    expect(shootToSpikes(problem, start, free)).toEqual(shoot(problem, start, free));
  });

  test('stops between its stages when it is asked to', () => {
    const problem = problemOf(1);
    let steps = 0;
    const control = { shouldStop: () => steps >= 12, progress: (count: number) => void (steps += count) };
    expect(shootCoupled(problem, startOf(problem, [60, 200, 1]), control)).toEqual({ kind: 'interrupted', iterations: 12 });
  });
});
