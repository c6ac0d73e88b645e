/** Entry point of a pool thread: opens the trainer at its first cohort and keeps it. Runs one cohort at a time. */
import { threadId, workerData } from 'node:worker_threads';
import { LoligoError } from '../../schemas/errors.ts';
import { threw } from './cohort-end.ts';
import type { CohortEnd } from './cohort-end.ts';
import { sharedControl } from './shared-control.ts';
import type { CohortJob, OpenTrainer, Trainer } from './trainer.ts';

/** What pool.ts gives each thread at its start. */
export interface ThreadSettings {
  readonly engine: string;
  /** URL of another trainer module than the engines' own: tests of the pool. */
  readonly trainer: string | undefined;
  readonly worker: string;
  readonly control: SharedArrayBuffer;
}

// piscina hands through what pool.ts gave it, which is exactly this
const settings = workerData as ThreadSettings;
const control = sharedControl(settings.control);
let opened: Promise<Trainer> | undefined;

/** Called by piscina. An exception is a value here: class and violations of an error would be lost on the way. */
export async function trainCohortJob(job: CohortJob): Promise<CohortEnd> {
  try {
    opened ??= openTrainer();
    const trainer = await opened;
    const worker = `${settings.worker}/${threadId}`;
    const context = { objects: (hash: string) => objectOf(job, hash), attempts: job.attempts, worker, control };
    return { kind: 'trained', results: await trainer.train(job.tasks, context) };
  } catch (error) {
    return threw(error);
  }
}

async function openTrainer(): Promise<Trainer> {
  if (settings.trainer === undefined) return (await import('./engine-trainer.ts')).openTrainer(settings.engine);
  // a trainer module exports openTrainer: trainer.ts says so
  const module = (await import(settings.trainer)) as { openTrainer: OpenTrainer };
  return module.openTrainer(settings.engine);
}

function objectOf({ objects }: CohortJob, hash: string): string {
  const text = objects[hash];
  if (text !== undefined) return text;
  throw new LoligoError([{ code: 'OBJECT_MISSING', where: hash, rule: 'a job must bring the objects that its tasks name' }]);
}
