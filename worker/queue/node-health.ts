/**
 * One bad node must not spoil the sweep: the worker judges itself, and takes itself out before it costs replicas their tries.
 *
 *   fit -> in doubt: a cohort failed here (its thread died, its trainer threw), and the machine passed its own check (pool/self-check.ts).
 *          While in doubt it pulls one replica at a time, and pauses longer after each failure, so that others can take what it gave back.
 *   in doubt -> fit: a replica trains, or what failed here fails on another machine too: it was the replica.
 *   in doubt -> out: others finished what failed here, SEVERAL cohorts in a row.
 *   any -> out: the machine's own check fails, after a failed cohort or after an outcome that says that the arithmetic broke down.
 *
 * The failed tries of a worker are counted, with its name (tries.ts), except those after which its own check failed. A replica that failed
 * here is left to workers that have not failed it, while there are any; so a bad node takes one try of a replica, not all three. A worker
 * that is alone waits a while too: others may come.
 *
 * What kills the whole process tells nobody; `loligo worker` therefore checks itself before it pulls anything.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { dropOldest } from '../../schemas/bounded-map.ts';
import { LoligoError } from '../../schemas/errors.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { laneName } from '../../schemas/wire.ts';
import type { OtherWorker } from './other-workers.ts';
import type { Tries } from './tries.ts';
import type { ReportEvent } from './worker-event.ts';

interface ReplicaName {
  readonly sweep: string;
  readonly index: number;
}

type FailedCohort = readonly ReplicaName[];
type LaneName = Parameters<typeof laneName>[0];

export interface NodeHealthOptions {
  /** Name of this worker: HOST:PROCESS. */
  readonly worker: string;
  /** What is wrong with this machine. */
  readonly selfCheck: () => Promise<string | undefined>;
  readonly readTries: (sweep: string, index: number) => Promise<Tries>;
  /** Who else serves. */
  readonly others: () => Promise<readonly OtherWorker[]>;
  readonly onEvent?: ReportEvent;
  /** After the first failure; doubles with each. */
  readonly pauseMs?: number;
}

/** Cohorts that others finished. Fewer would be a coincidence where replicas fail by chance. */
const SEVERAL = 3;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Between two looks at what became of the failed ones. */
const LOOK_MS = 1000;
/** A passed check stands for so long against an outcome that says that the arithmetic broke down. */
const PASSED_MS = 30_000;
/** The failures of threads that fall together share a check. */
const TOGETHER_MS = 2000;
/** Who serves is asked again after this. */
const OTHERS_MS = 5000;
/** Nobody else took it in so long: they may be unable to. */
const LEAVE_MS = 15 * 60_000;
/** There is nobody else. The bad node may be the first of its cluster that is up. */
const ALONE_MS = 30_000;
const HOLD_MS = 30_000;
const LONGEST_HOLD_MS = 10 * 60_000;
/** Failed cohorts and left replicas remembered. */
const REMEMBERED = 1024;

export class NodeHealth {
  readonly #options: NodeHealthOptions;
  readonly #out = new AbortController();
  /** Failed cohorts since the last replica that trained. */
  #failed: readonly FailedCohort[] = [];
  #message = '';
  readonly #leftSince = new Map<string, number>();
  readonly #held = new Map<string, { readonly untilMs: number; readonly times: number; readonly why: string }>();
  #others: { readonly atMs: number; readonly workers: readonly OtherWorker[] } = { atMs: -Infinity, workers: [] };
  #checking: Promise<string | undefined> | undefined;
  #passedMs = -Infinity;
  #dueMs = -Infinity;
  #looking: NodeJS.Timeout | undefined;
  #lookingNow = false;
  #why: string | undefined;

  constructor(options: NodeHealthOptions) {
    this.#options = options;
  }

  /** Aborts when the worker has taken itself out. */
  get out(): AbortSignal {
    return this.#out.signal;
  }

  get why(): string | undefined {
    return this.#why;
  }

  get error(): LoligoError | undefined {
    if (this.#why === undefined) return undefined;
    const remedy = 'Look at its memory, processor, driver and disk; start the worker again when they are sound.';
    return new LoligoError([
      { code: 'NODE_UNFIT', where: this.#options.worker, rule: 'a machine must train what others train', got: this.#why, remedy },
    ]);
  }

  /** Before anything is pulled. False: out already. */
  async begin(): Promise<boolean> {
    const fault = await this.#check(0);
    if (fault !== undefined) this.#goOut(`its own check failed: ${fault}`);
    return fault === undefined;
  }

  /** Places of a cohort: one while in doubt. */
  placesFor(places: number): number {
    return this.#failed.length > 0 ? 1 : places;
  }

  /** Resolves when the next pull is due, or there is to be none. */
  async due(signal: AbortSignal): Promise<void> {
    const enough = AbortSignal.any([signal, this.out]);
    while (!enough.aborted && this.#failed.length > 0) {
      const left = this.#dueMs - performance.now();
      if (left <= 0) return;
      await delay(Math.min(left, LOOK_MS), undefined, { signal: enough }).catch(() => undefined);
    }
  }

  /** Whose fault is it that this cohort failed? `node`: it goes back uncounted, and the worker is out. */
  async judge(replicas: readonly ReplicaName[], message: string): Promise<'node' | 'replica'> {
    if (this.out.aborted) return 'node';
    const fault = await this.#check(TOGETHER_MS);
    if (fault !== undefined) {
      this.#goOut(`after "${message}" its own check failed: ${fault}`);
      return 'node';
    }
    this.#failed = [...this.#failed, replicas.map(({ sweep, index }) => ({ sweep, index }))].slice(-REMEMBERED);
    this.#message = message;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, (this.#options.pauseMs ?? PAUSE_MS) * 2 ** (this.#failed.length - 1));
    this.#dueMs = performance.now() + pauseMs;
    this.#options.onEvent?.({ kind: 'in-doubt', failures: this.#failed.length, pauseMs });
    this.#looking ??= setInterval(() => void this.#look(), LOOK_MS).unref();
    return 'replica';
  }

  /** Results of a cohort, before they are handed in. False: this machine's arithmetic is broken, and they are worth nothing. */
  async vouches(results: readonly (Result | null)[]): Promise<boolean> {
    if (results.some((result) => result !== null && isTrained(result))) this.#acquit(this.#failed);
    if (!results.some((result) => result !== null && !isTrained(result))) return true;
    const fault = await this.#check(PASSED_MS);
    if (fault !== undefined) this.#goOut(`its own check failed: ${fault}`);
    return fault === undefined;
  }

  /** Whether to leave a replica that these failed to workers that may do better, or may come yet. */
  async leaves({ replica, ...lane }: LaneName & { readonly replica: string }, failedBy: readonly string[]): Promise<boolean> {
    const { worker } = this.#options;
    if (!failedBy.some((name) => hostOf(name) === hostOf(worker))) return false;
    const others = await this.#othersNow();
    const able = others.filter(({ refuses }) => !refuses.has(laneName(lane)));
    const hosts = new Set(failedBy.map(hostOf));
    const better = failedBy.includes(worker)
      ? able.some((other) => !failedBy.includes(other.worker))
      : able.some((other) => !hosts.has(hostOf(other.worker)));
    if (!better && others.length > 0) return false;
    const since = this.#leftSince.get(replica) ?? performance.now();
    this.#leftSince.set(replica, since);
    dropOldest(this.#leftSince, REMEMBERED);
    return performance.now() - since < (better ? LEAVE_MS : ALONE_MS);
  }

  /** Take nothing from this lane for a while: this machine lacks what it needs. Returns false, and does nothing, where no other could do better. */
  async hold(lane: LaneName, why: string, { evenAlone }: { evenAlone: boolean }): Promise<boolean> {
    const key = laneName(lane);
    if (!evenAlone && (await this.#othersNow()).every(({ refuses }) => refuses.has(key))) return false;
    const times = (this.#held.get(key)?.times ?? 0) + 1;
    const forMs = Math.min(LONGEST_HOLD_MS, HOLD_MS * 2 ** (times - 1));
    this.#held.set(key, { untilMs: performance.now() + forMs, times, why });
    dropOldest(this.#held, REMEMBERED);
    this.#options.onEvent?.({ kind: 'lane-held', sweep: lane.sweep, shape: lane.shape, seconds: forMs / 1000, why });
    return true;
  }

  /** Why nothing is taken from this lane at the moment; null: it is served. */
  holds(lane: LaneName): string | null {
    const held = this.#held.get(laneName(lane));
    return held !== undefined && held.untilMs > performance.now() ? held.why : null;
  }

  close(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #goOut(why: string): void {
    if (this.out.aborted) return;
    this.#why = why;
    this.close();
    this.#options.onEvent?.({ kind: 'went-out', why });
    this.#out.abort();
  }

  /** What is wrong with this machine, by a check that is no older than `freshMs`; checks that are asked for together are one. */
  async #check(freshMs: number): Promise<string | undefined> {
    if (performance.now() - this.#passedMs < freshMs) return undefined;
    this.#checking ??= this.#checkNow().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async #checkNow(): Promise<string | undefined> {
    const started = performance.now();
    const fault = await this.#options.selfCheck();
    this.#options.onEvent?.({ kind: 'self-checked', fault, seconds: (performance.now() - started) / 1000 });
    if (fault === undefined) this.#passedMs = performance.now();
    return fault;
  }

  async #othersNow(): Promise<readonly OtherWorker[]> {
    if (performance.now() - this.#others.atMs < OTHERS_MS) return this.#others.workers;
    const workers = await this.#options.others().catch(() => []);
    this.#others = { atMs: performance.now(), workers };
    return workers;
  }

  /** What became of the failed cohorts? */
  async #look(): Promise<void> {
    if (this.#lookingNow) return;
    this.#lookingNow = true;
    try {
      const ends = await Promise.all(this.#failed.map(async (cohort) => ({ cohort, end: await this.#endOf(cohort) })));
      this.#acquit(ends.filter(({ end }) => end === 'not ours').map(({ cohort }) => cohort));
      const ours = ends.filter(({ cohort, end }) => end === 'finished' && this.#failed.includes(cohort)).length;
      if (ours >= SEVERAL)
        this.#goOut(`other workers finished what failed here, ${ours} times in a row. The last failure: ${this.#message}`);
    } catch {
      // the server is away: the next look comes in a second
    } finally {
      this.#lookingNow = false;
    }
  }

  /** A replica that fails on another machine too is at fault itself, and so excuses those that failed with it. */
  async #endOf(cohort: FailedCohort): Promise<'finished' | 'not ours' | 'open'> {
    const { worker, readTries } = this.#options;
    const tries = await Promise.all(cohort.map(({ sweep, index }) => readTries(sweep, index)));
    if (tries.some(({ failedBy }) => failedBy.some((name) => hostOf(name) !== hostOf(worker)))) return 'not ours';
    // the sweep is over, and took its counts along
    if (tries.every(({ sequence }) => sequence === 0)) return 'not ours';
    return tries.every(({ finishedBy }) => finishedBy !== undefined && finishedBy !== worker) ? 'finished' : 'open';
  }

  #acquit(cohorts: readonly FailedCohort[]): void {
    this.#failed = this.#failed.filter((cohort) => !cohorts.includes(cohort));
    if (this.#failed.length === 0) this.close();
  }
}

function isTrained({ outcome: { kind } }: Result): boolean {
  return kind !== 'diverged' && kind !== 'failed';
}

/** Of HOST:PROCESS. */
function hostOf(worker: string): string {
  return worker.slice(0, worker.lastIndexOf(':'));
}
