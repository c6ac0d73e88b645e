/** What an engine in float64 keeps of a replica between steps, the same for every engine that steps in TypeScript: copied out, put back, ended. */
import type { AdamStage } from '../../schemas/generated/types.ts';
import type { LossTerms, ReplicaState, StageOutcome } from './engine.ts';
import { brokenTerm } from './loss.ts';

/** First and second moments of Adam, length theta each. */
export type Moments = NonNullable<ReplicaState['moments']>;

export interface ReplicaProgress {
  readonly theta: Float64Array;
  /** Null outside an Adam stage. */
  moments: Moments | null;
  /** Of the Adam stage; 0 outside. */
  step: number;
}

export function beginning(theta: Float64Array): ReplicaProgress {
  return { theta: theta.slice(), moments: null, step: 0 };
}

/** The moments of the running Adam stage; zeros when it begins. */
export function momentsOf(replica: ReplicaProgress): Moments {
  const { length } = replica.theta;
  return (replica.moments ??= { first: new Float64Array(length), second: new Float64Array(length) });
}

export function savedState({ theta, moments, step }: ReplicaProgress): ReplicaState {
  return { theta: theta.slice(), step, ...(moments === null ? {} : { moments: copied(moments) }) };
}

export function restoreState(replica: ReplicaProgress, { theta, moments, step }: ReplicaState): void {
  replica.theta.set(theta);
  replica.step = step;
  replica.moments = moments === undefined ? null : copied(moments);
}

/** The end of an Adam stage of which `taken` steps were done in this call; `terms` at the last theta. */
export function endAdam(replica: ReplicaProgress, stage: Required<AdamStage>, terms: LossTerms, taken: number): StageOutcome {
  replica.moments = null;
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
