import { describe, expect, test } from 'vitest';
import { estimateNoiseMv } from '../../../worker/recordings/noise.ts';

/** Sums of twelve uniform numbers of a linear congruential generator (Numerical Recipes' constants): near enough to normal here. */
function normals(count: number): number[] {
  let state = 1;
  const uniform = (): number => (state = (1_664_525 * state + 1_013_904_223) % 2 ** 32) / 2 ** 32;
  return Array.from({ length: count }, () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6));
}

/** A trace of 20 kHz with a spike of 1 ms every 50 ms on a slow wave. */
function spiking(count: number): number[] {
  return Array.from({ length: count }, (_, i) => -65 + 5 * Math.sin(i / 2000) + 100 * Math.exp(-(((i % 1000) - 500) ** 2) / 50));
}

describe('the noise of a trace', () => {
  test.each([0.03, 0.3, 3])('of %f mV is found to 5 % under spikes, which are a tenth of the trace', (sd) => {
    const noise = normals(20_000);
    const trace = spiking(20_000).map((mv, i) => mv + sd * noise[i]!);
    expect(Math.abs(estimateNoiseMv(trace) / sd - 1)).toBeLessThan(0.05);
  });

  test.each([0.5, 1, 2])('of %f digits is found to 15 %, with that of the digits', (digits) => {
    const digit = 10 / 327.68;
    const noise = normals(20_000);
    const trace = spiking(20_000).map((mv, i) => digit * Math.round(mv / digit + digits * noise[i]!));
    const expected = digit * Math.hypot(digits, 1 / Math.sqrt(12));
    expect(Math.abs(estimateNoiseMv(trace) / expected - 1)).toBeLessThan(0.15);
  });

  test('is nothing in a straight line and in a trace that is too short', () => {
    expect(estimateNoiseMv([])).toBe(0);
    expect(estimateNoiseMv([1, 2])).toBe(0);
    expect(estimateNoiseMv([1, 2, 3, 4])).toBe(0);
    expect(estimateNoiseMv(new Float64Array(100).fill(-65))).toBe(0);
  });
});
