/**
 * Entry point of a pool thread: opens the trainer at its first cohort and keeps it. Runs one cohort at a time. Checkpoints leave it while it trains,
 * as messages; those of replicas that are interrupted come with its end, so that none is missing when its tasks are given back.
 */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { LoligoError } from '../../schemas/errors.ts';
import { threw } from './cohort-end.ts';
import type { CohortEnd } from './cohort-end.ts';
import { sharedControl, stopFlag } from './shared-control.ts';
import type { Checkpoints } from '../train/train-cohort.ts';
import type { CohortJob, OpenTrainer, Trainer } from './trainer.ts';

/** What pool.ts gives each thread at its start. */
export interface ThreadSettings {
  readonly engine: string;
  /** URL of another trainer module than the engines' own: tests of the pool. */
  readonly trainer: string | undefined;
  readonly worker: string;
  readonly control: SharedArrayBuffer;
  /** Training time between two checkpoints of a replica */
  readonly checkpointMs: number;
  /** Of the engine in the threads that have its device, for one that is to do without; undefined for all others. */
  readonly arithmetic: string | undefined;
}

/** A cohort on its way to a thread, by structured clone. */
export interface ThreadJob {
  /** Names it in messages. */
  readonly cohort: number;
  readonly job: CohortJob;
  /** Of this cohort: shared-control.ts. */
  readonly stop: SharedArrayBuffer;
}

/** Sent by a thread while it trains. */
export type ThreadMessage =
  | { readonly kind: 'checkpoint'; readonly cohort: number; readonly place: number; readonly checkpoint: Uint8Array }
  | { readonly kind: 'refused'; readonly cohort: number; readonly place: number; readonly why: string };

export interface ThreadEnd {
  readonly end: CohortEnd;
  /** The last ones, by place. */
  readonly checkpoints: ReadonlyMap<number, Uint8Array>;
}

// piscina hands through what pool.ts gave it, which is exactly this
const settings = workerData as ThreadSettings;
const control = sharedControl(settings.control);
let opened: Promise<Trainer> | undefined;

/** Called by piscina. An exception is a value here: class and violations of an error would be lost on the way. */
export async function trainCohortJob({ cohort, job, stop }: ThreadJob): Promise<ThreadEnd> {
  const last = new Map<number, Uint8Array>();
  try {
    opened ??= openTrainer();
    const trainer = await opened;
    const worker = `${settings.worker}/${threadId}`;
    const unwanted = stopFlag(stop);
    const shouldStop = (): boolean => unwanted.raised() || control.shouldStop();
    const checkpoints: Checkpoints = {
      at: (place) => job.checkpoints?.[place],
      everyMs: settings.checkpointMs,
      take: (place, checkpoint) => send({ kind: 'checkpoint', cohort, place, checkpoint }),
      leave: (place, checkpoint) => void last.set(place, checkpoint),
      refuse: (place, why) => send({ kind: 'refused', cohort, place, why }),
    };
    const context = {
      objects: (hash: string) => objectOf(job, hash),
      attempts: job.attempts,
      worker,
      control: { shouldStop, progress: (steps: number) => control.progress(steps) },
      checkpoints,
      part: job.part,
    };
    const began = performance.now();
    const results = await trainer.train(job.tasks, context);
    if (job.part !== 'device' || shouldStop()) return { end: { kind: 'trained', results }, checkpoints: last };
    const seconds = (performance.now() - began) / 1000 / job.tasks.length;
    return { end: { kind: 'trained', results, onward: { checkpoints: last, seconds } }, checkpoints: new Map() };
  } catch (error) {
    return { end: threw(error), checkpoints: last };
  }
}

/** Arrives while this thread trains on: posting asks nothing of its event loop. */
function send(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

async function openTrainer(): Promise<Trainer> {
  if (settings.trainer === undefined) return (await import('./engine-trainer.ts')).openTrainer(settings.engine, settings.arithmetic);
  // a trainer module exports openTrainer: trainer.ts says so
  const module = (await import(settings.trainer)) as { openTrainer: OpenTrainer };
  return module.openTrainer(settings.engine);
}

function objectOf({ objects }: CohortJob, hash: string): string {
  const text = objects[hash];
  if (text !== undefined) return text;
  throw new LoligoError([{ code: 'OBJECT_MISSING', where: hash, rule: 'a job must bring the objects that its tasks name' }]);
}
