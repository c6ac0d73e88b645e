/**
 * One orchestrator for each sweep of a server. The lock of a run directory keeps two from one directory; two directories of one sweep would take each
 * other's results, and a replica that the other one stored would be trained again until its tries are over.
 *
 * An orchestrator speaks every second (sweep-notices.ts). One that is dead is not heard, and its sweep is free; two that begin in the same moment
 * hear each other, and the one whose name comes later in the alphabet gives way.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LoligoError } from '../../schemas/errors.ts';
import { parseNotice } from '../../schemas/parse.ts';
import { readable } from '../../schemas/roll.ts';
import { noticeSubject } from '../../schemas/wire.ts';
import { readNotice, speaker } from './sweep-notices.ts';

/** More than two of its seconds. */
const LISTEN_MS = 2500;

/**
 * Aborts with SWEEP_TAKEN when this one is to give way later on. `before`: who wrote this run directory last; its lock tells whether that one lives.
 * Throws SWEEP_TAKEN where another one runs the sweep already.
 */
export async function soleOrchestrator(connection: NatsConnection, sweep: string, before: string | undefined): Promise<AbortSignal> {
  const self = speaker();
  const givesWay = new AbortController();
  let running = false;
  let onHeard = (): void => undefined;
  connection.subscribe(noticeSubject(sweep), {
    callback: (_, message) => {
      const notice = readable(() => parseNotice(message.json()));
      if (notice === undefined || notice.state !== 'running' || notice.by === self || (running && self < notice.by)) return;
      givesWay.abort(taken(sweep, notice.by));
      onHeard();
    },
  });
  const last = await lastRunning(connection, sweep);
  if (last !== undefined && last !== before) {
    await new Promise<void>((resolve) => {
      const silent = setTimeout(resolve, LISTEN_MS);
      onHeard = () => {
        clearTimeout(silent);
        resolve();
      };
    });
    givesWay.signal.throwIfAborted();
  }
  running = true;
  return givesWay.signal;
}

/** Who ran the sweep when it was last heard of, and did not say that it ended. */
async function lastRunning(connection: NatsConnection, sweep: string): Promise<string | undefined> {
  try {
    const found = await readNotice(await jetstreamManager(connection, { checkAPI: false }), noticeSubject(sweep));
    return found?.notice.state === 'running' ? found.notice.by : undefined;
  } catch {
    // no stream yet, or no JetStream, which the opening of the queue finds and tells
    return undefined;
  }
}

function taken(sweep: string, by: string): LoligoError {
  const remedy = 'Wait for it or end it. "loligo cancel" ends it as well; the same command then goes on from this run directory.';
  return new LoligoError([
    {
      code: 'SWEEP_TAKEN',
      where: `sweep ${sweep.slice(0, 12)}`,
      rule: 'one orchestrator at a time runs a sweep',
      got: `another one, ${by}`,
      remedy,
    },
  ]);
}
