/**
 * What a pool thread runs: opened once per thread, then given one cohort after the other. The one real trainer is engine-trainer.ts;
 * tests of the pool bring their own, which die, throw and wait as they are told.
 *
 * A trainer module exports `openTrainer`.
 */
import type { Result, Task } from '../../schemas/generated/types.ts';
import type { Checkpoints } from '../train/train-cohort.ts';

/** One cohort: tasks of one shape, and what else its thread needs to know. Crosses to the thread by structured clone. */
export interface CohortJob {
  readonly tasks: readonly Task[];
  /** Deliveries of each task, this one included. */
  readonly attempts: readonly number[];
  /** Texts by content hash: the model file, and recordings. */
  readonly objects: Readonly<Record<string, string>>;
  /** Where each task goes on from; undefined where it begins. */
  readonly checkpoints?: readonly (Uint8Array | undefined)[];
  /** `device`: only the stages of Adam that the schedule begins with; `host`: the rest. Absent: everything. */
  readonly part?: 'device' | 'host';
}

export interface TrainerContext {
  /** Text of an object of the job. Throws OBJECT_MISSING. */
  objects(hash: string): string;
  readonly attempts: readonly number[];
  /** Name of this worker, for the results. */
  readonly worker: string;
  readonly control: {
    /** True asks for an end at the next step; quick. */
    shouldStop(): boolean;
    /** `steps` replica-steps were done since the last call. */
    progress(steps: number): void;
  };
  readonly checkpoints: Checkpoints;
  readonly part?: CohortJob['part'];
}

export interface Trainer {
  /** One result per task; null for a replica that was interrupted. */
  train(tasks: readonly Task[], context: TrainerContext): Promise<(Result | null)[]>;
}

/** `arithmetic`: of the engine in the threads that have the device, where this one is to do without. Throws ENGINE_UNAVAILABLE. */
export type OpenTrainer = (engine: string, arithmetic?: string) => Promise<Trainer>;
