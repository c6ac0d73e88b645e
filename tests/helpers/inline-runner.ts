/** A CohortRunner without threads: trains each cohort by a function of the test, and notes what ran with what. */
import type { CohortEnd } from '../../worker/pool/cohort-end.ts';
import type { CohortRunner, RunOptions } from '../../worker/pool/pool.ts';
import type { CohortJob } from '../../worker/pool/trainer.ts';
import { resultFixture } from './replica-fixture.ts';

export interface InlineRunner extends CohortRunner {
  /** Indices of each cohort, in the order of their start. */
  readonly cohorts: number[][];
  /** Largest number of cohorts at a time. */
  readonly mostAtOnce: () => number;
  readonly stopped: () => boolean;
}

export type TrainInline = (job: CohortJob, runner: InlineRunner, options: RunOptions) => CohortEnd | Promise<CohortEnd>;

/** Every task converges. */
export function trained({ tasks, attempts }: CohortJob): CohortEnd {
  return { kind: 'trained', results: tasks.map(({ index }, place) => resultFixture(index, { attempts: attempts[place] ?? 0 })) };
}

export function inlineRunner(threads: number, train: TrainInline = trained, deviceThreads?: number): InlineRunner {
  let atOnce = 0;
  let most = 0;
  let stopped = false;
  let steps = 0;
  const runner: InlineRunner = {
    threads,
    ...(deviceThreads === undefined ? {} : { deviceThreads }),
    engine: 'reference',
    worker: 'inline',
    cohorts: [],
    mostAtOnce: () => most,
    stopped: () => stopped,
    run: async (job, options = {}) => {
      runner.cohorts.push(job.tasks.map(({ index }) => index));
      atOnce += 1;
      most = Math.max(most, atOnce);
      const end = await train(job, runner, options);
      atOnce -= 1;
      steps += 10 * job.tasks.length;
      return end;
    },
    stop: () => void (stopped = true),
    steps: () => steps,
  };
  return runner;
}
