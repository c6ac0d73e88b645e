/**
 * Which lanes there are, and in which order a worker tries them. Sweeps take turns, so that several share the workers fairly; within a
 * sweep the fullest lane comes first, because it fills a cohort.
 *
 * The server counts as pending what was never delivered; what comes again after a lost lease is in no count. So lanes with leases out are tried
 * too, after the others. A lane that this worker cannot serve is not tried, nor is one of a sweep that was cancelled and not started again.
 */
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { LaneRefusal } from '../../schemas/generated/types.ts';
import { laneOf, TASKS, type Lane } from '../../schemas/wire.ts';

export interface KnownLane extends Lane {
  readonly name: string;
  readonly ackWaitMs: number;
  /** Tasks never delivered, by the last listing less what this worker took since. */
  pending: number;
  /** Leases out, by the last listing. */
  readonly leased: number;
}

export interface DirectoryOptions {
  /** Why this worker cannot serve a lane, by what the lane says of itself; null when it can. */
  readonly refuses: (lane: Lane) => string | null;
  /** Asks the server whether a sweep is cancelled still. */
  readonly isCancelled: (sweep: string) => Promise<boolean>;
  /** Why nothing is to be taken from a lane at the moment; null when there is no reason. */
  readonly holds: (lane: Lane) => string | null;
}

/** A listing is good for so long, while it still names waiting tasks; longer where it took long, which is where many workers ask for many lanes. */
const FRESH_MS = 1000;
const FRESH_PER_LISTING = 50;
const MOST_FRESH_MS = 10_000;
/** Shapes named per sweep and reason in a card. */
const MOST_NAMED = 1000;

export class LaneDirectory {
  readonly #manager: JetStreamManager;
  readonly #options: DirectoryOptions;
  #lanes: KnownLane[] = [];
  #listedMs = -Infinity;
  #freshMs = FRESH_MS;
  /** Turn at which each sweep was last served. */
  readonly #served = new Map<string, number>();
  #turn = 0;
  /** Lanes that this worker cannot serve, and why. */
  readonly #refused = new Map<string, { readonly lane: Lane; readonly reason: string }>();
  readonly #cancelled = new Set<string>();

  constructor(manager: JetStreamManager, options: DirectoryOptions) {
    this.#manager = manager;
    this.#options = options;
  }

  /** In the order in which to try them. */
  async candidates(): Promise<readonly KnownLane[]> {
    const fresh = performance.now() - this.#listedMs < this.#freshMs;
    if (!fresh || this.#open().every(({ pending }) => pending === 0)) await this.#list();
    return this.#open()
      .filter(({ pending, leased }) => pending + leased > 0)
      .toSorted((a, b) => this.#before(a, b));
  }

  /** This worker asked `lane` for tasks and got so many. */
  served(lane: KnownLane, asked: number, got: number): void {
    lane.pending = got < asked ? 0 : Math.max(0, lane.pending - got);
    if (got > 0) this.#served.set(lane.sweep, ++this.#turn);
  }

  /** A task of the lane is beyond this worker: none is taken any more. */
  refuse(lane: KnownLane, reason: string): void {
    this.#refused.set(lane.name, { lane, reason });
  }

  /** None of its lanes is served before it was started again. */
  cancel(sweep: string): void {
    this.#cancelled.add(sweep);
  }

  /** For the worker's card. */
  refusals(): LaneRefusal[] {
    const found = new Map<string, LaneRefusal>();
    const held = this.#lanes.flatMap((lane) => {
      const reason = this.#options.holds(lane);
      return reason === null ? [] : [{ lane, reason }];
    });
    for (const { lane, reason } of [...this.#refused.values(), ...held]) {
      const key = `${lane.sweep} ${reason}`;
      const refusal = found.get(key) ?? { sweep: lane.sweep, shapes: [], reason };
      if (refusal.shapes.length < MOST_NAMED) refusal.shapes.push(lane.shape);
      found.set(key, refusal);
    }
    return [...found.values()].slice(0, MOST_NAMED);
  }

  #open(): KnownLane[] {
    return this.#lanes.filter(
      (lane) => !this.#refused.has(lane.name) && !this.#cancelled.has(lane.sweep) && this.#options.holds(lane) === null,
    );
  }

  #before(a: KnownLane, b: KnownLane): number {
    const waiting = Number(b.pending > 0) - Number(a.pending > 0);
    if (waiting !== 0) return waiting;
    const turn = (this.#served.get(a.sweep) ?? 0) - (this.#served.get(b.sweep) ?? 0);
    return turn !== 0 ? turn : b.pending - a.pending;
  }

  async #list(): Promise<void> {
    const lanes: KnownLane[] = [];
    const started = performance.now();
    try {
      for await (const { name, config, num_pending: pending, num_ack_pending: leased } of this.#manager.consumers.list(TASKS)) {
        const lane = laneOf(name, config.description ?? '');
        if (lane !== undefined) lanes.push({ ...lane, name, ackWaitMs: (config.ack_wait ?? 0) / 1e6, pending, leased });
      }
    } catch (error) {
      // no stream yet: no orchestrator has been here
      if (!(error instanceof JetStreamApiError)) throw error;
    }
    await this.#forgetCancelled(lanes);
    this.#judge(lanes);
    this.#lanes = lanes;
    this.#listedMs = performance.now();
    this.#freshMs = Math.min(Math.max(FRESH_MS, FRESH_PER_LISTING * (this.#listedMs - started)), MOST_FRESH_MS);
  }

  /** A start takes the cancel away; a sweep without lanes needs none. */
  async #forgetCancelled(lanes: readonly KnownLane[]): Promise<void> {
    const sweeps = new Set(lanes.map(({ sweep }) => sweep));
    for (const sweep of this.#cancelled) {
      const cancelled = sweeps.has(sweep) && (await this.#options.isCancelled(sweep).catch(() => true));
      if (!cancelled) this.#cancelled.delete(sweep);
    }
  }

  /** What a task taught of a lane stays true while the lane is there; what the lane says of itself may change with its orchestrator. */
  #judge(lanes: readonly KnownLane[]): void {
    const known = new Map(lanes.map((lane) => [lane.name, lane]));
    for (const [name, { lane }] of this.#refused) {
      const now = known.get(name);
      if (now === undefined || now.engine !== lane.engine || now.numbers !== lane.numbers) this.#refused.delete(name);
    }
    for (const lane of lanes) {
      const reason = this.#refused.has(lane.name) ? null : this.#options.refuses(lane);
      if (reason !== null) this.refuse(lane, reason);
    }
  }
}
