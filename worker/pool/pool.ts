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
import { sharedControl, stopFlag } from './shared-control.ts';
import type { ThreadEnd, ThreadJob, ThreadMessage, ThreadSettings } from './thread.ts';
import type { CohortJob } from './trainer.ts';

/** The role that the consumer needs; Pool is its one real implementation. */
export interface CohortRunner {
  readonly threads: number;
  /** Beside them, for what runs on a device that threads share: jobs that are the part `device`. Absent: there is no device. */
  readonly deviceThreads?: number;
  readonly engine: string;
  /** Name in the results of replicas that no thread lived to report. */
  readonly worker: string;
  /** Never rejects for what happens to a cohort: that is a CohortEnd. */
  run(job: CohortJob, options?: RunOptions): Promise<CohortEnd>;
  /** Asks every running cohort to end at its next step. There is no way back. */
  stop(): void;
  /** Replica-steps done so far. */
  steps(): number;
}

export interface RunOptions {
  /** Asks this cohort, and no other, to end at its next step. */
  readonly signal?: AbortSignal;
  /** The state of a task by its place: every so often, and when it was interrupted, before `run` resolves. */
  readonly onCheckpoint?: (place: number, checkpoint: Uint8Array) => void;
  /** A task began anew: why its checkpoint is of no use here. */
  readonly onRefusedCheckpoint?: (place: number, why: string) => void;
}

export interface Pool extends CohortRunner {
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly threads: number;
  readonly engine: string;
  /** The engine's Adam runs on a device. The arithmetic is the engine's. */
  readonly device?: { readonly arithmetic: string } | undefined;
  /** URL of the trainer module; the engines' own when absent. */
  readonly trainer?: string;
  /** Largest JavaScript heap of a thread, MB; Node's own limit when absent. */
  readonly heapMb?: number;
  /** Training time between two checkpoints of a replica; CHECKPOINT_MS when absent. */
  readonly checkpointMs?: number;
}

/** A death costs half of it on average; most replicas are done before the first. */
export const CHECKPOINT_MS = 30_000;

/**
 * A device serves one thread's work at a time, and is idle while that thread prepares a cohort or takes it back: meanwhile it works for the other.
 */
const DEVICE_THREADS = 2;

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
    checkpointMs: options.checkpointMs ?? CHECKPOINT_MS,
    arithmetic: undefined,
  };
  const cohorts = new Map<number, RunOptions>();
  let begun = 0;
  const open = (count: number, workerData: ThreadSettings): Piscina<ThreadJob, ThreadEnd> => {
    const piscina = new Piscina<ThreadJob, ThreadEnd>({
      filename: fileURLToPath(new URL('thread.js', COMPILED)),
      name: 'trainCohortJob',
      minThreads: count,
      maxThreads: count,
      workerData,
      ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
    });
    // a thread that dies between cohorts takes nothing with it, and piscina replaces it; unheard, the event would end the process
    piscina.on('error', () => undefined);
    // what comes after the end of its cohort is of no use any more
    piscina.on('message', (message: ThreadMessage) => {
      const cohort = cohorts.get(message.cohort);
      if (message.kind === 'checkpoint') cohort?.onCheckpoint?.(message.place, message.checkpoint);
      else cohort?.onRefusedCheckpoint?.(message.place, message.why);
    });
    return piscina;
  };
  const host = open(threads, { ...settings, arithmetic: options.device?.arithmetic });
  const device = options.device === undefined ? undefined : open(DEVICE_THREADS, settings);
  return {
    threads,
    ...(device === undefined ? {} : { deviceThreads: DEVICE_THREADS }),
    engine,
    worker,
    run: async (job, runOptions = {}) => {
      const { signal, onCheckpoint } = runOptions;
      const cohort = (begun += 1);
      cohorts.set(cohort, runOptions);
      const flag = stopFlag();
      const raise = (): void => flag.raise();
      signal?.addEventListener('abort', raise, { once: true });
      if (signal?.aborted === true) raise();
      try {
        const { end, checkpoints } = await (job.part === 'device' && device !== undefined ? device : host).run({
          cohort,
          job,
          stop: flag.buffer,
        });
        for (const [place, checkpoint] of checkpoints) onCheckpoint?.(place, checkpoint);
        return end;
      } catch (error) {
        return { kind: 'died', message: messageOf(error) };
      } finally {
        cohorts.delete(cohort);
        signal?.removeEventListener('abort', raise);
      }
    },
    stop: () => control.stop(),
    steps: () => control.steps(),
    close: async () => {
      await Promise.all([host.destroy(), device?.destroy()]);
    },
  };
}
