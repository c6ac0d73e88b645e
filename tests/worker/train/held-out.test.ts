import { describe, expect, test } from 'vitest';
import type { HeldOut, TraceObject } from '../../../schemas/generated/types.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { simulate } from '../../../worker/simulate/forward.ts';
import { scoreHeldOut, simulateStretch } from '../../../worker/train/held-out.ts';
import { rootMeanSquare } from '../../../worker/train/root-mean-square.ts';

const { model } = loadModel('hodgkin-huxley', '.');
const parameters = { gNa: 110, gK: 33, gL: 0.35 };
const sampleMs = 0.05;

/** V of a step from 20 ms on, with `lift` mV added to some samples. */
function stretch(durationMs: number, lift: (i: number) => number = () => 0): TraceObject {
  const current = Array.from({ length: Math.round(durationMs / sampleMs) }, (_, i) => (i * sampleMs < 20 ? 0 : 12));
  const outcome = simulate(model, { parameters, current: Float64Array.from(current), sampleMs });
  if (outcome.kind === 'failed') throw new Error('the truth has a solution');
  const voltageMv = Array.from(outcome.states['V']!, (V, i) => V + lift(i));
  return { startMs: 0, sampleMs, voltageMv: voltageMv as TraceObject['voltageMv'], current: current as TraceObject['current'] };
}

const hash = (digit: string): string => digit.repeat(64);
function scores(stretches: Record<string, TraceObject>, list: readonly HeldOut[], changed: Record<string, number> = {}) {
  return scoreHeldOut(list, { model, parameters: { ...parameters, ...changed }, accept: {}, trace: (object) => stretches[object]! });
}

describe('stretches that are held out', () => {
  test('the right parameters meet a sweep that starts at rest, spike by spike', () => {
    const { heldOut, rest } = scores({ [hash('a')]: stretch(200) }, [{ label: 'sweep 2', object: hash('a') }]);
    expect(rest).toBeUndefined();
    expect(heldOut).toHaveLength(1);
    expect(heldOut![0]).toMatchObject({ label: 'sweep 2', score: { spikes: { observed: 14, simulated: 14 } } });
    expect(heldOut![0]!.score!.coincidence).toBeCloseTo(1, 9);
    expect(heldOut![0]!.score!.rmseMv).toBeLessThan(0.05);
    expect(heldOut![0]!.score!.timing!.worstMs).toBeLessThan(0.001);
    expect(heldOut![0]!.score!.features!.simulated.amplitudeMv).toBeCloseTo(heldOut![0]!.score!.features!.observed.amplitudeMv!, 1);
  });

  test('wrong parameters do not', () => {
    const { heldOut } = scores({ [hash('a')]: stretch(200) }, [{ label: 'sweep 2', object: hash('a') }], { gK: 25 });
    expect(heldOut![0]!.score!.coincidence).toBeLessThan(0.8);
  });

  test('the rest of a sweep leaves out what was fitted', () => {
    const lifted = stretch(200, (i) => (i >= 1000 && i <= 1999 ? 50 : 0));
    const fitted = (window: [number, number]) =>
      scores({ [hash('b')]: lifted }, [{ label: 'rest', object: hash('b'), fitted: [window] }]).rest![0]!.score!;
    expect(fitted([1000, 1999]).rmseMv).toBeLessThan(0.05);
    expect(fitted([1000, 1999]).spikes.observed).toBe(11);
    expect(fitted([1000, 1998]).rmseMv).toBeGreaterThan(0.5);
  });

  test('the first 10 ms do not count, or the first tenth of a short stretch', () => {
    const lifted = stretch(200, (i) => (i > 0 && i < 200 ? 50 : 0));
    expect(scores({ [hash('c')]: lifted }, [{ label: 'x', object: hash('c') }]).heldOut![0]!.score!.rmseMv).toBeLessThan(0.05);
    const short = stretch(40, (i) => (i > 0 && i < 80 ? 50 : 0));
    expect(scores({ [hash('c')]: short }, [{ label: 'x', object: hash('c') }]).heldOut![0]!.score!.rmseMv).toBeLessThan(0.05);
    const later = stretch(40, (i) => (i === 80 ? 50 : 0));
    expect(scores({ [hash('c')]: later }, [{ label: 'x', object: hash('c') }]).heldOut![0]!.score!.rmseMv).toBeGreaterThan(1);
  });

  test('a simulation that does not run through, or a stretch that was all fitted, has no score', () => {
    expect(scores({ [hash('d')]: stretch(50) }, [{ label: 'x', object: hash('d') }], { gL: NaN }).heldOut).toEqual([{ label: 'x' }]);
    expect(scores({ [hash('d')]: stretch(50) }, [{ label: 'x', object: hash('d'), fitted: [[0, 2000]] }]).rest).toEqual([{ label: 'x' }]);
  });

  test('the looser tolerance of long simulations costs less than 0.01 mV', () => {
    const long = stretch(1000);
    const loose = simulateStretch(long, { model, parameters })!;
    expect(rootMeanSquare(loose, Float64Array.from(long.voltageMv))).toBeLessThan(0.01);
  });
});
