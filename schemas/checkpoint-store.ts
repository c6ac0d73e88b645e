/**
 * Where checkpoints are kept while their replicas have no outcome: files in the run directory (orchestrator/results/checkpoint-files.ts), or a
 * stream of the server (worker/queue/checkpoint-stream.ts). Losing one costs time and nothing else: no outcome rests on it, and nobody
 * waits for it. Both pass tests/contract/checkpoint-store.
 *
 * Promised: what `read` gives was written as a whole by one `write`, or does not match its hash (checkpoint-text.ts); the last one
 * written, where no other process writes of the same replica; nothing after `forget`.
 *
 * Not promised: that a checkpoint is still there; that one of a replica with an outcome is gone at once, where its worker died in between.
 */
import type { Task } from './generated/types.ts';

export type CheckpointName = Pick<Task, 'sweep' | 'index' | 'replica'>;

/** Each call may reject: the disk is full, the server away. */
export interface CheckpointStore {
  read(name: CheckpointName): Promise<Uint8Array | undefined>;
  write(name: CheckpointName, checkpoint: Uint8Array): Promise<void>;
  forget(name: CheckpointName): Promise<void>;
}
