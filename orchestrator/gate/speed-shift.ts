/**
 * What a replica costs, in two runs. Told of all of them, compared only of the same replicas on the same engine, library, device and processor model: else
 * the number says nothing of the program.
 *
 * By processor time where the baseline has it: other work on the machine does not lengthen it by more than caches, clock and shared cores do, which
 * slow all replicas of a night alike, so that no statistic over them sees it. The tolerance must cover that: a baseline's default was measured
 * (docs/nightly.md). Wall-clock time, of older baselines and where nothing else is known, has no such bound, and a tolerance of a factor of two.
 */
import type { Baseline, GatedReplica } from '../../schemas/generated/types.ts';
import { SEVERAL } from '../aggregate/trained-by.ts';
import type { Contrast } from './contrast.ts';
import type { Design } from './design.ts';
import { locationShift } from './location-shift.ts';
import { matchedValues, type MatchedValues, type Reading } from './matched-values.ts';
import type { RunRecord } from './run-record.ts';

export type Clock = 'processor' | 'wall';

export interface SpeedShift {
  readonly clock: Clock;
  /** Why nothing is compared. */
  readonly reason?: string;
  /** Logarithms of seconds. */
  readonly values: MatchedValues;
  readonly contrast: Contrast | undefined;
}

/** Shares that do not matter, where the user names none. */
export const SPEED_TOLERANCES: Readonly<Record<Clock, number>> = { processor: 0.25, wall: 1 };

export function clockOf(replicas: readonly GatedReplica[]): Clock {
  return replicas.some(({ accepted, cpuSeconds }) => accepted && cpuSeconds !== undefined) ? 'processor' : 'wall';
}

export function speedShift(baseline: Baseline, current: RunRecord, design: Design): SpeedShift {
  const clock = clockOf(baseline.replicas);
  const secondsOf = (replica: GatedReplica) => (clock === 'processor' ? (replica.cpuSeconds ?? 0) : replica.seconds);
  const read: Reading = (replica) => (replica.accepted && secondsOf(replica) > 0 ? Math.log(secondsOf(replica)) : NaN);
  const values = matchedValues(design, read);
  const reason = otherMachine(baseline, current, design) ?? otherClock(clock, current);
  return reason === undefined
    ? { clock, values, contrast: locationShift(values, design.pairing) }
    : { clock, reason, values, contrast: undefined };
}

function otherMachine(baseline: Baseline, current: RunRecord, { pairing }: Design): string | undefined {
  const trainer = otherTrainer(baseline, current);
  if (trainer !== undefined) return trainer;
  if (baseline.processor === undefined || current.processor === undefined) return 'the processor of one of the runs is not known';
  if (baseline.processor !== current.processor) return `${current.processor} instead of ${baseline.processor}`;
  return pairing === 'replica' ? undefined : 'other replicas';
}

type Trained = Pick<RunRecord, 'engine' | 'arithmetic'>;

/** In words; undefined where both runs were trained by the same. A baseline of an older version knows the engine's name only. */
export function otherTrainer(baseline: Trained, current: Trained): string | undefined {
  if (baseline.engine !== current.engine) return `engine ${current.engine} instead of ${baseline.engine}`;
  if (current.engine === SEVERAL) return 'several engines';
  if (baseline.arithmetic === undefined || baseline.arithmetic === current.arithmetic) return undefined;
  return `${current.engine} on ${current.arithmetic ?? 'several devices'} instead of ${baseline.arithmetic}`;
}

function otherClock(clock: Clock, { replicas }: RunRecord): string | undefined {
  const hasNone = clock === 'processor' && clockOf(replicas) === 'wall' && replicas.some(({ accepted }) => accepted);
  return hasNone ? 'the processor time of this run is not known' : undefined;
}
