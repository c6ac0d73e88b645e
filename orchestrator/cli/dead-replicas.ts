/** Replicas that were given up, and putting them back: through the server, whether or not an orchestrator runs, or in a run directory that nobody writes. */
import { jetstream, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { DeadReplica } from '../../schemas/generated/types.ts';
import { parseDead } from '../../schemas/parse.ts';
import { deadSubject, retrySubject, STATE } from '../../schemas/wire.ts';
import { expansionOf } from '../expand/expansion.ts';
import { heldIn } from '../queue/streams.ts';
import { describeDead } from '../results/dead-replica.ts';
import { readIndex } from '../results/outcome-index.ts';
import { openOutcomeLog } from '../results/outcome-log.ts';
import { readRun } from '../results/run-directory.ts';
import { lockForWriting } from '../results/writer-lock.ts';

/** Requests under way at a time. */
const AT_ONCE = 64;

/** As its orchestrator told them, in the order of the sweep. */
export async function deadOfServer(connection: NatsConnection, sweep: string): Promise<DeadReplica[]> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const dead: DeadReplica[] = [];
  try {
    const subjects = [...(await heldIn(manager, STATE, deadSubject(sweep, '*'))).values()];
    for (let from = 0; from < subjects.length; from += AT_ONCE) {
      const part = subjects.slice(from, from + AT_ONCE);
      const messages = await Promise.all(part.map((subject) => manager.streams.getMessage(STATE, { last_by_subj: subject })));
      // one that was put back meanwhile is not there any more
      for (const message of messages) if (message !== null) dead.push(parseDead(message.json()));
    }
  } catch (error) {
    // no stream: no sweep was ever here
    if (!(error instanceof JetStreamApiError)) throw error;
  }
  return dead.toSorted((a, b) => a.index - b.index);
}

/** Kept by the server until an orchestrator of the sweep takes it up. */
export async function retryOnServer(connection: NatsConnection, sweep: string, dead: readonly DeadReplica[]): Promise<void> {
  const client = jetstream(connection);
  for (let from = 0; from < dead.length; from += AT_ONCE) {
    const part = dead.slice(from, from + AT_ONCE);
    await Promise.all(part.map(({ index, retries }) => client.publish(retrySubject(sweep, index), String(retries))));
  }
}

/** In the order of the sweep, also while the directory is written. */
export function deadOfDirectory(path: string): DeadReplica[] {
  const { lock } = readRun(path);
  const expansion = expansionOf(lock.resolved);
  const { dead } = readIndex(path, expansion.replicas);
  return [...dead.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([index, entry]) => describeDead(expansion.task(index), entry, lock.resolved));
}

/** Throws RUN_LOCKED while another process writes the directory. */
export async function retryInDirectory(path: string, dead: readonly DeadReplica[]): Promise<void> {
  const { lock } = readRun(path);
  const writer = lockForWriting(path);
  try {
    const log = openOutcomeLog(path, { replicas: expansionOf(lock.resolved).replicas });
    try {
      await Promise.all(dead.map(({ index }) => log.withdraw(index)));
    } finally {
      await log.close();
    }
  } finally {
    writer.release();
  }
}
