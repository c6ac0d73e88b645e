/**
 * Features of the spikes of one voltage trace, as eFEL (the electrophys feature extraction library, 5.7) defines them: AP_amplitude,
 * AP_duration_half_width, AP_begin_voltage, min_between_peaks_values, AP_peak_upstroke and AP_peak_downstroke, at its default settings (rise
 * from 10 mV/ms over 3 samples). Two things differ. Spikes are those of worker/recordings/spikes.ts, and V is taken as it is sampled: eFEL
 * first interpolates to its `interp_step`, 0.1 ms unless told, so compare with `interp_step` = sampleMs. And the half-width is interpolated
 * between samples, where eFEL takes the nearest ones: the two agree within one sample.
 *
 * The after-hyperpolarisation is the lowest V before the next spike; eFEL's AHP_depth_abs ends at the first two samples that do not fall, which
 * in a recording at 20 kHz is the noise (2 to 6 mV above the trough in 18713001.abf). The fall, which ends there too, is followed below half
 * the spike's height first: on a flat peak eFEL takes a noise step for its end.
 *
 * Hazard: the definitions look at differences of neighbouring samples, so noise of 1 mV at 0.1 ms moves slopes and thresholds of the data.
 */
import { median } from '../../schemas/sample-quantile.ts';
import type { SpikeFeatures } from '../../schemas/generated/types.ts';
import { spikeTimes } from '../recordings/spikes.ts';

/** mV/ms; a spike begins where V last rose by less, and by more for RISING_SAMPLES after. */
const RISE_MV_PER_MS = 10;
const RISING_SAMPLES = 3;
/** mV; as in worker/recordings/spikes.ts: a peak lies between the crossings of it. */
const CROSSED_MV = -10;
/** Samples that are no lower end a fall. */
const TURNED_SAMPLES = 2;

export type Feature = keyof SpikeFeatures;

/** NaN where a spike does not have it: its rise or fall is cut off, or V does not come back up after it. */
export interface OneSpike extends Readonly<Record<Feature, number>> {
  /** where the rise begins, from the first sample: eFEL's AP_begin_time, between samples where the slope crosses its threshold */
  readonly onsetMs: number;
  readonly peakMv: number;
}

/** @param timesMs of the spikes to look at, from the first sample, ascending; all when absent */
export function spikeFeatures(voltageMv: Float64Array, sampleMs: number, timesMs = spikeTimes(voltageMv, sampleMs)): OneSpike[] {
  const slope = slopes(voltageMv, sampleMs);
  const peaks = timesMs.map((atMs) => peakAfter(voltageMv, Math.ceil(atMs / sampleMs - ROUNDING)));
  return peaks.map((peak, k) => {
    if (peak === undefined) return UNKNOWN;
    const next = peaks[k + 1] ?? voltageMv.length;
    const trough = troughAfter(voltageMv, peak, next);
    const before = k === 0 ? 0 : (troughAfter(voltageMv, peaks[k - 1] ?? 0, peak) ?? 0);
    return featuresOf(voltageMv, slope, sampleMs, { before, peak, trough, next });
  });
}

/** Of medians: a recording of 12 to 16 bits tells no more. */
const DIGITS = 6;

/** Medians over the spikes; null where no spike has it. */
export function typicalSpike(spikes: readonly OneSpike[]): SpikeFeatures {
  const of = (name: Feature): number | null => {
    const middle = median(spikes.map((spike) => spike[name]));
    return middle === null ? null : Number(middle.toPrecision(DIGITS));
  };
  return {
    amplitudeMv: of('amplitudeMv'),
    halfWidthMs: of('halfWidthMs'),
    thresholdMv: of('thresholdMv'),
    ahpMv: of('ahpMv'),
    upstrokeMvPerMs: of('upstrokeMvPerMs'),
    downstrokeMvPerMs: of('downstrokeMvPerMs'),
  };
}

const UNKNOWN: OneSpike = {
  amplitudeMv: NaN,
  halfWidthMs: NaN,
  thresholdMv: NaN,
  ahpMv: NaN,
  upstrokeMvPerMs: NaN,
  downstrokeMvPerMs: NaN,
  onsetMs: NaN,
  peakMv: NaN,
};

/** Share of a sample by which a time may miss its sample. */
const ROUNDING = 1e-6;

/** Samples of one spike: the trough before it or the first sample, its peak, the trough after it, the peak after it or the length. */
interface Place {
  readonly before: number;
  readonly peak: number;
  readonly trough: number | undefined;
  readonly next: number;
}

function featuresOf(V: Float64Array, slope: Float64Array, sampleMs: number, { before, peak, trough, next }: Place): OneSpike {
  const begin = beginOf(slope, before, peak);
  const [thresholdMv, peakMv] = [begin === undefined ? NaN : V[begin]!, V[peak]!];
  const middleMv = (thresholdMv + peakMv) / 2;
  return {
    amplitudeMv: peakMv - thresholdMv,
    halfWidthMs: begin === undefined ? NaN : sampleMs * widthAt(middleMv, V, begin, peak, next),
    thresholdMv,
    ahpMv: trough === undefined ? NaN : V[trough]!,
    upstrokeMvPerMs: begin === undefined ? NaN : extreme(slope, begin, peak, Math.max),
    downstrokeMvPerMs: extreme(slope, peak, fallEnd(middleMv, V, peak, next), Math.min),
    onsetMs: begin === undefined ? NaN : sampleMs * risesAt(slope, begin),
    peakMv,
  };
}

/** Central differences, mV/ms; one-sided at the ends. */
function slopes(V: Float64Array, sampleMs: number): Float64Array {
  const last = V.length - 1;
  return V.map((_, i) => {
    const [from, to] = [Math.max(0, i - 1), Math.min(last, i + 1)];
    return (V[to]! - V[from]!) / ((to - from) * sampleMs);
  });
}

/** First greatest sample until V is back below the crossing; undefined when the trace ends before. */
function peakAfter(V: Float64Array, crossing: number): number | undefined {
  let peak = crossing;
  for (let i = crossing; i < V.length; i++) {
    if (V[i]! < CROSSED_MV) return peak;
    if (V[i]! > V[peak]!) peak = i;
  }
  return undefined;
}

/** Where V is lowest before the next peak; undefined when it still falls at the end of the trace. */
function troughAfter(V: Float64Array, peak: number, next: number): number | undefined {
  let lowest = peak;
  for (let i = peak + 1; i < next; i++) if (V[i]! < V[lowest]!) lowest = i;
  return lowest === V.length - 1 ? undefined : lowest;
}

/** The last sample before the peak from which V rises fast enough for long enough; undefined where it did so from the start. */
function beginOf(slope: Float64Array, before: number, peak: number): number | undefined {
  for (let i = peak - 1; i >= before; i--) {
    if (slope[i]! > RISE_MV_PER_MS) continue;
    const rising = slope.subarray(i + 1, i + 1 + RISING_SAMPLES);
    if (rising.length === RISING_SAMPLES && rising.every((value) => value >= RISE_MV_PER_MS)) return i + 1;
  }
  return undefined;
}

/** In samples: where the slope crosses the threshold, between the last sample below it and the first of the rise. */
function risesAt(slope: Float64Array, begin: number): number {
  const [below, above] = [slope[begin - 1] ?? NaN, slope[begin]!];
  return below <= RISE_MV_PER_MS && above > below ? begin - 1 + (RISE_MV_PER_MS - below) / (above - below) : begin;
}

/** Samples between the crossings of a level on both sides of a peak, by linear interpolation; NaN when V stays above it. */
function widthAt(level: number, V: Float64Array, begin: number, peak: number, next: number): number {
  let up = peak;
  while (up > begin && V[up - 1]! >= level) up -= 1;
  let down = peak;
  while (down < next && V[down]! > level) down += 1;
  if (down >= next || up === begin) return NaN;
  const crossing = (i: number): number => i - 1 + (level - V[i - 1]!) / (V[i]! - V[i - 1]!);
  return crossing(down) - crossing(up);
}

/** Where a fall ends: the first minimum that two samples follow without being lower, once V is below a level. */
function fallEnd(level: number, V: Float64Array, peak: number, next: number): number {
  let lowest = peak;
  while (lowest < next - 1 && V[lowest]! > level) lowest += 1;
  for (let i = lowest + 1; i < next && i - lowest <= TURNED_SAMPLES; i++) if (V[i]! < V[lowest]!) lowest = i;
  return lowest;
}

function extreme(values: Float64Array, from: number, to: number, of: (a: number, b: number) => number): number {
  return values.subarray(from, to).reduce((a, b) => of(a, b), values[from] ?? NaN);
}
