import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../worker/models/library.ts';
import { cramerRao, jointCramerRao, type BoundRequest } from '../../../worker/simulate/fisher.ts';
import { examine } from '../../../worker/train/after-training.ts';
import { assess } from '../../../worker/train/assess.ts';
import type { Candidate } from '../../../worker/train/assess.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';
import { segmentSpans } from '../../../worker/train/segments.ts';
import type { SyntheticCell } from '../../../worker/train/truths.ts';

const { model } = loadModel('hodgkin-huxley', '.');
const truth = { gNa: 120, gK: 36, gL: 0.3 };
const entry: SyntheticCell = { parameters: truth, stimulus: { step: { amplitude: 10 } }, durationMs: 30, noiseMv: 0.5 };
const made = syntheticUnit(entry, 0, model, 1);
if (made.kind === 'violations') throw new Error('the entry is sound');
const trace = (): never => {
  throw new Error('nothing is held out');
};
const candidate: Candidate = {
  model,
  observation: observe({ data: made.unit, draw: 0, model, objects: { trace } }),
  parameters: truth,
  initial: { V: -65 },
  accept: {},
  stationarity: 0,
};
const infer = ['gNa', 'gK', 'gL'];
const asked = { infer, freeGates: ['h', 'n'], heldOut: [], trace };

describe('an accepted replica', () => {
  test('has the bound at its estimate, in units of its parameters, for a noise as large as its misfit', () => {
    const assessment = assess(candidate);
    expect(assessment.verdict.kind).toBe('converged');
    const { bound, rest, heldOut } = examine(candidate, assessment, asked);
    const { current, sampleMs } = candidate.observation;
    const sigmaMv = Math.max(0.5, assessment.predictive!.rmseMv);
    const initial = { V: -65 };
    const expected = cramerRao(model, { parameters: truth, infer, initial, freeInitial: ['V', 'h', 'n'], current, sampleMs, sigmaMv });
    if (expected.kind === 'failed') throw new Error('the bound exists');
    for (const name of infer)
      expect(bound!.standardErrors[name]).toBeCloseTo(expected.standardErrors[name]! * truth[name as keyof typeof truth], 9);
    expect(bound!.weakest).toContain('cannot be told from the noise');
    expect([rest, heldOut]).toEqual([undefined, undefined]);
  });

  test('has no standard error of what V does not determine', () => {
    // without sodium channels their reversal potential is nothing that V could tell
    const blocked = { ...candidate, parameters: { ...truth, gNa: 1e-300 } };
    const { bound } = examine(blocked, assess(candidate), { ...asked, infer: ['ENa', 'gK'] });
    expect(Object.keys(bound!.standardErrors)).toEqual(['gK']);
  });
});

test('of a joint fit every window adds what it knows of the parameters', () => {
  const stimuli: SyntheticCell['stimuli'] = [{ step: { amplitude: 10 } }, { step: { amplitude: 15 } }];
  const { stimulus: _, ...shared } = entry;
  const jointly = syntheticUnit({ ...shared, stimuli, jointly: true }, 0, model, 1);
  if (jointly.kind === 'violations') throw new Error('the entry is sound');
  const observation = observe({ data: jointly.unit, draw: 0, model, objects: { trace } });
  const joint: Candidate = { ...candidate, observation, furtherInitial: [{ V: -65 }] };
  const assessment = assess(joint);
  const { bound } = examine(joint, assessment, asked);
  const [first, second] = segmentSpans(observation.segments, observation.current.length).map(({ from, to }): BoundRequest => ({
    parameters: truth,
    infer,
    initial: { V: -65 },
    freeInitial: ['V', 'h', 'n'],
    current: observation.current.subarray(from, to),
    sampleMs: observation.sampleMs,
    sigmaMv: Math.max(0.5, assessment.predictive!.rmseMv),
  }));
  const [one, two, both] = [cramerRao(model, first!), cramerRao(model, second!), jointCramerRao(model, [first!, second!])];
  if (one.kind === 'failed' || two.kind === 'failed' || both.kind === 'failed') throw new Error('the bounds exist');
  for (const name of infer) {
    expect(bound!.standardErrors[name]! / (both.standardErrors[name]! * truth[name as keyof typeof truth])).toBeCloseTo(1, 9);
    expect(both.standardErrors[name]).toBeLessThan(Math.min(one.standardErrors[name]!, two.standardErrors[name]!));
  }
});

test('a replica that was not accepted is asked nothing', () => {
  const wrong = { ...candidate, parameters: { ...truth, gNa: 60 } };
  const assessment = assess(wrong);
  expect(assessment.verdict.kind).toBe('stopped');
  expect(examine(wrong, assessment, asked)).toEqual({});
});
