/**
 * How well a simulated voltage meets a recorded one: misfit, spikes, their times, their shape. Says nothing of what is good enough.
 */
import type { Accept, FeaturePair, Score, Timing } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { spikeTimes } from '../recordings/spikes.ts';
import { spikeFeatures, typicalSpike } from '../simulate/spike-features.ts';
import type { OneSpike } from '../simulate/spike-features.ts';
import { coincidenceFactor, coincidenceWindowMs, timingErrors } from '../simulate/spike-train.ts';
import { countedSamples, countOf, type Ignored } from './ignored.ts';
import { rootMeanSquare } from './root-mean-square.ts';
import { segmentSpans } from './segments.ts';

/** What a simulation is held against. */
export interface Stretch {
  /** mV, length N */
  readonly voltageMv: Float64Array;
  readonly sampleMs: number;
  /** index of each segment's first sample, as in Observation */
  readonly segments: ArrayLike<number>;
  /** samples [first, last] that do not count, nor do their spikes; none when absent */
  readonly ignored?: Ignored;
}

/** Of times: a recording tells no more. */
const DIGITS = 6;

/** Segments are set so far apart that no spike of one is near one of another. */
const APART_MS = 1e4;

/** Undefined where no sample counts. `simulatedV` in mV, length N. */
export function scoreOf(simulatedV: Float64Array, stretch: Stretch, { coincidenceMs }: Required<Accept>): Score | undefined {
  const counted = countedSamples(stretch);
  const samples = countOf(counted);
  if (samples === 0) return undefined;
  const observed = spikesOf(stretch.voltageMv, stretch, counted);
  const simulated = spikesOf(simulatedV, stretch, counted);
  const toleranceMs = coincidenceMs === 'auto' ? coincidenceWindowMs(observed.trains) : coincidenceMs;
  const durationMs = (samples - stretch.segments.length) * stretch.sampleMs;
  return {
    rmseMv: rootMeanSquare(simulatedV, stretch.voltageMv, counted),
    spikes: { observed: observed.timesMs.length, simulated: simulated.timesMs.length },
    coincidence: coincidenceFactor(observed.timesMs, simulated.timesMs, durationMs, toleranceMs),
    toleranceMs,
    ...timingOf(observed.timesMs, simulated.timesMs),
    ...featuresOf(observed.shapes, simulated.shapes),
  };
}

interface Spikes {
  /** of each segment */
  readonly trains: readonly (readonly number[])[];
  /** ms, ascending */
  readonly timesMs: number[];
  readonly shapes: OneSpike[];
}

function spikesOf(voltageMv: Float64Array, { segments, sampleMs }: Stretch, counted: Uint8Array): Spikes {
  const parts = segmentSpans(segments, voltageMv.length).map(({ from, to }, k) => {
    const V = voltageMv.subarray(from, to);
    const all = spikeTimes(V, sampleMs);
    const shapes = spikeFeatures(V, sampleMs, all);
    const kept = all.flatMap((atMs, spike) => (counted[from + Math.floor(atMs / sampleMs)] === 1 ? [spike] : []));
    return {
      timesMs: kept.map((spike) => all[spike]! + from * sampleMs + k * APART_MS),
      shapes: kept.map((spike) => shapes[spike]!),
    };
  });
  const trains = parts.map(({ timesMs }) => timesMs);
  return { trains, timesMs: trains.flat(), shapes: parts.flatMap(({ shapes }) => shapes) };
}

function timingOf(observed: readonly number[], simulated: readonly number[]): { timing?: Timing } {
  const errors = timingErrors(observed, simulated);
  const [typical, worst] = [median(errors), errors.at(-1)];
  return typical === null || worst === undefined ? {} : { timing: { medianMs: rounded(typical), worstMs: rounded(worst) } };
}

function featuresOf(observed: readonly OneSpike[], simulated: readonly OneSpike[]): { features?: FeaturePair } {
  if (observed.length + simulated.length === 0) return {};
  return { features: { observed: typicalSpike(observed), simulated: typicalSpike(simulated) } };
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
