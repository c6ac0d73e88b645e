/**
 * The worker's loop: whenever a thread is free it pulls as many tasks of one shape as train well together, has them trained and hands
 * the results in. It never holds a task that it does not train at once. There is one loop, not one per thread, so that a replica on its
 * last try can have the process to itself: if the process dies of it, nothing else is counted.
 *
 * A cohort whose thread dies or throws is delivered again in smaller company (cohort-choice.ts); after the last try a replica is given
 * up; so is, untrained, one whose tries all ended with the death of the whole process. On `drain` nothing more is pulled and what runs
 * goes on to its end; on `signal`, running cohorts are stopped at their next step and their tasks given back uncounted.
 */
import { ERROR_CODES, EXIT, LoligoError, throwIfAny } from '../../schemas/errors.ts';
import { failedResult, givenUp } from '../../schemas/failed-result.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { MAX_DELIVERIES } from '../../schemas/queue.ts';
import type { Lease, TaskSource } from '../../schemas/queue.ts';
import type { CohortEnd } from '../pool/cohort-end.ts';
import type { CohortRunner } from '../pool/pool.ts';
import { chooseCohort, isLastTry } from './cohort-choice.ts';

export interface ConsumerOptions {
  readonly source: TaskSource;
  readonly runner: CohortRunner;
  /** Replicas that train well together on one thread of this engine. */
  readonly places: number;
  /** Text of an object by content hash. Throws OBJECT_MISSING. */
  readonly objects: (hash: string) => Promise<string>;
  readonly signal: AbortSignal;
  /** Pull nothing more, and end when what runs has ended. */
  readonly drain?: AbortSignal;
}

export interface Consumer {
  /** Resolves when the source is closed or `signal` aborted and every lease is completed or released. Rejects with what ended it otherwise (DISK, ENGINE_UNAVAILABLE, ...). */
  readonly ended: Promise<void>;
  /** Replicas in training. */
  running(): number;
}

export function consume(options: ConsumerOptions): Consumer {
  const loop = new ConsumerLoop(options);
  return { ended: loop.serve(), running: () => loop.running };
}

class ConsumerLoop {
  readonly #options: ConsumerOptions;
  readonly #cohorts = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  /** Ends the pulling. */
  readonly #enough: AbortSignal;
  running = 0;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
    this.#enough = options.drain === undefined ? this.#signal : AbortSignal.any([this.#signal, options.drain]);
    this.#signal.addEventListener('abort', () => options.runner.stop(), { once: true });
    if (this.#signal.aborted) options.runner.stop();
  }

  async serve(): Promise<void> {
    const { runner } = this.#options;
    try {
      while (await this.#next()) await this.#freeThread();
    } catch (error) {
      this.#failures.push(error);
    }
    if (this.#options.drain?.aborted === true && this.#failures.length === 0) await Promise.all(this.#cohorts);
    // what still trains now could not hand in its results any more
    runner.stop();
    await Promise.all(this.#cohorts);
    if (this.#failures.length === 1) throw this.#failures[0];
    if (this.#failures.length > 1) throw new AggregateError(this.#failures, 'several cohorts could not be trained');
  }

  async #freeThread(): Promise<void> {
    while (this.#cohorts.size >= this.#options.runner.threads) await Promise.race(this.#cohorts);
  }

  /** Pulls once and starts what it got. False when there is no more. */
  async #next(): Promise<boolean> {
    const { source, places } = this.#options;
    const pulled = await source.pull(places, this.#enough);
    if (pulled.length === 0) return false;
    const leases = await this.#giveUpSpent(pulled);
    if (leases.length === 0) return true;
    const { cohort, rest } = chooseCohort(leases, places);
    await giveBack(rest);
    if (!isLastTry(cohort))
      void this.#start(cohort); // its failure is noted in there
    else if (this.#cohorts.size === 0) await this.#start(cohort);
    else {
      // not held while others train: it comes first again when the process is idle
      await giveBack(cohort);
      await Promise.all(this.#cohorts);
    }
    return true;
  }

  /** The others. Of the tries of a spent one nobody lived to tell. */
  async #giveUpSpent(leases: readonly Lease[]): Promise<readonly Lease[]> {
    const spent = leases.filter(({ delivery }) => delivery > MAX_DELIVERIES);
    const reason = 'Each time the whole process died before the replica had an outcome.';
    for (const lease of spent) await lease.complete(givenUp(lease.task, { ...this.#reporter(lease), attempts: MAX_DELIVERIES }, reason));
    return leases.filter(({ delivery }) => delivery <= MAX_DELIVERIES);
  }

  #start(cohort: readonly Lease[]): Promise<void> {
    const training = this.#train(cohort)
      .catch((error: unknown) => {
        this.#failures.push(error);
        this.#failed.abort();
      })
      .finally(() => {
        this.#cohorts.delete(training);
        this.running -= cohort.length;
      });
    this.#cohorts.add(training);
    this.running += cohort.length;
    return training;
  }

  async #train(cohort: readonly Lease[]): Promise<void> {
    const tasks = cohort.map(({ task }) => task);
    const attempts = cohort.map(({ delivery }) => delivery);
    let end: CohortEnd;
    try {
      end = await this.#options.runner.run({ tasks, attempts, objects: await this.#objectsOf(tasks) });
      refuseWithoutEngine(end);
    } catch (error) {
      await giveBack(cohort);
      throw error;
    }
    if (end.kind !== 'trained') return this.#failedTry(cohort, end.message);
    const { results } = end;
    await Promise.all(cohort.map((lease, place) => this.#settle(lease, results[place] ?? null)));
  }

  async #objectsOf(tasks: readonly Task[]): Promise<Record<string, string>> {
    const hashes = new Set(tasks.flatMap(({ model, data: { source } }) => (source.kind === 'trace' ? [model, source.object] : [model])));
    return Object.fromEntries(await Promise.all([...hashes].map(async (hash) => [hash, await this.#options.objects(hash)] as const)));
  }

  async #failedTry(cohort: readonly Lease[], message: string): Promise<void> {
    await Promise.all(
      cohort.map((lease) => {
        if (lease.delivery < MAX_DELIVERIES) return lease.release({ counted: true });
        return lease.complete(givenUp(lease.task, this.#reporter(lease), `The last try ended with: ${message}`));
      }),
    );
  }

  /** An interrupted replica goes back; uncounted when it was we who stopped it. */
  async #settle(lease: Lease, result: Result | null): Promise<void> {
    if (result === null) return lease.release({ counted: !this.#signal.aborted });
    try {
      await lease.complete(result);
    } catch (error) {
      if (!(error instanceof LoligoError) || error.code !== 'SCHEMA_MESSAGE') throw error;
      const { code, message } = error;
      await lease.complete(failedResult(lease.task, this.#reporter(lease), { code, message }));
    }
  }

  #reporter({ delivery }: Lease): { attempts: number; worker: string; engine: string } {
    const { worker, engine } = this.#options.runner;
    return { attempts: delivery, worker, engine };
  }
}

async function giveBack(leases: readonly Lease[]): Promise<void> {
  // last to first: each goes to the head of its lane, so they keep their order
  for (const lease of leases.toReversed()) await lease.release({ counted: false });
}

/** A machine without the engine, or without the objects, fails every cohort alike: that ends the worker, not the replicas. */
function refuseWithoutEngine(end: CohortEnd): void {
  if (end.kind !== 'threw') return;
  const [first] = end.violations;
  if (first !== undefined && ERROR_CODES[first.code].exit === EXIT.infrastructure) throwIfAny(end.violations);
}
