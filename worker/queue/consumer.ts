/**
 * The worker's loop: whenever a thread is free it pulls as many tasks of one shape as train well together, has them trained and hands
 * the results in. It never holds a task that it does not train at once. There is one loop, not one per thread, so that a replica on its
 * last try can have the process to itself: if the process dies of it, nothing else is counted.
 *
 * A cohort whose thread dies or throws is delivered again in smaller company (cohort-choice.ts); after the last try a replica is given
 * up; so is, untrained, one whose tries all ended with the death of the whole process. One that runs out of memory is halved
 * (cohort-size.ts). A worker of a cluster asks after each failure whether it is itself at fault (node-health.ts). On `drain` nothing more is pulled and what runs
 * goes on to its end; on `signal`, running cohorts are stopped at their next step and their tasks given back uncounted. A cohort of which
 * no lease is wanted any more is stopped alone. A replica goes on from its checkpoint (checkpoint-keeper.ts).
 *
 * Where threads share a device, a cohort trains there as far as its schedule begins with Adam; then each of its replicas goes on by itself on the
 * next free core, from the state it has, and its result is handed in as soon as it is there. Meanwhile the device has the next cohort: here, and
 * only here, replicas wait for a thread.
 */
import { ERROR_CODES, EXIT, LoligoError, throwIfAny } from '../../schemas/errors.ts';
import { failedResult, givenUp } from '../../schemas/failed-result.ts';
import type { Result, Task } from '../../schemas/generated/types.ts';
import { MAX_DELIVERIES } from '../../schemas/queue.ts';
import type { CheckpointStore } from '../../schemas/checkpoint-store.ts';
import type { Lease, TaskSource } from '../../schemas/queue.ts';
import type { CohortEnd } from '../pool/cohort-end.ts';
import type { CohortRunner } from '../pool/pool.ts';
import type { CohortJob } from '../pool/trainer.ts';
import { deviceStages } from '../train/device-stages.ts';
import { allAborted } from './all-aborted.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { chooseCohort, isLastTry } from './cohort-choice.ts';
import { CohortSizes, ranOutOfMemory } from './cohort-size.ts';
import type { NodeHealth } from './node-health.ts';
import { Turns } from './turns.ts';
import { tryOf, type ReportEvent, type TryFailure, type WorkerEvent } from './worker-event.ts';

type TrainedEnd = Extract<CohortEnd, { kind: 'trained' }>;
type FailedEnd = Exclude<CohortEnd, TrainedEnd>;

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
  /** Where there are other workers. */
  readonly health?: NodeHealth;
  readonly sizes?: CohortSizes;
  readonly onEvent?: ReportEvent;
  /** Every replica begins at its beginning when absent. */
  readonly checkpoints?: CheckpointStore;
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

/** A replica that goes on by itself. */
interface Rest {
  readonly lease: Lease;
  /** After its part on the device, and what that cost; absent: from its beginning, or its checkpoint. */
  readonly from?: { readonly checkpoint: Uint8Array | undefined; readonly seconds: number };
}

class ConsumerLoop {
  readonly #options: ConsumerOptions;
  readonly #cohorts = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  /** Ends the pulling. */
  readonly #enough: AbortSignal;
  readonly #sizes: CohortSizes;
  readonly #checkpoints: CheckpointKeeper | undefined;
  /** For replicas that are past the device: there are as many more of them as a cohort has. */
  readonly #cores: Turns;
  /** Cohorts on the device, and replicas that are past it. */
  #onDevice = 0;
  #finishing = 0;
  /** Called when a thread may have become free. */
  #onChange = (): void => undefined;
  running = 0;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#sizes = options.sizes ?? new CohortSizes();
    this.#cores = new Turns(options.runner.threads);
    const trouble = (message: string): void => this.#report({ kind: 'trouble', message });
    this.#checkpoints = options.checkpoints === undefined ? undefined : new CheckpointKeeper(options.checkpoints, trouble);
    const ends = options.health === undefined ? [options.signal] : [options.signal, options.health.out];
    this.#signal = AbortSignal.any([...ends, this.#failed.signal]);
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
    if (this.#options.health?.error !== undefined) this.#failures.unshift(this.#options.health.error);
    if (this.#failures.length === 1) throw this.#failures[0];
    if (this.#failures.length > 1) throw new AggregateError(this.#failures, 'several cohorts could not be trained');
  }

  async #freeThread(): Promise<void> {
    while (!this.#hasRoom()) await new Promise<void>((resolve) => (this.#onChange = resolve));
  }

  /** On a device: for a cohort there, unless as many replicas as that would bring wait for a core or have one. */
  #hasRoom(): boolean {
    const { runner, places } = this.#options;
    if (runner.deviceThreads === undefined) return this.#cohorts.size < runner.threads;
    return this.#onDevice < runner.deviceThreads && this.#finishing < Math.max(places, runner.threads);
  }

  /** Pulls once and starts what it got. False when there is no more. */
  async #next(): Promise<boolean> {
    const { source, health } = this.#options;
    await health?.due(this.#enough);
    const places = health?.placesFor(this.#options.places) ?? this.#options.places;
    const pulled = await source.pull(places, this.#enough);
    if (pulled.length === 0) return false;
    const leases = await this.#giveUpSpent(pulled);
    if (leases.length === 0) return true;
    const { cohort, rest } = chooseCohort(leases, this.#sizes.placesFor(leases[0]?.task.shape ?? '', places));
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
    for (const lease of spent)
      await this.#complete(lease, givenUp(lease.task, { ...this.#reporter(lease), attempts: MAX_DELIVERIES }, reason));
    return leases.filter(({ delivery }) => delivery <= MAX_DELIVERIES);
  }

  #start(cohort: readonly Lease[]): Promise<void> {
    const training = this.#noted(this.#trainAll(cohort)).finally(() => {
      this.#cohorts.delete(training);
      this.#onChange();
    });
    this.#cohorts.add(training);
    return training;
  }

  async #noted(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#failures.push(error);
      this.#failed.abort();
    }
  }

  async #trainAll(cohort: readonly Lease[]): Promise<void> {
    for (let left = cohort; left.length > 0;) left = await this.#train(left);
  }

  /** Those of the cohort that are to be trained at once again. */
  async #train(cohort: readonly Lease[]): Promise<readonly Lease[]> {
    this.#report({ kind: 'cohort-started', shape: cohort[0]?.task.shape ?? '', tries: cohort.map(tryOf) });
    if (this.#options.runner.deviceThreads === undefined) return (await this.#run(cohort)).again;
    if (deviceStages(cohort[0]!.task) === 0) {
      await this.#finishEach(cohort.map((lease) => ({ lease })));
      return [];
    }
    this.#onDevice += 1;
    const { again, onward } = await this.#run(cohort, 'device').finally(() => (this.#onDevice -= 1));
    await this.#finishEach(onward);
    return again;
  }

  /** Each on the next free core. */
  async #finishEach(rests: readonly Rest[]): Promise<void> {
    this.#finishing += rests.length;
    this.#onChange();
    const finishOne = async ({ lease, from }: Rest): Promise<void> => {
      await this.#noted(this.#run([lease], 'host', from));
      this.#finishing -= 1;
      this.#onChange();
    };
    await Promise.all(rests.map(finishOne));
  }

  async #run(
    cohort: readonly Lease[],
    part?: 'device' | 'host',
    from?: Rest['from'],
  ): Promise<{ again: readonly Lease[]; onward: readonly Rest[] }> {
    this.running += cohort.length;
    try {
      const train = async (): Promise<CohortEnd | undefined> => this.#endOf(cohort, part, from);
      const end = part === 'host' ? await this.#cores.take(train) : await train();
      if (end === undefined) return { again: [], onward: [] };
      if (end.kind !== 'trained') return { again: await this.#failedTry(cohort, end), onward: [] };
      const onward = await this.#handIn(cohort, end, from?.seconds ?? 0);
      return { again: [], onward };
    } finally {
      this.running -= cohort.length;
    }
  }

  /** Those whose schedule goes on. `seconds`: what the part before this one cost each. */
  async #handIn(cohort: readonly Lease[], { results, onward }: TrainedEnd, seconds: number): Promise<readonly Rest[]> {
    if ((await this.#options.health?.vouches(results)) === false) {
      await giveBack(cohort);
      return [];
    }
    const rests: Rest[] = [];
    const settled = cohort.map(async (lease, place) => {
      const result = results[place] ?? null;
      if (result !== null) await this.#settle(lease, { ...result, seconds: result.seconds + seconds });
      else if (onward === undefined) await this.#settle(lease, null);
      else rests.push({ lease, from: { checkpoint: onward.checkpoints.get(place), seconds: onward.seconds } });
    });
    await Promise.all(settled);
    return rests;
  }

  /** Undefined when they were given back for what is not their fault. */
  async #endOf(cohort: readonly Lease[], part?: 'device' | 'host', from?: Rest['from']): Promise<CohortEnd | undefined> {
    const tasks = cohort.map(({ task }) => task);
    const attempts = cohort.map(({ delivery }) => delivery);
    const unwanted = allAborted(cohort.map((lease) => lease.unwanted));
    let end: CohortEnd;
    try {
      const checkpoints = from === undefined ? await this.#checkpointsOf(cohort) : { checkpoints: [from.checkpoint] };
      const job = { tasks, attempts, objects: await this.#objectsOf(tasks), ...checkpoints, ...(part === undefined ? {} : { part }) };
      end = await this.#options.runner.run(job, {
        signal: unwanted.signal,
        onCheckpoint: (place, checkpoint) => this.#checkpoints?.write(cohort[place]!, checkpoint),
        onRefusedCheckpoint: (place, why) => this.#checkpoints?.refused(cohort[place]!, why),
      });
      // before anybody else is given the replicas
      await Promise.all(cohort.map(async (lease) => this.#checkpoints?.settled(lease)));
      refuseWithoutEngine(end);
    } catch (error) {
      if (await this.#lacksObject(cohort, error)) return undefined;
      await giveBack(cohort);
      throw error;
    } finally {
      unwanted.forget();
    }
    return end;
  }

  async #objectsOf(tasks: readonly Task[]): Promise<Record<string, string>> {
    const hashes = new Set(tasks.flatMap(({ model, data }) => [model, ...stretchesOf(data)]));
    return Object.fromEntries(await Promise.all([...hashes].map(async (hash) => [hash, await this.#options.objects(hash)] as const)));
  }

  async #checkpointsOf(cohort: readonly Lease[]): Promise<Pick<CohortJob, 'checkpoints'>> {
    const checkpoints = (await this.#checkpoints?.read(cohort)) ?? [];
    return checkpoints.every((checkpoint) => checkpoint === undefined) ? {} : { checkpoints };
  }

  async #failedTry(cohort: readonly Lease[], end: FailedEnd): Promise<readonly Lease[]> {
    const memory = ranOutOfMemory(end);
    if (memory && cohort.length > 1) return this.#halve(cohort);
    const { health } = this.#options;
    const tasks = cohort.map(({ task }) => task);
    if (memory) await health?.hold(tasks[0]!, 'a replica does not fit into its memory', { evenAlone: false });
    else if ((await health?.judge(tasks, end.message)) === 'node') {
      await this.#sendBack(cohort, end.kind, end.message, false);
      return [];
    }
    const lastTry = cohort.filter(({ delivery }) => delivery >= MAX_DELIVERIES);
    const others = cohort.filter(({ delivery }) => delivery < MAX_DELIVERIES);
    await this.#sendBack(others, memory ? 'out-of-memory' : end.kind, end.message, true);
    for (const lease of lastTry) await this.#complete(lease, this.#resultOfFailure(lease, end, memory));
    return [];
  }

  #resultOfFailure(lease: Lease, { message }: FailedEnd, memory: boolean): Result {
    const by = this.#reporter(lease);
    if (!memory) return givenUp(lease.task, by, `The last try ended with: ${message}`);
    return failedResult(lease.task, by, {
      code: 'OUT_OF_MEMORY',
      message: `given up after ${by.attempts} tries. Alone it ended with: ${message}`,
    });
  }

  async #halve(cohort: readonly Lease[]): Promise<readonly Lease[]> {
    const shape = cohort[0]?.task.shape ?? '';
    const next = this.#sizes.tooMany(shape, cohort.length);
    this.#report({ kind: 'cohort-split', shape, from: cohort.length, to: next });
    await giveBack(cohort.slice(next));
    return cohort.slice(0, next);
  }

  /** A cluster's store may lack an object of one sweep for a while, or this machine may not read it: no reason to leave the others. */
  async #lacksObject(cohort: readonly Lease[], error: unknown): Promise<boolean> {
    const { health } = this.#options;
    const [first] = cohort;
    if (health === undefined || first === undefined || !(error instanceof LoligoError) || error.code !== 'OBJECT_MISSING') return false;
    await health.hold(first.task, `an object of it cannot be read: ${error.message}`, { evenAlone: true });
    await health.judge(
      cohort.map(({ task }) => task),
      error.message,
    );
    await this.#sendBack(cohort, 'object-missing', error.message, false);
    return true;
  }

  /** They were tried here, and failed. */
  async #sendBack(cohort: readonly Lease[], failure: TryFailure, message: string, counted: boolean): Promise<void> {
    await Promise.all(
      cohort.map((lease) => {
        this.#report({ kind: 'try-failed', of: tryOf(lease), failure, message, counted });
        return lease.release({ counted, failed: true });
      }),
    );
  }

  /** An interrupted replica goes back; uncounted when it was we who stopped it. */
  async #settle(lease: Lease, result: Result | null): Promise<void> {
    if (result === null) return lease.release({ counted: !this.#signal.aborted && !lease.unwanted.aborted });
    try {
      await this.#complete(lease, result);
    } catch (error) {
      if (!isMalformed(error)) throw error;
      const { code, message } = error;
      await this.#complete(lease, failedResult(lease.task, this.#reporter(lease), { code, message }));
    }
  }

  async #complete(lease: Lease, result: Result): Promise<void> {
    try {
      await lease.complete(result);
    } catch (error) {
      // nobody waits for it any more: another worker trains the replica, where it is wanted
      if (isMalformed(error) || !(this.#signal.aborted || lease.unwanted.aborted)) throw error;
      return lease.release({ counted: false });
    }
    await this.#checkpoints?.forget(lease);
    this.#report({ kind: 'replica-finished', of: tryOf(lease), result });
  }

  #report(event: WorkerEvent): void {
    this.#options.onEvent?.(event);
  }

  #reporter({ delivery }: Lease): { attempts: number; worker: string; engine: string } {
    const { worker, engine } = this.#options.runner;
    return { attempts: delivery, worker, engine };
  }
}

function isMalformed(error: unknown): error is LoligoError {
  return error instanceof LoligoError && error.code === 'SCHEMA_MESSAGE';
}

async function giveBack(leases: readonly Lease[]): Promise<void> {
  // last to first: each goes to the head of its lane, so they keep their order
  for (const lease of leases.toReversed()) await lease.release({ counted: false });
}

/** A machine without the engine, or without the objects, fails every cohort alike: that ends the worker, not the replicas. */
function refuseWithoutEngine(end: CohortEnd): void {
  if (end.kind !== 'threw' || ranOutOfMemory(end)) return;
  const [first] = end.violations;
  if (first !== undefined && ERROR_CODES[first.code].exit === EXIT.infrastructure) throwIfAny(end.violations);
}

/** Stored stretches that a replica is fitted to and scored on. */
function stretchesOf({ source, heldOut = [] }: Task['data']): string[] {
  return [...(source.kind === 'trace' ? [source.object] : []), ...heldOut.map(({ object }) => object)];
}
