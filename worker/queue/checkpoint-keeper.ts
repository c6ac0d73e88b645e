/**
 * What a consumer does with checkpoints: reads those of the leases that it pulled, writes what comes of its threads, forgets those of replicas with
 * an outcome. Whatever fails here is told and costs time only.
 *
 * The last try of a replica begins anew: should its checkpoint be what kills it, it has its outcome all the same.
 */
import { MAX_CHECKPOINT_BYTES } from '../../schemas/checkpoint-text.ts';
import type { CheckpointStore } from '../../schemas/checkpoint-store.ts';
import { messageOf } from '../../schemas/errors.ts';
import { MAX_DELIVERIES, type Lease } from '../../schemas/queue.ts';

/** Of one replica: at most one is written at a time, and the newest waits. */
interface Writing {
  waiting: Uint8Array | undefined;
  readonly done: Promise<void>;
}

export class CheckpointKeeper {
  readonly #store: CheckpointStore;
  readonly #onTrouble: (message: string) => void;
  readonly #writing = new Map<Lease, Writing>();
  /** Leases of which the store holds something, as far as this process knows. */
  readonly #stored = new WeakSet<Lease>();

  constructor(store: CheckpointStore, onTrouble: (message: string) => void) {
    this.#store = store;
    this.#onTrouble = onTrouble;
  }

  /** Where each lease goes on from; undefined where it begins. */
  async read(leases: readonly Lease[]): Promise<(Uint8Array | undefined)[]> {
    return Promise.all(leases.map(async (lease) => (lease.again ? this.#readOne(lease) : undefined)));
  }

  async #readOne(lease: Lease): Promise<Uint8Array | undefined> {
    const found = await this.#store.read(lease.task).catch((error: unknown) => this.#tell(lease, 'cannot be read', messageOf(error)));
    if (found === undefined) return undefined;
    this.#stored.add(lease);
    return lease.delivery < MAX_DELIVERIES ? found : undefined;
  }

  /** Returns at once. */
  write(lease: Lease, checkpoint: Uint8Array): void {
    if (lease.unwanted.aborted) return;
    if (checkpoint.length > MAX_CHECKPOINT_BYTES) return this.#tell(lease, 'is too large to be kept', `${checkpoint.length} bytes`);
    const running = this.#writing.get(lease);
    if (running !== undefined) running.waiting = checkpoint;
    else this.#begin(lease, checkpoint);
  }

  #begin(lease: Lease, checkpoint: Uint8Array): void {
    this.#stored.add(lease);
    const done = this.#store
      .write(lease.task, checkpoint)
      .catch((error: unknown) => this.#tell(lease, 'cannot be written', messageOf(error)))
      .then(() => this.#written(lease));
    this.#writing.set(lease, { waiting: undefined, done });
  }

  #written(lease: Lease): Promise<void> | undefined {
    const next = this.#writing.get(lease)?.waiting;
    this.#writing.delete(lease);
    if (next === undefined) return undefined;
    this.#begin(lease, next);
    return this.#writing.get(lease)?.done;
  }

  /** Everything that came of this lease is written, or failed to be. */
  async settled(lease: Lease): Promise<void> {
    await this.#writing.get(lease)?.done;
  }

  /** The replica has an outcome. */
  async forget(lease: Lease): Promise<void> {
    if (!this.#stored.has(lease)) return;
    await this.settled(lease);
    await this.#store.forget(lease.task).catch((error: unknown) => this.#tell(lease, 'cannot be removed', messageOf(error)));
  }

  /** The thread began the replica anew. */
  refused(lease: Lease, why: string): void {
    this.#tell(lease, 'is not taken up', why);
  }

  #tell({ task }: Lease, what: string, why: string): undefined {
    this.#onTrouble(`the checkpoint of replica ${task.index} ${what}: ${why}`);
  }
}
