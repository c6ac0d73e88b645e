/**
 * Checkpoints on the server: one subject for each replica and part, of which the stream keeps the last message, so that a write replaces and a read is one
 * request. A checkpoint larger than a message goes in parts; the first says how many, and parts of two that were mixed by a death in
 * between do not match their hash.
 */
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { MAX_CHECKPOINT_BYTES } from '../../schemas/checkpoint-text.ts';
import type { CheckpointName, CheckpointStore } from '../../schemas/checkpoint-store.ts';
import { CHECKPOINT_PART_BYTES, CHECKPOINTS, checkpointsOf, checkpointSubject, PARTS_HEADER } from '../../schemas/wire.ts';
import { lastMessage } from './last-message.ts';

const TIMEOUT_MS = 5000;
const MOST_PARTS = Math.ceil(MAX_CHECKPOINT_BYTES / CHECKPOINT_PART_BYTES);

export function checkpointStream(connection: NatsConnection): CheckpointStore {
  const client = jetstream(connection, { timeout: TIMEOUT_MS });
  let manager: Promise<JetStreamManager> | undefined;
  return {
    read: async (name) => {
      const first = await readPart(connection, name, 0);
      if (first === undefined) return undefined;
      const parts = [first.bytes];
      for (let part = 1; part < Math.min(first.parts, MOST_PARTS); part += 1)
        parts.push((await readPart(connection, name, part))?.bytes ?? new Uint8Array());
      return Buffer.concat(parts);
    },
    write: async ({ sweep, index }, checkpoint) => {
      const parts = Math.ceil(checkpoint.length / CHECKPOINT_PART_BYTES);
      for (let part = 0; part < parts; part += 1) {
        const marks = headers();
        marks.set(PARTS_HEADER, String(parts));
        const bytes = checkpoint.subarray(part * CHECKPOINT_PART_BYTES, (part + 1) * CHECKPOINT_PART_BYTES);
        await client.publish(checkpointSubject(sweep, index, part), bytes, { headers: marks });
      }
    },
    forget: async ({ sweep, index }) => {
      manager ??= jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS });
      await (await manager).streams.purge(CHECKPOINTS, { filter: checkpointsOf(sweep, index) });
    },
  };
}

async function readPart(
  connection: NatsConnection,
  { sweep, index }: CheckpointName,
  part: number,
): Promise<{ bytes: Uint8Array; parts: number } | undefined> {
  const found = await lastMessage(connection, CHECKPOINTS, checkpointSubject(sweep, index, part), TIMEOUT_MS);
  return found === undefined ? undefined : { bytes: found.message.data, parts: Number(found.message.headers?.get(PARTS_HEADER)) };
}
