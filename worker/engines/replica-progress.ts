/** What an engine in float64 keeps of a replica between steps, the same for every engine that steps in TypeScript: copied out, put back, ended. */
import type { AdamStage } from '../../schemas/generated/types.ts';
import type { LossTerms, ReplicaState, StageOutcome } from './engine.ts';
import { brokenTerm } from './loss.ts';
import { unitMultipliers } from './weighting.ts';

/** First and second moments of Adam, length theta each. */
export type Moments = NonNullable<ReplicaState['moments']>;

export interface ReplicaProgress {
  readonly theta: Float64Array;
  /** Null outside an Adam stage. */
  moments: Moments | null;
  /** Of the weighting scheme, by term; null outside an Adam stage and with fixed weights. */
  multipliers: Float64Array | null;
  /** Of the Adam stage; 0 outside. */
  step: number;
}

export function beginning(theta: Float64Array): ReplicaProgress {
  return { theta: theta.slice(), moments: null, multipliers: null, step: 0 };
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

export function savedState({ theta, moments, multipliers, step }: ReplicaProgress): ReplicaState {
  return {
    theta: theta.slice(),
    step,
    ...(moments === null ? {} : { moments: copied(moments) }),
    ...(multipliers === null ? {} : { multipliers: multipliers.slice() }),
  };
}

export function restoreState(replica: ReplicaProgress, { theta, moments, multipliers, step }: ReplicaState): void {
  replica.theta.set(theta);
  replica.step = step;
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
