/** What a worker without work costs the server: the more an answer takes, the longer it rests. */
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { openJetStreamQueue } from '../../../orchestrator/queue/jetstream.ts';
import { connectServer } from '../../../schemas/nats-connection.ts';
import { WORK } from '../../../schemas/wire.ts';
import { openJetStreamSource } from '../../../worker/queue/jetstream.ts';
import { openLink } from '../../faults/link.mjs';
import { natsVersions, startNats } from '../../helpers/nats-server.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.each(natsVersions().slice(-1))('an idle worker on $name', ({ binary }) => {
  test('looks for work for a small part of its time, however often it hears of some', async () => {
    const nats = await startNats(binary, scratch());
    closing.push(() => nats.kill());
    const orchestrator = await connectServer(nats.url, 'orchestrator', {});
    closing.push(() => orchestrator.connection.close());
    const { sweep } = taskFixture(0);
    const queue = await openJetStreamQueue(orchestrator, { sweep, engine: 'any', reconcileMs: 3_600_000, stored: () => false });
    closing.push(() => queue.close());
    const ear = await connect({ servers: nats.url });
    closing.push(() => ear.close());
    let looks = 0;
    ear.subscribe('$JS.API.CONSUMER.LIST.>', { callback: () => void (looks += 1) });
    await ear.flush();
    const link = await openLink(nats.url);
    closing.push(() => link.close());
    const worker = await connectServer(link.url, 'worker', {});
    closing.push(() => worker.connection.close());
    const source = await openJetStreamSource(worker, {});
    closing.push(() => source.close());
    // a listing takes 100 ms here: 50 times as long is its rest, or half of that by chance
    link.slow(50, 1e6);
    const stop = new AbortController();
    const pulled = source.pull(1, stop.signal);
    for (let times = 0; times < 60; times += 1) {
      orchestrator.connection.publish(WORK);
      await delay(20);
    }
    stop.abort();
    expect(await pulled).toEqual([]);
    expect(looks).toBe(1);
  });
});
