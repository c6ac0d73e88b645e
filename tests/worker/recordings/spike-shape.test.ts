import { describe, expect, test } from 'vitest';
import { edgesMs } from '../../../worker/recordings/edges.ts';
import { importRecording } from '../../../worker/recordings/importers.ts';
import { spikeShapeSpread } from '../../../worker/recordings/spike-shape.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';

const sampleMs = 0.05;
const whole = [{ from: 0, to: 1e9 }];

/** Bumps of 100 mV and 1 ms at the given times, on -60 mV; `lift` is added to each one's tail. */
function bumps(
  timesMs: readonly number[],
  lifts: readonly number[] = [],
): { voltageMv: Float64Array; sampleMs: number; edgesMs: number[] } {
  const samples = Math.round((timesMs.at(-1)! + 20) / sampleMs);
  const voltageMv = Float64Array.from({ length: samples }, (_, i) => {
    const t = i * sampleMs;
    return timesMs.reduce(
      (V, at, k) => V + 100 * Math.exp(-(((t - at) / 0.5) ** 2)) + (t > at + 1 && t < at + 10 ? (lifts[k] ?? 0) : 0),
      -60,
    );
  });
  return { voltageMv, sampleMs, edgesMs: [] };
}

describe('spread of spike shapes', () => {
  test('equal spikes that fall between samples have next to none: alignment is finer than a sample', () => {
    expect(spikeShapeSpread(bumps([10, 30.013, 50.027, 70.04, 90.049]), whole)).toBeLessThan(0.02);
  });

  test('is the root mean square deviation of a typical spike, whatever a single one does', () => {
    // of 141 samples from -2 to 5 ms after the crossing, those more than about 1.5 ms after it differ by 1 mV from the middle one
    const spread = spikeShapeSpread(bumps([10, 30, 50, 70, 90], [-1, -1, 0, 1, 40]), whole)!;
    expect(spread).toBeGreaterThan(0.6);
    expect(spread).toBeLessThan(0.8);
  });

  test('needs three spikes in the stretches that count', () => {
    const trace = bumps([10, 30, 50]);
    expect(spikeShapeSpread(trace, whole)).toBeDefined();
    expect(spikeShapeSpread(trace, [{ from: 0, to: 800 }])).toBeUndefined();
    expect(spikeShapeSpread(bumps([10]), whole)).toBeUndefined();
  });
});

// by a script of its own with SciPy's cubic spline: 0.940 and 0.808 mV
test.skipIf(recordingsAbsent !== undefined).each([
  ['pyabf/2019_07_24_0055_fsi.abf', 10, { beforeMs: 3, afterMs: 9 }, 0.94],
  ['pyabf/171116sh_0018.abf', 14, { beforeMs: 5, afterMs: 20 }, 0.808],
])('%s, sweep %i, has the spread that another program finds', async (file, sweep, around, expected) => {
  const found = (await importRecording(sharedRecording(file), {})).sweeps[sweep]!;
  const spread = spikeShapeSpread({ ...found, edgesMs: edgesMs(found) }, whole, around);
  expect(Math.abs(spread! - expected)).toBeLessThan(0.01);
});
