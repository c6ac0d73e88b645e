/**
 * Spikes in a voltage trace: upward crossings of a threshold, each after a return below a lower one, at least a refractory time apart.
 *
 * Hazard: where the bridge is not balanced, V jumps with every edge of the injected current, and a jump while V is high crosses the
 * threshold without a spike. `edges.ts` finds those edges; crossings that ride on one are told apart here and not counted.
 */
import type { Ignored } from '../train/ignored.ts';

export interface SpikeOptions {
  /** mV; a spike crosses it upwards */
  readonly thresholdMv?: number;
  /** mV; V must have been below it since the last crossing */
  readonly rearmMv?: number;
  /** ms between two spikes, at least */
  readonly refractoryMs?: number;
  /** ms from the first sample, ascending: a crossing within `edgeMs` after one of them is none of the cell's */
  readonly edgesMs?: readonly number[];
  readonly edgeMs?: number;
  /** samples [first, last] whose V is not known: a crossing in them is none of the cell's either */
  readonly ignored?: Ignored;
}

export interface Crossings {
  /** ms from the first sample, by linear interpolation */
  readonly spikesMs: number[];
  /** crossings that ride on an edge of the current, or where V is not known */
  readonly edgeCrossingsMs: number[];
}

/**
 * recordings/README.md for the first three. edgeMs: amplifiers settle in about 0.1 ms, while a spike that a pulse evokes crosses later
 * (18425108.abf: jumps 0.05 to 0.1 ms after an edge, spikes 0.6 to 0.9 ms).
 */
const SPIKE_DEFAULTS: Required<SpikeOptions> = { thresholdMv: -10, rearmMv: -20, refractoryMs: 1, edgesMs: [], edgeMs: 0.2, ignored: [] };

/** Spikes exactly a refractory time apart count, whatever the last digit of their times. */
const ROUNDING_MS = 1e-9;

/** Times in ms from the first sample; `voltageMv` in mV, a sample every `sampleMs`. */
export function spikeTimes(voltageMv: ArrayLike<number>, sampleMs: number, options: SpikeOptions = {}): number[] {
  return findCrossings(voltageMv, sampleMs, options).spikesMs;
}

/** As spikeTimes, with the crossings that were left out because they ride on an edge of the current. */
export function findCrossings(voltageMv: ArrayLike<number>, sampleMs: number, options: SpikeOptions = {}): Crossings {
  const { thresholdMv, rearmMv, refractoryMs, edgesMs, edgeMs, ignored } = { ...SPIKE_DEFAULTS, ...options };
  const [spikesMs, edgeCrossingsMs]: number[][] = [[], []];
  let armed = false;
  let edge = 0;
  for (let i = 0; i < voltageMv.length; i += 1) {
    const [before, now] = [voltageMv[i - 1] ?? Infinity, voltageMv[i]!];
    armed ||= now < rearmMv;
    if (!armed || !(now >= thresholdMv) || !(before < thresholdMv)) continue;
    armed = false;
    const at = (i - 1 + (thresholdMv - before) / (now - before)) * sampleMs;
    while (edge + 1 < edgesMs.length && edgesMs[edge + 1]! <= at) edge += 1;
    const sinceEdge = at - (edgesMs[edge] ?? Infinity);
    const isEdge = (sinceEdge >= 0 && sinceEdge <= edgeMs) || ignored.some(([first, last]) => i >= first && i <= last);
    if (isEdge) edgeCrossingsMs!.push(at);
    else if (at - (spikesMs!.at(-1) ?? -Infinity) >= refractoryMs - ROUNDING_MS) spikesMs!.push(at);
  }
  return { spikesMs: spikesMs!, edgeCrossingsMs: edgeCrossingsMs! };
}
