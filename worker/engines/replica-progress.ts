/** What an engine in float64 keeps of a replica between steps, the same for every engine that steps in TypeScript: copied out, put back, ended. */
import type { AdamStage } from '../../schemas/generated/types.ts';
import type { LossTerms, RampPosition, ReplicaState, StageOutcome } from './engine.ts';
import { brokenTerm } from './loss.ts';
import { unitMultipliers } from './weighting.ts';

/** First and second moments of Adam, length theta each. */
export type Moments = NonNullable<ReplicaState['moments']>;

/** What the drivers of second order keep; the same between Adam's steps, where there is no ramp. */
export interface SecondOrderProgress {
  readonly theta: Float64Array;
  /** Null outside a stage of second order. */
  ramp: RampPosition | null;
  /** Of the stage; 0 outside. */
  step: number;
}

export interface ReplicaProgress extends SecondOrderProgress {
  /** Null outside an Adam stage. */
  moments: Moments | null;
  /** Of the weighting scheme, by term; null outside an Adam stage and with fixed weights. */
  multipliers: Float64Array | null;
}

export function beginning(theta: Float64Array): ReplicaProgress {
  return { theta: theta.slice(), moments: null, multipliers: null, ramp: null, step: 0 };
}

/** The moments of the running Adam stage; zeros when it begins. */
export function momentsOf(replica: ReplicaProgress): Moments {
  const { length } = replica.theta;
  return (replica.moments ??= { first: new Float64Array(length), second: new Float64Array(length) });
}

/** Those of the running Adam stage; ones when it begins. */
export function multipliersOf(replica: ReplicaProgress): Float64Array {
  return (replica.multipliers ??= unitMultipliers());
}

/** A copy. The position in a ramp is replaced and never changed, so that it needs none. */
export function savedState(replica: ReplicaProgress): ReplicaState {
  const { moments, multipliers } = replica;
  return {
    ...secondOrderState(replica),
    ...(moments === null ? {} : { moments: copied(moments) }),
    ...(multipliers === null ? {} : { multipliers: multipliers.slice() }),
  };
}

export function restoreState(replica: ReplicaProgress, { theta, moments, multipliers, ramp, step }: ReplicaState): void {
  replica.theta.set(theta);
  replica.step = step;
  replica.ramp = ramp ?? null;
  replica.moments = moments === undefined ? null : copied(moments);
  replica.multipliers = multipliers?.slice() ?? null;
}

/** The end of an Adam stage of which `taken` steps were done in this call; `terms` at the last theta. */
export function endAdam(replica: ReplicaProgress, stage: Required<AdamStage>, terms: LossTerms, taken: number): StageOutcome {
  replica.moments = null;
  replica.multipliers = null;
  replica.step = 0;
  const term = brokenTerm(terms);
  return term === null ? { kind: 'done', steps: taken, terms } : { kind: 'diverged', step: stage.steps, term };
}

/** The physics weights of a stage of second order, in order. */
export function rampOf({ physics }: { readonly physics: number | readonly number[] }): readonly number[] {
  return typeof physics === 'number' ? [physics] : physics;
}

/** A copy, as savedState's. */
export function secondOrderState({ theta, ramp, step }: SecondOrderProgress): ReplicaState {
  return { theta: theta.slice(), step, ...(ramp === null ? {} : { ramp }) };
}

/** The end of a stage of second order of which `first` steps were done before this call. */
export function endSecondOrder(replica: SecondOrderProgress, first: number, terms: LossTerms): StageOutcome {
  const steps = replica.step - first;
  replica.ramp = null;
  replica.step = 0;
  return { kind: 'done', steps, terms };
}

/** The replicas of a cohort; null stands for a closed one. */
export function opened<T>(replicas: readonly T[] | null): readonly T[] {
  if (replicas === null) throw new Error('internal: the cohort is closed');
  return replicas;
}

export function replicaAt<T>(replicas: readonly T[] | null, index: number): T {
  const replica = opened(replicas)[index];
  if (replica === undefined) throw new Error(`internal: the cohort has no replica ${index}`);
  return replica;
}

function copied({ first, second }: Moments): Moments {
  return { first: first.slice(), second: second.slice() };
}
