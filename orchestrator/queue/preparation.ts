/** What a sweep needs on the server before anything is sent, and what the server holds of it already. */
import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import type { Server } from '../../schemas/nats-connection.ts';
import * as wire from '../../schemas/wire.ts';
import { heldIn, isMissing, isOfServer, openStreams, renewConsumer, takeOut } from './streams.ts';

export interface PreparationOptions {
  readonly sweep: string;
  readonly stored: (index: number) => boolean;
  readonly provide?: () => Promise<void>;
  readonly onTrouble?: (error: unknown) => void;
}

const RETRY_MS = 250;
/** A stream that is gone so often is deleted by somebody who will go on. */
const MOST_OPENINGS = 20;

/**
 * Returns the replicas that the server holds. What somebody deletes there meanwhile is made once more: nothing was sent yet, so it begins at the
 * beginning. Throws NATS_UNREACHABLE.
 */
export async function prepareServer(server: Server, manager: JetStreamManager, options: PreparationOptions): Promise<Set<number>> {
  for (let left = MOST_OPENINGS; ; left -= 1) {
    try {
      return await prepareOnce(server, manager, options);
    } catch (error) {
      if (!isOfServer(error)) throw error;
      if (!isMissing(error)) throw unusable(server.url, error);
      if (left === 1) throw goneAgain(server.url, error);
      options.onTrouble?.(error);
      await delay(RETRY_MS);
    }
  }
}

async function prepareOnce(server: Server, manager: JetStreamManager, options: PreparationOptions): Promise<Set<number>> {
  await openStreams(manager, server.url);
  await options.provide?.();
  await manager.streams.purge(wire.STATE, { filter: wire.cancelSubject(options.sweep) });
  await renewConsumer(manager, wire.RESULTS, wire.collectorConsumer(options.sweep));
  // tasks before results: a worker moves a replica from the one to the other
  const tasks = await heldIn(manager, wire.TASKS, wire.tasksOf(options.sweep));
  const results = await heldIn(manager, wire.RESULTS, wire.resultsOf(options.sweep));
  await takeOut(
    manager,
    wire.TASKS,
    [...tasks].filter(([index]) => options.stored(index)).map(([, subject]) => subject),
  );
  return new Set([...tasks.keys(), ...results.keys()]);
}

function unusable(url: string, error: unknown): LoligoError {
  const rule = 'the server must take what a sweep needs there';
  const remedy = 'Look at its limits and at what it stores with "loligo doctor --nats URL", and at the permissions of docs/cluster.md.';
  return new LoligoError([{ code: 'NATS_UNREACHABLE', where: url, rule, got: messageOf(error), remedy }], { cause: error });
}

function goneAgain(url: string, error: unknown): LoligoError {
  const rule = 'the streams of loligo must stay where the orchestrator makes them';
  const got = `${MOST_OPENINGS} times one was gone again: ${messageOf(error)}`;
  const remedy = 'Find out who deletes them (streams LOLIGO_* and OBJ_loligo), and give the same command again.';
  return new LoligoError([{ code: 'NATS_UNREACHABLE', where: url, rule, got, remedy }], { cause: error });
}
