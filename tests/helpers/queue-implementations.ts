/** The queues that the contract is asked of: the local one, and JetStream on every nats-server there is, both its sides put together. */
import { openJetStreamQueue } from '../../orchestrator/queue/jetstream.ts';
import { openLocalQueue, type LocalQueue } from '../../orchestrator/queue/local.ts';
import { connectServer } from '../../schemas/nats-connection.ts';
import { openJetStreamSource } from '../../worker/queue/jetstream.ts';
import { natsVersions, startNats, type NatsServer } from './nats-server.ts';
import { taskFixture } from './replica-fixture.ts';

export interface QueueImplementation {
  readonly name: string;
  /** Opens the queue that lives at `place` (a folder), again after a close or a death. */
  readonly open: (place: string, options: { window?: number }) => Promise<LocalQueue>;
  /** What is left of the queue when its process is killed. */
  readonly die: (queue: LocalQueue) => Promise<void>;
  /** After each test. */
  readonly end: () => Promise<void>;
}

const local: QueueImplementation = {
  name: 'local',
  open: (place, options) => Promise.resolve(openLocalQueue(place, options)),
  die: () => Promise.resolve(),
  end: () => Promise.resolve(),
};

/** As short as a loaded machine allows. */
const TEST_ACK_WAIT_MS = 1000;

function jetStream(name: string, binary: string): QueueImplementation {
  const servers = new Map<string, NatsServer>();
  const connections = new Map<LocalQueue, () => Promise<void>>();
  return {
    name: `jetstream on ${name}`,
    open: async (place, options) => {
      const server = servers.get(place) ?? (await startNats(binary, place));
      servers.set(place, server);
      const [orchestrator, worker] = await Promise.all([
        connectServer(server.url, 'orchestrator', {}),
        connectServer(server.url, 'worker', {}),
      ]);
      const { sweep } = taskFixture(0);
      const stored = new Set<number>();
      const tasks = await openJetStreamQueue(orchestrator, {
        ...options,
        sweep,
        engine: 'any',
        stored: (index) => stored.has(index),
        ackWaitMs: TEST_ACK_WAIT_MS,
      });
      const source = await openJetStreamSource(worker, {});
      const queue: LocalQueue = {
        publish: (task) => tasks.publish(task),
        results: () => tasks.results(),
        pull: (places, signal) => source.pull(places, signal),
        close: async () => {
          await source.close();
          await tasks.close();
          await Promise.all([orchestrator.connection.close(), worker.connection.close()]);
        },
      };
      connections.set(queue, async () => {
        await Promise.all([orchestrator.connection.close(), worker.connection.close()]);
      });
      return queue;
    },
    die: async (queue) => connections.get(queue)?.(),
    end: async () => {
      await Promise.all([...servers.values()].map((server) => server.kill()));
      servers.clear();
      connections.clear();
    },
  };
}

export const implementations: readonly QueueImplementation[] = [
  local,
  ...natsVersions().map(({ name, binary }) => jetStream(name, binary)),
];
