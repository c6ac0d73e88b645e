/**
 * The stretches of a data unit that the information is asked of, each with its own initial state, within bounds that keep `plan` quick; and
 * the same under another stimulus, to try whether it would tell more.
 */
import { sampleStimulus } from '../simulate/stimuli.ts';
import { bridgedVoltage, countedSamples } from '../train/ignored.ts';
import type { Observation } from '../train/observation.ts';
import { segmentSpans } from '../train/segments.ts';
import type { Stretch } from './information.ts';

/** Samples and time that are looked at, over all segments: a Hodgkin-Huxley neuron with five unknowns takes half a second then. */
const MOST_SAMPLES = 4000;
const MOST_MS = 400;

export interface Stretches {
  readonly stretches: readonly Stretch[];
  /** ms that were left out */
  readonly leftOutMs: number;
}

export function stretchesOf(observation: Observation): Stretches {
  const { current, sampleMs, segments, ignored } = observation;
  const voltageMv = bridgedVoltage(observation);
  const counted = ignored === undefined ? undefined : countedSamples(observation);
  const every = Math.max(1, Math.ceil(Math.min(voltageMv.length, MOST_MS / sampleMs) / MOST_SAMPLES));
  const stretches: Stretch[] = [];
  let left = Math.round(MOST_MS / sampleMs);
  let leftOut = 0;
  for (const { from, to } of segmentSpans(segments, voltageMv.length)) {
    const samples = Math.min(to - from, left);
    leftOut += to - from - samples;
    left -= samples;
    const kept = <T extends Float64Array | Uint8Array>(values: T): T =>
      values.subarray(from, from + samples).filter((_, i) => i % every === 0) as T; // of the same kind
    const own = { current: kept(current), voltageMv: kept(voltageMv), sampleMs: sampleMs * every, every };
    if (samples >= 2 * every) stretches.push(counted === undefined ? own : { ...own, counted: kept(counted) });
  }
  return { stretches, leftOutMs: leftOut * sampleMs };
}

/** Values that currents take: a few of them, the least and the largest always. */
export function currentLevels(currents: readonly Iterable<number>[]): number[] {
  const sorted = [...new Set(currents.flatMap((current) => [...new Set(current)]))].toSorted((a, b) => a - b);
  const step = Math.max(1, Math.ceil(sorted.length / 16));
  return [...new Set([...sorted.filter((_, k) => k % step === 0), sorted.at(-1)!])];
}

/** A change of the experiment that may tell more. */
export interface Trial {
  readonly kind: 'onset' | 'fluctuating' | 'stronger' | 'longer' | 'jointly';
  readonly words: string;
  readonly stretches: readonly Stretch[];
}

const BASELINE_MS = 10;
const LONGER = 4;
/** Time constant of the fluctuating trial, as in the recovery study. */
const TAU_MS = 3;
/** mV/ms: standard deviation of the fluctuating trial over the capacitance where the current itself is 0. */
const RATE = 2;

/**
 * @param neighbours stretches of other data units of the same entry
 * @param capacitance of the model, in the unit that makes current from mV/ms
 */
export function trialsOf(stretches: readonly Stretch[], neighbours: readonly Stretch[], capacitance: number, unit: string): Trial[] {
  const levels = currentLevels(stretches.map(({ current }) => current));
  const size = Math.max(...levels.map(Math.abs));
  const isConstant = levels.length === 1;
  const totalMs = stretches.reduce((sum, { current, sampleMs }) => sum + current.length * sampleMs, 0);
  const sd = Number((size > 0 ? size / 2 : RATE * capacitance).toPrecision(2));
  const trials: Trial[] = [];
  if (isConstant && size > 0)
    trials.push({
      kind: 'onset',
      words: `let the window begin before the onset of the current, ${BASELINE_MS} ms say`,
      stretches: stretches.map(withBaseline),
    });
  if (levels.length <= 4)
    trials.push({
      kind: 'fluctuating',
      words: `inject a current that varies (fluctuations of s.d. ${sd} ${unit}, say)`,
      stretches: stretches.map((stretch, k) => fluctuating(stretch, sd, k)),
    });
  if (neighbours.length > 0)
    trials.push({
      kind: 'jointly',
      words: `fit several windows jointly (jointly: true; ${stretches.length + neighbours.length} were tried)`,
      stretches: [...stretches, ...neighbours],
    });
  if (LONGER * totalMs <= MOST_MS && isConstant)
    trials.push({ kind: 'longer', words: `take a window ${LONGER} times as long`, stretches: stretches.map(longer) });
  if (size > 0) trials.push({ kind: 'stronger', words: 'inject twice the current', stretches: stretches.map(stronger) });
  return trials;
}

function withBaseline(stretch: Stretch): Stretch {
  const before = Math.round(BASELINE_MS / stretch.sampleMs);
  const { counted } = stretch;
  return {
    ...stretch,
    ...(counted === undefined ? {} : { counted: Uint8Array.from([...new Uint8Array(before).fill(1), ...counted]) }),
    current: Float64Array.from([...new Float64Array(before), ...stretch.current]),
    voltageMv: stretch.voltageMv.slice(0, 1),
  };
}

function fluctuating(stretch: Stretch, sd: number, k: number): Stretch {
  const grid = { samples: stretch.current.length, sampleMs: stretch.sampleMs };
  const noise = sampleStimulus({ ornsteinUhlenbeck: { mean: 0, sd, tauMs: TAU_MS, seed: k + 1 } }, grid);
  return { ...stretch, current: stretch.current.map((value, i) => value + noise[i]!) };
}

function longer(stretch: Stretch): Stretch {
  const last = stretch.current.at(-1)!;
  const more = new Float64Array((LONGER - 1) * stretch.current.length).fill(last);
  return { ...stretch, current: Float64Array.from([...stretch.current, ...more]) };
}

function stronger(stretch: Stretch): Stretch {
  return { ...stretch, current: stretch.current.map((value) => 2 * value) };
}
