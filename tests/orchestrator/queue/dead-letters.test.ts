/** `dead retry` on a real server, from wherever a death left it. The log is the real one. */
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { DeadLetters } from '../../../orchestrator/queue/dead-letters.ts';
import { ensureStreams, heldIn } from '../../../orchestrator/queue/streams.ts';
import { describeDead } from '../../../orchestrator/results/dead-replica.ts';
import { openOutcomeLog, type OutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import type { Result } from '../../../schemas/generated/types.ts';
import * as wire from '../../../schemas/wire.ts';
import { natsVersions, startNats } from '../../helpers/nats-server.ts';
import { lockFixture, resultFixture, taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const scratch = scratchFolders();
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const { sweep } = taskFixture(0);
const dead = (index: number): Result =>
  resultFixture(index, { outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: 'three deaths' } }, attempts: 3 });

interface Scene {
  readonly log: OutcomeLog;
  readonly letters: DeadLetters;
  readonly again: number[];
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
}

async function scene(binary: string): Promise<Scene> {
  const server = await startNats(binary, scratch());
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await ensureStreams(manager);
  const log = openOutcomeLog(scratch(), { replicas: 100 });
  const again: number[] = [];
  const letters = new DeadLetters(connection, manager, {
    sweep,
    log,
    describe: (index) => describeDead(taskFixture(index), log.dead.get(index)!, lockFixture().resolved),
    again: (index) => void again.push(index),
    onTrouble: (error) => {
      throw error;
    },
  });
  closing.push(
    () => server.kill(),
    () => connection.close(),
    () => log.close(),
    () => letters.close(),
  );
  return { log, letters, again, connection, manager };
}

const told = async ({ manager }: Scene): Promise<number[]> => [...(await heldIn(manager, wire.STATE, wire.deadSubject(sweep, '*'))).keys()];
const wishes = async ({ manager }: Scene): Promise<number> => (await heldIn(manager, wire.STATE, wire.retrySubject(sweep, '*'))).size;
const wish = async ({ connection }: Scene, index: number, retries: number): Promise<void> =>
  void (await jetstream(connection).publish(wire.retrySubject(sweep, index), String(retries)));

describe.each(natsVersions())('dead letters on $name', ({ binary }) => {
  test('entries follow the log: made for what was given up, taken away for what was not, made again after a loss', async () => {
    const here = await scene(binary);
    const { log, letters, connection, manager } = here;
    await Promise.all([log.append(dead(3)), log.append(dead(5)), log.append(resultFixture(4))]);
    await jetstream(connection).publish(wire.deadSubject(sweep, 9), '{}');
    await letters.reconcile();
    expect(await told(here)).toEqual([3, 5]);
    await manager.streams.purge(wire.STATE);
    await letters.reconcile();
    expect(await told(here)).toEqual([3, 5]);
  });

  test('a wish is granted at once: nothing of the tries is left, the outcome is withdrawn, the replica is published anew', async () => {
    const here = await scene(binary);
    const { log, letters, connection, again, manager } = here;
    await log.append(dead(3));
    await letters.reconcile();
    const client = jetstream(connection);
    // an echo of its outcome, its count of tries, and a task that was not taken out
    await client.publish(wire.resultSubject(sweep, 3), JSON.stringify(dead(3)));
    await client.publish(wire.triesSubject(sweep, 3), '3');
    await client.publish(wire.taskSubject(sweep, 'a'.repeat(16), 3), JSON.stringify(taskFixture(3)));
    await wish(here, 3, 0);
    await waitFor(() => again.length > 0);
    expect([again, log.has(3), log.stored]).toEqual([[3], false, 0]);
    for (const stream of [wire.RESULTS, wire.TASKS, wire.STATE]) expect((await manager.streams.info(stream)).state.messages).toBe(0);
  });

  test('a wish that outlived its outcome withdraws no second one', async () => {
    const here = await scene(binary);
    const { log, letters, again } = here;
    await log.append(dead(3));
    // an orchestrator died after the withdrawal and before the wish was deleted; the replica died again meanwhile
    await log.withdraw(3);
    await log.append(dead(3));
    await wish(here, 3, 0);
    await waitForNone(here);
    await letters.reconcile();
    expect([again, log.dead.get(3)?.retries, await told(here)]).toEqual([[], 1, [3]]);
    await wish(here, 3, 1);
    await waitFor(() => again.length === 1);
    expect(log.has(3)).toBe(false);
  });

  test('what was put back without a server starts with all its tries', async () => {
    const here = await scene(binary);
    const { log, letters, connection, manager } = here;
    await log.append(dead(3));
    await log.withdraw(3);
    await jetstream(connection).publish(wire.triesSubject(sweep, 3), '3');
    await letters.reconcile();
    expect((await manager.streams.info(wire.STATE)).state.messages).toBe(0);
  });
});

async function waitForNone(here: Scene): Promise<void> {
  while ((await wishes(here)) > 0);
}
