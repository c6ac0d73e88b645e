/** A worker's judgement of itself, put together: the check on a thread of its pool, the server's record of tries, the others' cards. */
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { LoligoError } from '../../schemas/errors.ts';
import type { Pool } from '../../worker/pool/pool.ts';
import { selfCheck } from '../../worker/pool/self-check.ts';
import { NodeHealth } from '../../worker/queue/node-health.ts';
import { otherWorkers } from '../../worker/queue/other-workers.ts';
import { readTries } from '../../worker/queue/tries.ts';
import type { ReportEvent } from '../../worker/queue/worker-event.ts';

/** An orchestrator looks who serves every ten seconds, and should see why this one does not. */
const LINGER_MS = 15_000;

/** Checked before anything is pulled; where the check fails, the consumer ends with NODE_UNFIT at once. */
export async function openHealth(connection: NatsConnection, pool: Pool, onEvent: ReportEvent): Promise<NodeHealth> {
  const health = new NodeHealth({
    worker: pool.worker,
    selfCheck: () => selfCheck(pool),
    readTries: (sweep, index) => readTries(connection, sweep, index),
    others: () => otherWorkers(connection, pool.worker),
    onEvent,
  });
  await health.begin();
  return health;
}

/** Resolves when the others had time to see in its card that it is out; at once when it is not, or when `signal` aborts. */
export async function lingerWhenOut(error: unknown, signal: AbortSignal): Promise<void> {
  if (!(error instanceof LoligoError) || error.code !== 'NODE_UNFIT' || signal.aborted) return;
  await delay(LINGER_MS, undefined, { signal }).catch(() => undefined);
}
