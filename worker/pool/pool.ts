/**
 * Threads that train cohorts. A thread that dies takes its own cohort with it and nothing else; another one takes its place.
 * Not a queue: whoever submits sees to it that a thread is free (worker/queue/).
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Piscina } from 'piscina';
import { messageOf } from '../../schemas/errors.ts';
import { packageRoot } from '../../schemas/package-root.ts';
import type { CohortEnd } from './cohort-end.ts';
import { sharedControl } from './shared-control.ts';
import type { ThreadSettings } from './thread.ts';
import type { CohortJob } from './trainer.ts';

/** The role that the consumer needs; Pool is its one real implementation. */
export interface CohortRunner {
  readonly threads: number;
  readonly engine: string;
  /** Name in the results of replicas that no thread lived to report. */
  readonly worker: string;
  /** Never rejects for what happens to a cohort: that is a CohortEnd. */
  run(job: CohortJob): Promise<CohortEnd>;
  /** Asks every running cohort to end at its next step. There is no way back. */
  stop(): void;
  /** Replica-steps done so far. */
  steps(): number;
}

export interface Pool extends CohortRunner {
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly threads: number;
  readonly engine: string;
  /** URL of the trainer module; the engines' own when absent. */
  readonly trainer?: string;
  /** Largest JavaScript heap of a thread, MB; Node's own limit when absent. */
  readonly heapMb?: number;
}

/** Threads run compiled code: beside this file, or, when this file itself runs from source (tests), in dist/. */
const COMPILED = import.meta.url.endsWith('.ts') ? pathToFileURL(join(packageRoot(), 'dist/worker/pool/')) : new URL('./', import.meta.url);

export function openPool(options: PoolOptions): Pool {
  const { threads, engine, heapMb } = options;
  const control = sharedControl();
  const worker = `${hostname()}:${process.pid}`;
  const settings: ThreadSettings = {
    engine,
    trainer: options.trainer,
    worker,
    control: control.buffer,
  };
  const piscina = new Piscina<CohortJob, CohortEnd>({
    filename: fileURLToPath(new URL('thread.js', COMPILED)),
    name: 'trainCohortJob',
    minThreads: threads,
    maxThreads: threads,
    workerData: settings,
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  // a thread that dies between cohorts takes nothing with it, and piscina replaces it; unheard, the event would end the process
  piscina.on('error', () => undefined);
  return {
    threads,
    engine,
    worker,
    run: async (job) => {
      try {
        return await piscina.run(job);
      } catch (error) {
        return { kind: 'died', message: messageOf(error) };
      }
    },
    stop: () => control.stop(),
    steps: () => control.steps(),
    close: () => piscina.destroy(),
  };
}
