/**
 * Which lanes there are, and in which order a worker tries them. Sweeps take turns, so that several share the workers fairly; within a
 * sweep the fullest lane comes first, because it fills a cohort.
 *
 * The server counts as pending what was never delivered; what comes again after a lost lease is in no count. So lanes with leases out are tried
 * too, after the others.
 */
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { laneOf, TASKS, type Lane } from '../../schemas/wire.ts';

export interface KnownLane extends Lane {
  readonly name: string;
  readonly ackWaitMs: number;
  /** Tasks never delivered, by the last listing less what this worker took since. */
  pending: number;
  /** Leases out, by the last listing. */
  readonly leased: number;
}

/** A listing is good for so long, while it still names waiting tasks. */
const FRESH_MS = 1000;

export class LaneDirectory {
  readonly #manager: JetStreamManager;
  readonly #serves: (lane: Lane) => boolean;
  #lanes: KnownLane[] = [];
  #listedMs = -Infinity;
  /** Turn at which each sweep was last served. */
  readonly #served = new Map<string, number>();
  #turn = 0;

  constructor(manager: JetStreamManager, serves: (lane: Lane) => boolean) {
    this.#manager = manager;
    this.#serves = serves;
  }

  /** In the order in which to try them. */
  async candidates(): Promise<readonly KnownLane[]> {
    const fresh = performance.now() - this.#listedMs < FRESH_MS;
    if (!fresh || this.#lanes.every(({ pending }) => pending === 0)) await this.#list();
    return this.#lanes.filter(({ pending, leased }) => pending + leased > 0).toSorted((a, b) => this.#before(a, b));
  }

  /** This worker asked `lane` for tasks and got so many. */
  served(lane: KnownLane, asked: number, got: number): void {
    lane.pending = got < asked ? 0 : Math.max(0, lane.pending - got);
    if (got > 0) this.#served.set(lane.sweep, ++this.#turn);
  }

  #before(a: KnownLane, b: KnownLane): number {
    const waiting = Number(b.pending > 0) - Number(a.pending > 0);
    if (waiting !== 0) return waiting;
    const turn = (this.#served.get(a.sweep) ?? 0) - (this.#served.get(b.sweep) ?? 0);
    return turn !== 0 ? turn : b.pending - a.pending;
  }

  async #list(): Promise<void> {
    const lanes: KnownLane[] = [];
    try {
      for await (const { name, config, num_pending: pending, num_ack_pending: leased } of this.#manager.consumers.list(TASKS)) {
        const lane = laneOf(name, config.description ?? '');
        if (lane !== undefined && this.#serves(lane))
          lanes.push({ ...lane, name, ackWaitMs: (config.ack_wait ?? 0) / 1e6, pending, leased });
      }
    } catch (error) {
      // no stream yet: no orchestrator has been here
      if (!(error instanceof JetStreamApiError)) throw error;
    }
    this.#lanes = lanes;
    this.#listedMs = performance.now();
  }
}
