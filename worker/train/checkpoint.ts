/**
 * Where a replica stands in its training, and the checkpoint that says so. A checkpoint is a function of the replica, the engine, its
 * arithmetic and the steps done, whoever took it and in whichever try: going on from an older one costs time and changes nothing. One of
 * another replica, engine or arithmetic, or that does not fit the task, is not taken up.
 */
import { packNumbers, readCheckpoint, unpackNumbers, writeCheckpoint } from '../../schemas/checkpoint-text.ts';
import type { Checkpoint, Stage, Task } from '../../schemas/generated/types.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { numbersOf } from '../../schemas/wire.ts';
import type { Engine, LossTerms, RampPosition, ReplicaState } from '../engines/engine.ts';
import { messageOf } from '../../schemas/errors.ts';
import { rampOf } from '../engines/replica-progress.ts';
import type { HistoryState } from './stationarity.ts';

export interface Standing {
  /** Stages that are done */
  readonly stage: number;
  /** Done in those stages */
  readonly steps: number;
  /** At the end of the last of those stages; null before there is one. */
  readonly terms: LossTerms | null;
  readonly state: ReplicaState;
  /** Of the stage that runs, or ran last */
  readonly history: HistoryState;
}

type Origin = Pick<Checkpoint, 'replica' | 'engine' | 'arithmetic' | 'numbers'>;

/** Null where there is nothing to go on from: a number is not finite, and the next step will find that the replica diverged. */
export function checkpointOf({ replica }: Task, engine: Engine, standing: Standing): Uint8Array | null {
  const { stage, steps, terms, state, history } = standing;
  const { theta, step, moments, multipliers, ramp } = state;
  if (!theta.every(Number.isFinite)) return null;
  return writeCheckpoint({
    format: 1,
    ...originOf(replica, engine),
    stage,
    steps,
    ...(terms === null ? {} : { terms }),
    theta: packNumbers(theta),
    step,
    ...(moments === undefined ? {} : { moments: { first: packNumbers(moments.first), second: packNumbers(moments.second) } }),
    ...(multipliers === undefined ? {} : { multipliers: packNumbers(multipliers) }),
    ...(ramp === undefined ? {} : { ramp: { ...ramp, pairs: packNumbers(joined(ramp.pairs)) } }),
    history: { seen: history.seen, values: packNumbers(history.values) },
  });
}

/** Sizes that a checkpoint must fit. */
export interface Expected {
  /** Numbers in theta */
  readonly theta: number;
  /** Inferred parameters */
  readonly parameters: number;
}

/** Where the replica goes on from; or, as a text, why it cannot from there. */
export function standingOf(bytes: Uint8Array, task: Task, engine: Engine, expected: Expected): Standing | string {
  try {
    const checkpoint = readCheckpoint(bytes);
    const origin = originOf(task.replica, engine);
    for (const key of ['replica', 'engine', 'arithmetic', 'numbers'] as const)
      if (checkpoint[key] !== origin[key]) return `it is of another ${key}: ${checkpoint[key]}`;
    const standing = standingIn(checkpoint, expected);
    return fits(standing, task.training, expected) ? standing : 'it does not fit the task';
  } catch (error) {
    return messageOf(error);
  }
}

function originOf(replica: string, { name, arithmetic }: Engine): Origin {
  return { replica, engine: name, arithmetic, numbers: numbersOf(packageVersion()) };
}

function standingIn({ stage, steps, terms, theta, step, moments, multipliers, ramp, history }: Checkpoint, expected: Expected): Standing {
  return {
    stage,
    steps,
    terms: terms ?? null,
    state: {
      theta: unpackNumbers(theta),
      step,
      ...(moments === undefined ? {} : { moments: { first: unpackNumbers(moments.first), second: unpackNumbers(moments.second) } }),
      ...(multipliers === undefined ? {} : { multipliers: unpackNumbers(multipliers) }),
      ...(ramp === undefined ? {} : { ramp: { ...ramp, pairs: split(unpackNumbers(ramp.pairs), expected.theta) } }),
    },
    history: { seen: history.seen, values: unpackNumbers(history.values) },
  };
}

/** A checkpoint with a matching hash was written by this program; what is held against the task all the same is what would be indexed with it. */
function fits({ stage, terms, state, history }: Standing, training: readonly Stage[], { theta, parameters }: Expected): boolean {
  const { moments, multipliers, ramp } = state;
  const arrays = [state.theta, ...(moments === undefined ? [] : [moments.first, moments.second]), ...(ramp?.pairs ?? [])];
  return (
    arrays.every(({ length }) => length === theta) &&
    (multipliers === undefined || multipliers.length === 3) &&
    history.values.length % Math.max(1, parameters) === 0 &&
    (stage === 0 || terms !== null) &&
    (stage === training.length ? state.step === 0 : stage < training.length && fitsStage(training[stage]!, state))
  );
}

function fitsStage(stage: Stage, { step, moments, multipliers, ramp }: ReplicaState): boolean {
  if (stage.optimizer === 'adam') return ramp === undefined && step <= stage.steps && (step === 0 || moments !== undefined);
  if (moments !== undefined || multipliers !== undefined) return false;
  if (ramp === undefined) return step === 0;
  const weights = rampOf({ physics: stage.physics ?? 1 }).length;
  return ramp.weight < weights && ramp.iteration < stage.steps && step <= weights * stage.steps && pairsFit(stage, ramp);
}

function pairsFit(stage: Exclude<Stage, { optimizer: 'adam' }>, { pairs }: RampPosition): boolean {
  if (stage.optimizer === 'levenberg-marquardt') return pairs.length === 0;
  return pairs.length % 2 === 0 && pairs.length <= 2 * (stage.history ?? Infinity);
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  const [first] = arrays;
  const all = new Float64Array(arrays.length * (first?.length ?? 0));
  arrays.forEach((array, k) => all.set(array, k * array.length));
  return all;
}

/** The last one is shorter where the length is no multiple. */
function split(values: Float64Array, length: number): Float64Array[] {
  return Array.from({ length: Math.ceil(values.length / length) }, (_, k) => values.slice(k * length, (k + 1) * length));
}
