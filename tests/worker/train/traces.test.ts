import { expect, test } from 'vitest';
import type { Observation } from '../../../worker/train/observation.ts';
import { tracesOf } from '../../../worker/train/traces.ts';

function observationOf(samples: number): Observation {
  const tMs = Float64Array.from({ length: samples }, (_, i) => 0.1 * i);
  return { segments: Int32Array.of(0), tMs, voltageMv: tMs, current: tMs, sampleMs: 0.1, sigmaMv: 1 };
}

const V = Float64Array.from({ length: 11 }, (_, i) => -65 + i);

test('the first and the last sample are kept, and others evenly between them', () => {
  const { tMs, states } = tracesOf(observationOf(11), { V }, undefined, 3);
  expect(tMs).toEqual([0, 0.5, 1]);
  expect(states).toEqual({ V: [-65, -60, -55] });
});

test.each([11, 12, 1000])('all of 11 samples are kept where %i are asked for', (points) => {
  expect(tracesOf(observationOf(11), { V }, undefined, points).states['V']).toEqual([...V]);
});

test('values have five digits', () => {
  const { states } = tracesOf(observationOf(2), { m: Float64Array.of(0.123456789, 1 / 3e6) }, undefined, 2);
  expect(states['m']).toEqual([0.12346, 3.3333e-7]);
});

test('V of the simulation is there where it ran through', () => {
  expect(tracesOf(observationOf(11), { V }, V, 2).simulatedV).toEqual([-65, -55]);
  expect(tracesOf(observationOf(11), { V }, undefined, 2)).not.toHaveProperty('simulatedV');
});
