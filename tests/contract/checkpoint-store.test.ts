/** Every store of checkpoints keeps the promises of schemas/checkpoint-store.ts: the run directory's, and the stream's on every nats-server there is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterEach, describe, expect, test } from 'vitest';
import { ensureStreams } from '../../orchestrator/queue/streams.ts';
import { openCheckpointFiles } from '../../orchestrator/results/checkpoint-files.ts';
import type { CheckpointStore } from '../../schemas/checkpoint-store.ts';
import { connectServer, type Server } from '../../schemas/nats-connection.ts';
import { CHECKPOINT_PART_BYTES } from '../../schemas/wire.ts';
import { checkpointStream } from '../../worker/queue/checkpoint-stream.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const servers: NatsServer[] = [];
const connections: Server[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map(({ connection }) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

/** Opens the store that lives at one place, as often as it is called: each time another worker's. */
type Open = () => Promise<CheckpointStore>;

async function streamOn(binary: string): Promise<Open> {
  const server = await startNats(binary, scratch());
  servers.push(server);
  const open = async (): Promise<Server> => {
    const connected = await connectServer(server.url, 'worker', {});
    connections.push(connected);
    return connected;
  };
  await ensureStreams(await jetstreamManager((await open()).connection));
  return async () => checkpointStream((await open()).connection);
}

const STORES: readonly (readonly [string, () => Promise<Open>])[] = [
  [
    'files',
    async () => {
      const folder = scratch();
      return async () => openCheckpointFiles(folder);
    },
  ],
  ...natsVersions().map(({ name, binary }) => [`stream on ${name}`, () => streamOn(binary)] as const),
];

const bytesOf = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);
const [ONE, OTHER] = [taskFixture(0), taskFixture(1)];

describe.each(STORES)('%s', (_, place) => {
  test('gives to another process what was written last, and of nobody else', async () => {
    const open = await place();
    const store = await open();
    await store.write(ONE, bytesOf(1000, 1));
    await store.write(ONE, bytesOf(500, 2));
    await store.write(OTHER, bytesOf(10, 3));
    const after = await open();
    expect(await after.read(ONE)).toEqual(Buffer.from(bytesOf(500, 2)));
    expect(await after.read(OTHER)).toEqual(Buffer.from(bytesOf(10, 3)));
    expect(await after.read(taskFixture(2))).toBeUndefined();
  });

  test('forgets one and keeps the others, and forgets what it never had', async () => {
    const open = await place();
    const store = await open();
    await store.write(ONE, bytesOf(CHECKPOINT_PART_BYTES + 5, 1));
    await store.write(OTHER, bytesOf(10, 3));
    await store.forget(ONE);
    await store.forget(taskFixture(2));
    expect(await store.read(ONE)).toBeUndefined();
    const after = await open();
    expect([await after.read(ONE), (await after.read(OTHER))?.length]).toEqual([undefined, 10]);
  });

  test.each([-1, 0, 1])('keeps one of three messages and %i bytes', async (more) => {
    const store = await (await place())();
    const large = bytesOf(3 * CHECKPOINT_PART_BYTES + more, 7);
    await store.write(ONE, large);
    expect(Buffer.compare((await store.read(ONE)) ?? Buffer.alloc(0), large)).toBe(0);
    await store.write(ONE, bytesOf(3, 1));
    expect(await store.read(ONE)).toEqual(Buffer.from(bytesOf(3, 1)));
  });
});

test('files make no folder before the first write, and take it away when the sweep is done', async () => {
  const folder = scratch();
  const store = openCheckpointFiles(folder);
  expect(await store.read(ONE)).toBeUndefined();
  await store.forget(ONE);
  store.removeAll();
  expect(existsSync(join(folder, 'checkpoints'))).toBe(false);
  await store.write(ONE, bytesOf(10, 1));
  await store.write(OTHER, bytesOf(10, 1));
  await store.forget(ONE);
  expect(existsSync(join(folder, 'checkpoints', OTHER.replica))).toBe(true);
  store.removeAll();
  expect(existsSync(join(folder, 'checkpoints'))).toBe(false);
});
