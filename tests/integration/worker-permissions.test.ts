/** docs/cluster.md's permissions on a real server: with them a worker does its work, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { cancelSubject, noticeSubject, TASKS, taskSubject } from '../../schemas/wire.ts';
import { commandLine } from '../helpers/command-line.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const program = commandLine();
const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

/** The block of the page, as it stands there. */
function documented(): string {
  const page = readFileSync(join(packageRoot(), 'docs/cluster.md'), 'utf8');
  const block = /```nats\n([\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error('docs/cluster.md has no block ```nats');
  return block.replaceAll('$ORCHESTRATOR_PASSWORD', 'one').replaceAll('$WORKER_PASSWORD', 'two');
}

describe.each(natsVersions())('the permissions of a worker on $name', ({ binary }) => {
  test('let it train a sweep from task to result, and drain', async () => {
    const server = await startNats(binary, scratch(), documented());
    servers.push(server);
    const folder = scratch();
    const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 2 }));
    const worker = program.start(['worker', '--nats', server.url, '--engine', 'reference', '--workers', '1'], {
      environment: { LOLIGO_NATS_USER: 'worker', LOLIGO_NATS_PASSWORD: 'two' },
    });
    const environment = { LOLIGO_NATS_USER: 'orchestrator', LOLIGO_NATS_PASSWORD: 'one' };
    const ended = await program.run(['run', spec, '--out', join(folder, 'run'), '--nats', server.url], { environment });
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('report:')]);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(worker.stderr()).not.toMatch(/permission/i);
  });

  test('let it make, delete, purge or cancel nothing, publish no task and read no other inbox', async () => {
    const server = await startNats(binary, scratch(), documented());
    servers.push(server);
    const connection = await connect({ servers: server.url, user: 'worker', pass: 'two', inboxPrefix: '_INBOX_worker', timeout: 500 });
    const [manager, client] = [
      await jetstreamManager(connection, { checkAPI: false, timeout: 500 }),
      jetstream(connection, { timeout: 500 }),
    ];
    const { sweep, shape } = taskFixture(0);
    const forbidden = {
      'make a stream': () => manager.streams.add({ name: 'OTHER', subjects: ['other'] }),
      'delete a stream': () => manager.streams.delete(TASKS),
      'purge a stream': () => manager.streams.purge(TASKS),
      'delete a lane': () => manager.consumers.delete(TASKS, `${sweep}-${shape}`),
      'publish a task': () => client.publish(taskSubject(sweep, shape, 0), '{}'),
      'cancel a sweep': () => client.publish(cancelSubject(sweep), ''),
      'write a notice': () => client.publish(noticeSubject(sweep), '{}'),
      'read results': () => manager.consumers.list('LOLIGO_RESULTS').next(),
    };
    const done: string[] = [];
    for (const [name, attempt] of Object.entries(forbidden)) {
      await attempt().then(
        () => done.push(name),
        () => undefined,
      );
    }
    const overheard = new Promise<unknown>((resolve) => {
      connection.subscribe('_INBOX_orchestrator.>', { callback: (error) => resolve(error?.message) });
    });
    expect(await overheard).toMatch(/permissions violation/i);
    expect(done).toEqual([]);
    await connection.close();
  });
});
