import { describe, expect, test } from 'vitest';
import { edgesMs } from '../../../worker/recordings/edges.ts';
import { findCrossings, spikeTimes } from '../../../worker/recordings/spikes.ts';

describe('a spike', () => {
  test('is an upward crossing of -10 mV, at the interpolated time', () => {
    expect(spikeTimes([-70, -60, -30, 30, 10, -70], 0.1)).toEqual([expect.closeTo(0.2 + 0.1 / 3, 9)]);
  });

  test('needs a return below -20 mV since the last crossing', () => {
    expect(spikeTimes([-70, 0, -15, 0, -15, 0, -70], 2)).toHaveLength(1);
    expect(spikeTimes([-70, 0, -25, 0, -15, 0, -70], 2)).toHaveLength(2);
  });

  test('is not counted at the start of a trace that never was below', () => {
    expect(spikeTimes([-15, 0, 30, -60, 30], 2)).toEqual([expect.closeTo(6 + (2 * 50) / 90, 9)]);
    expect(spikeTimes([30, 30], 1)).toEqual([]);
  });

  test('comes at least a millisecond after the one before', () => {
    const train = [-70, 30, -70, 30, -70, 30, -70, 30];
    expect(spikeTimes(train, 0.5)).toHaveLength(4);
    expect(spikeTimes(train, 0.4)).toHaveLength(2);
  });

  test('that touches the threshold counts', () => {
    expect(spikeTimes([-70, -10, -70], 1)).toEqual([1]);
  });

  test('may have other thresholds', () => {
    expect(spikeTimes([-70, -35, -70], 1)).toEqual([]);
    expect(spikeTimes([-70, -35, -70], 1, { thresholdMv: -40, rearmMv: -50 })).toHaveLength(1);
  });

  test('is none in an empty or constant trace', () => {
    expect(spikeTimes([], 1)).toEqual([]);
    expect(spikeTimes(new Float64Array(50).fill(-70), 1)).toEqual([]);
  });

  test('is told from a crossing that rides on an edge of the current', () => {
    const voltage = [-70, -70, -70, 30, -70, -70, 30, -70];
    expect(findCrossings(voltage, 1, { edgesMs: [0, 5.5] })).toEqual({
      spikesMs: [expect.closeTo(2.6, 9)],
      edgeCrossingsMs: [expect.closeTo(5.6, 9)],
    });
  });
});

test('a crossing where V is not known is no spike', () => {
  expect(findCrossings([-70, 30, -70, 30, -70], 1, { ignored: [[1, 2]] })).toEqual({ spikesMs: [2.6], edgeCrossingsMs: [0.6] });
});

describe('edges of the current', () => {
  const stimulus = { source: 'header', channel: 'Cmd 0', unit: 'pA', kind: 'pulses' } as const;

  test('are the last samples before its jumps', () => {
    expect(edgesMs({ current: Float64Array.of(0, 0, 5, 5, 0, 0), sampleMs: 2, stimulus })).toEqual([2, 6]);
  });

  test('are none in a ramp, in a constant and in a measured current', () => {
    const ramp = Float64Array.from({ length: 100 }, (_, i) => i);
    expect(edgesMs({ current: ramp, sampleMs: 1, stimulus })).toEqual([]);
    expect(edgesMs({ current: new Float64Array(9), sampleMs: 1, stimulus })).toEqual([]);
    expect(edgesMs({ current: Float64Array.of(0, 5, 0), sampleMs: 1, stimulus: { ...stimulus, source: 'stored' } })).toEqual([]);
  });
});
