/**
 * The truth-free acceptance filter's own numbers: what a key that `accept` leaves out means, and what `chi2: auto` allows. The worker
 * judges by them, the report draws them.
 */
import type { Accept, Yardstick } from './generated/types.ts';

export const STANDARD_ACCEPT: Required<Accept> = {
  chi2: 'auto',
  rmseMv: 'off',
  spikes: 'equal',
  yardstick: 'noise',
  coincidenceMs: 'auto',
};

/** `chi2: auto` in spike shapes: a misfit of three times the spread of the cell's own spikes, as no model of a real cell is right to its noise. */
const SPREADS_ALLOWED = 3;

/** chi2/N of the right model has mean 1 and s.d. sqrt(2/N) in its noise: `auto` allows three of them. */
export function chi2Limit(accept: 'auto' | number, samples: number, yardstick: Yardstick = 'noise'): number {
  if (accept !== 'auto') return accept;
  return yardstick === 'spikeShape' ? SPREADS_ALLOWED ** 2 : 1 + 3 * Math.sqrt(2 / samples);
}

/** Samples of a data unit that chi2 is the mean over. */
export function samplesThatCount({ samples, counted }: { readonly samples: number; readonly counted?: number }): number {
  return counted ?? samples;
}

/** What chi2 is counted in, mV; undefined where the data have no such measure. */
export function yardstickMv(yardstick: Yardstick, data: { readonly sigmaMv: number; readonly spikeShapeMv?: number }): number | undefined {
  return yardstick === 'spikeShape' ? data.spikeShapeMv : data.sigmaMv;
}
