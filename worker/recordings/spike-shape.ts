/**
 * How much a cell's spikes differ among themselves: the yardstick for a model of a real cell, which misses the noise of a recording (0.03 to
 * 0.1 mV) by far and cannot be asked to be more alike to a spike than the next spike is.
 *
 * Spikes are aligned where V crosses the threshold, each is compared with the median shape, and the spread is the median of their root mean
 * square deviations. Medians, because first and last spikes of a step and edges of the current are in the windows: over 76 spikes of
 * 2019_07_24_0055_fsi.abf, sweep 10, the root mean square of all deviations from the mean shape is 2.8 mV, this spread 0.94 mV.
 */
import { median } from '../../schemas/sample-quantile.ts';
import { spikeTimes } from './spikes.ts';
import type { Trace } from './trace.ts';

/** From two spikes alone the spread would be half their difference. */
const FEWEST_SPIKES = 3;

/** Of a spike where the windows say nothing of it: its rise, its fall and the after-hyperpolarisation. */
const STANDARD_WINDOW = { beforeMs: 2, afterMs: 5 };

/** First and last sample, both inside. */
export interface SampleSpan {
  readonly from: number;
  readonly to: number;
}

/** mV; undefined with too few spikes. `spans` are the stretches whose spikes count. */
export function spikeShapeSpread(
  { voltageMv, sampleMs, edgesMs, ignored = [] }: Pick<Trace, 'voltageMv' | 'sampleMs' | 'edgesMs'> & Partial<Pick<Trace, 'ignored'>>,
  spans: readonly SampleSpan[],
  { beforeMs, afterMs }: { readonly beforeMs: number; readonly afterMs: number } = STANDARD_WINDOW,
): number | undefined {
  const [before, after] = [Math.round(beforeMs / sampleMs), Math.round(afterMs / sampleMs)];
  const shapes = spikeTimes(voltageMv, sampleMs, { edgesMs, ignored })
    .map((atMs) => atMs / sampleMs)
    .filter((at) => spans.some(({ from, to }) => at >= from && at <= to))
    .filter((at) => at - before >= 1 && at + after + 2 < voltageMv.length)
    .map((at) => Float64Array.from({ length: before + after + 1 }, (_, i) => between(voltageMv, at - before + i)));
  if (shapes.length < FEWEST_SPIKES) return undefined;
  const typical = shapes[0]!.map((_, i) => median(shapes.map((shape) => shape[i]!)) ?? NaN);
  const deviations = shapes.map((shape) => Math.sqrt(shape.reduce((sum, V, i) => sum + (V - typical[i]!) ** 2, 0) / shape.length));
  return median(deviations) ?? undefined;
}

/**
 * V between samples by the cubic of Catmull and Rom (1974), "A class of local interpolating splines": at 200 mV/ms and 20 kHz whole samples
 * would be 5 mV off. `at` counts samples; one before it and two after must exist.
 */
function between(V: Float64Array, at: number): number {
  const i = Math.floor(at);
  const s = at - i;
  const [a, b, c, d] = [V[i - 1]!, V[i]!, V[i + 1]!, V[i + 2]!];
  return b + 0.5 * s * (c - a + s * (2 * a - 5 * b + 4 * c - d + s * (3 * (b - c) + d - a)));
}
