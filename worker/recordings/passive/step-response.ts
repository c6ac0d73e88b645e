/**
 * What one edge of the current tells of the membrane: from its first milliseconds the capacitance and the series resistance, and where the
 * step is small and V charges like a passive membrane, from the whole of it the input conductance and the time constant too.
 */
import type { Sweep } from '../recording.ts';
import { spikeTimes } from '../spikes.ts';
import { fitCharging, oneExponential, twoExponentials, type Charging } from './charging-fit.ts';
import type { Edge } from './current-edges.ts';
import type { Course } from './curve-fit.ts';
import { fitOnset } from './onset-fit.ts';
import type { Measurement } from './pooled.ts';

export interface PassiveLimits {
  /** mV, largest change of V that counts as small */
  readonly mostMv: number;
  /** ms after an edge that are left out: the amplifier and the electrode settle */
  readonly blankMs: number;
  /** ms after an edge whose slope gives the capacitance */
  readonly onsetMs: number;
}

export interface StepResponse {
  readonly kind: 'fit';
  readonly edge: Edge;
  readonly beforeMv: number;
  /** one over the capacitance that the first milliseconds show: mV/ms per unit of current */
  readonly elastance: Measurement;
  /** the same of twice as long; absent where a spike or the next edge comes first */
  readonly laterElastance?: Measurement;
  /** mV per unit of current */
  readonly seriesResistance: Measurement;
  readonly charging: WholeCharging | NoCharging;
}

export interface WholeCharging {
  readonly kind: 'charging';
  /** signed, at the end of what was fitted */
  readonly deflectionMv: number;
  readonly tauMs: number;
  /** tau / R of the slowest exponential, the standard error of its logarithm: a fast component of electrode or dendrites does not count (Golowasch et al. 2009, J Neurophysiol 102, 2161) */
  readonly capacitance: Measurement;
  /** one over the input conductance, mV per unit of current */
  readonly resistance: Measurement;
  /** share of the deflection by which V comes back while the current stays */
  readonly sag: number;
}

/** Why the whole of a step was not used. */
export interface NoCharging {
  readonly kind: 'short' | 'spikes' | 'large' | 'not monotone' | 'does not settle';
}

export interface Refused {
  readonly kind: 'refused';
  readonly edge: Edge;
  readonly reason: 'short' | 'spikes' | 'no fit';
}

/** Before the edge, for its first milliseconds and for the whole; a spike in it spoils it. */
const ONSET_BASELINE_MS = 10;
const BASELINE_MS = 50;
/** A level shorter than this is no step. */
const LEAST_MS = 20;
const MOST_MS = 400;
/** Of the time constant, as first seen, that are fitted: what is slower than that is no passive membrane. */
const TAUS = 8;
/** Samples that a fit works on; more are averaged in blocks. */
const MOST_SAMPLES = 600;
/** A sag from which on the fit ends before it. */
const SAG = 0.05;
/** Chi-square of two degrees of freedom that only 1 in 1000 reaches: then a second exponential is real. */
const SECOND = 13.8;
const FAST_SHARE = 0.03;

export function stepResponse(edge: Edge, limits: PassiveLimits): StepResponse | Refused {
  const { sampleMs } = edge.sweep;
  const first = edge.at - Math.round(ONSET_BASELINE_MS / sampleMs);
  const end = edge.at + Math.round(limits.onsetMs / sampleMs);
  if (first < edge.from || edge.to - edge.at < LEAST_MS / sampleMs) return { kind: 'refused', edge, reason: 'short' };
  const around = Math.max(0, first - Math.round(ONSET_BASELINE_MS / sampleMs));
  if (spikes(edge.sweep, around, end + Math.round(2 / sampleMs))) return { kind: 'refused', edge, reason: 'spikes' };
  const onset = fitOnset(courseOf(edge, first, end, limits.blankMs));
  if (onset === undefined) return { kind: 'refused', edge, reason: 'no fit' };
  const { kick, jump, beforeMv } = onset;
  const later = laterOnset(edge, first, limits);
  return {
    kind: 'fit',
    edge,
    beforeMv,
    elastance: elastanceOf(edge, kick),
    ...(later === undefined ? {} : { laterElastance: later }),
    seriesResistance: { value: jump.value / edge.change, standardError: jump.standardError / Math.abs(edge.change) },
    charging: chargingOf(edge, limits),
  };
}

function elastanceOf({ change }: Edge, kick: Measurement): Measurement {
  return { value: kick.value / change, standardError: kick.standardError / Math.abs(change) };
}

function laterOnset(edge: Edge, first: number, { onsetMs, blankMs }: PassiveLimits): Measurement | undefined {
  const { sampleMs } = edge.sweep;
  const end = edge.at + Math.round((2 * onsetMs) / sampleMs);
  if (end > edge.to || spikes(edge.sweep, first, end + Math.round(2 / sampleMs))) return undefined;
  const kick = fitOnset(courseOf(edge, first, end, blankMs))?.kick;
  return kick === undefined ? undefined : elastanceOf(edge, kick);
}

function chargingOf(edge: Edge, limits: PassiveLimits): StepResponse['charging'] {
  const { sampleMs, voltageMv } = edge.sweep;
  const samples = (ms: number): number => Math.round(ms / sampleMs);
  const blank = edge.at + blankOf(edge, limits.blankMs);
  // what the edge before has left must have died away
  const first = Math.max(edge.from === 0 ? 0 : edge.from + samples(BASELINE_MS), edge.at - samples(BASELINE_MS));
  const last = Math.min(edge.to, edge.at + samples(MOST_MS));
  if (edge.at - first < samples(ONSET_BASELINE_MS)) return { kind: 'short' };
  if (spikes(edge.sweep, first, last)) return { kind: 'spikes' };
  const shape = shapeOf(voltageMv.subarray(first, edge.at), voltageMv.subarray(blank, last), samples(2));
  if (Math.abs(shape.peakMv) > limits.mostMv) return { kind: 'large' };
  if (Math.sign(shape.peakMv) !== Math.sign(edge.change)) return { kind: 'not monotone' };
  const most = edge.at + Math.max(samples(LEAST_MS), Math.round(TAUS * shape.rise));
  const end = Math.min(last, most, shape.sag > SAG ? blank + Math.floor(shape.peakAt) : Infinity);
  if (end - edge.at < samples(LEAST_MS)) return { kind: 'not monotone' };
  const course = courseOf(edge, first, end, limits.blankMs);
  const one = fitCharging(course, oneExponential(course));
  const fit = one === undefined ? undefined : betterOf(one, fitCharging(course, twoExponentials(one.tausMs[0]!)));
  const slow = fit?.amplitudesMv[0];
  const tauMs = fit?.tausMs[0];
  if (fit === undefined || slow === undefined || tauMs === undefined || !(tauMs < course.tMs.at(-1)! / 1.5) || !(slow / edge.change > 0))
    return { kind: 'does not settle' };
  return {
    kind: 'charging',
    deflectionMv: fit.after - fit.before,
    tauMs,
    capacitance: { value: (tauMs * edge.change) / slow, standardError: fit.errors.capacitance },
    resistance: { value: slow / edge.change, standardError: (fit.errors.conductance * slow) / edge.change },
    sag: shape.sag,
  };
}

function betterOf(one: Charging, two: Charging | undefined): Charging {
  if (two === undefined) return one;
  const [slow = 0, fast = 0] = two.amplitudesMv;
  const [slowTau = 0, fastTau = 0] = two.tausMs;
  const isReal = fastTau < slowTau / 3 && fast / slow > FAST_SHARE;
  return isReal && two.independent * Math.log((one.residualMv / two.residualMv) ** 2) > SECOND ? two : one;
}

/** Whether the cell spikes from one sample up to another. */
function spikes({ voltageMv, sampleMs, ignored = [] }: Sweep, from: number, to: number): boolean {
  const known = ignored.map(([first, last]) => [first - from, last - from] as const);
  return spikeTimes(voltageMv.subarray(from, to), sampleMs, { ignored: known }).length > 0;
}

/** Samples after the edge that are left out: the blank, and what of the sweep does not count. */
function blankOf({ sweep: { sampleMs, ignored = [] }, at }: Edge, blankMs: number): number {
  const blank = Math.round(blankMs / sampleMs);
  return ignored.reduce((most, [first, last]) => (first <= at + most && last >= at + most ? last + 1 - at : most), blank);
}

/** V around the edge without the blank. The current is at its new level from half a sample before `at`: the edge is one sample wide. */
function courseOf(edge: Edge, first: number, end: number, blankMs: number): Course {
  const { at } = edge;
  const { voltageMv, sampleMs, ignored = [] } = edge.sweep;
  const block = Math.max(1, Math.ceil((end - first) / MOST_SAMPLES));
  const starts = [...blockStarts(first, at - 1, block), ...blockStarts(at + blankOf(edge, blankMs), end, block)].filter(
    (from) => !ignored.some(([i, j]) => i < from + block && j >= from),
  );
  return {
    tMs: Float64Array.from(starts, (i) => (i + (block - 1) / 2 - at + 0.5) * sampleMs),
    voltageMv: Float64Array.from(starts, (i) => mean(voltageMv.subarray(i, i + block))),
  };
}

/** First samples of whole blocks. */
function blockStarts(from: number, to: number, block: number): number[] {
  return Array.from({ length: Math.max(0, Math.floor((to - from) / block)) }, (_, k) => from + k * block);
}

/** Largest deflection of smoothed V, the samples to it and to 63 % of it, and the share of it that is lost again by the end. */
function shapeOf(before: Float64Array, after: Float64Array, width: number): { peakMv: number; peakAt: number; rise: number; sag: number } {
  const rest = mean(before);
  const blocks = Array.from(
    { length: Math.floor(after.length / width) },
    (_, k) => mean(after.subarray(k * width, (k + 1) * width)) - rest,
  );
  const end = mean(Float64Array.from(blocks.slice(-Math.max(1, Math.floor(blocks.length / 10)))));
  const peak = blocks.reduce((best, value, k) => (Math.abs(value) > Math.abs(blocks[best]!) ? k : best), 0);
  const peakMv = blocks[peak] ?? 0;
  const noise = deviation(Float64Array.from(blocks.slice(Math.floor(blocks.length / 2))));
  const rise = blocks.findIndex((value) => Math.abs(value) >= 0.63 * Math.abs(peakMv));
  // the largest of many noisy blocks is two of their deviations too large
  const lost = Math.sign(peakMv) * (peakMv - end) - 2 * noise;
  return { peakMv, peakAt: (peak + 0.5) * width, rise: (rise + 0.5) * width, sag: Math.max(0, lost / Math.abs(peakMv)) };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: Float64Array): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length);
}
