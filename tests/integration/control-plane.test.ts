/** What people do to a sweep that runs through a real nats-server: look at it, cancel it, put back what was given up, mix workers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { deadOfServer } from '../../orchestrator/cli/dead-replicas.ts';
import { loadSweep } from '../../orchestrator/cli/load-sweep.ts';
import { readCards } from '../../orchestrator/cli/sweep-notices.ts';
import { openJetStreamQueue } from '../../orchestrator/queue/jetstream.ts';
import { provideObjects } from '../../orchestrator/queue/objects.ts';
import { openOutcomeLog } from '../../orchestrator/results/outcome-log.ts';
import { openRun } from '../../orchestrator/results/run-directory.ts';
import { givenUp } from '../../schemas/failed-result.ts';
import type { Task, WorkerCard } from '../../schemas/generated/types.ts';
import { connectServer } from '../../schemas/nats-connection.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { parseTask } from '../../schemas/parse.ts';
import { laneName, resultSubject, STATE, TASKS, tasksOf, triesSubject } from '../../schemas/wire.ts';
import { commandLine, type Started } from '../helpers/command-line.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { outcomeLines, outcomesOf, quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { lockFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor, waitUntil } from '../helpers/wait-for.ts';

// each starts the program a dozen times, beside other tests
vi.setConfig({ testTimeout: 90_000 });

const scratch = scratchFolders();
const program = commandLine();
const servers: NatsServer[] = [];
const connections: NatsConnection[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

interface Place {
  readonly url: string;
  readonly folder: string;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
}

async function place(binary: string): Promise<Place> {
  const folder = scratch();
  const server = await startNats(binary, folder);
  servers.push(server);
  const connection = await connect({ servers: server.url });
  connections.push(connection);
  return { url: server.url, folder, connection, manager: await jetstreamManager(connection) };
}

const WORKER = ['--engine', 'reference', '--workers', '1'];

async function answer(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await program.run([...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The tasks that wait on the server, once there are so many. */
async function waitingTasks({ manager }: Place, count: number): Promise<Task[]> {
  for (;;) {
    const { state } = await manager.streams.info(TASKS, { subjects_filter: tasksOf('*') }).catch(() => ({ state: { subjects: {} } }));
    const subjects = Object.keys(state.subjects ?? {});
    const messages = await Promise.all(subjects.map((subject) => manager.streams.getMessage(TASKS, { last_by_subj: subject })));
    // one that was listed may have been taken away since
    const tasks = messages.flatMap((message) => (message === null ? [] : [parseTask(message.json())]));
    if (tasks.length >= count) return tasks.toSorted((a, b) => a.index - b.index);
    await delay(50);
  }
}

/** As a worker reports it after the last try, its count of tries included. */
async function giveUp({ connection }: Place, { sweep, index, ...rest }: Task): Promise<void> {
  const client = jetstream(connection);
  const by = { attempts: 3, worker: 'node-7:42', engine: 'reference' };
  await client.publish(triesSubject(sweep, index), '3');
  await client.publish(resultSubject(sweep, index), JSON.stringify(givenUp({ sweep, index, ...rest }, by, 'The thread died.')));
}

async function untilDead({ connection }: Place, sweep: string, indices: readonly number[]): Promise<void> {
  while ((await deadOfServer(connection, sweep)).map(({ index }) => index).join() !== indices.join()) await delay(50);
}

async function untilRunning({ connection }: Place, replicas: number): Promise<WorkerCard> {
  for (;;) {
    const [card] = await readCards(connection);
    if (card?.running === replicas) return card;
  }
}

async function interrupted(run: Started): Promise<void> {
  run.child.kill('SIGINT');
  expect((await run.ended).code).toBe(130);
}

// the queue's own tests run on every server; these run the program, for half a minute
describe.each(natsVersions().slice(0, 1))('on $name', ({ binary }) => {
  test('a replica that was given up is listed with its configuration and reason, and put back while the sweep runs and while nobody runs it', async () => {
    const here = await place(binary);
    const { url, folder, manager } = here;
    const out = join(folder, 'run');
    const spec = writeSpec(folder, quickSpec({ name: 'dying', draws: 2, replicas: 2 }));
    const command = ['run', spec, '--out', out, '--nats', url];
    const first = program.start(command);
    const tasks = await waitingTasks(here, 4);
    await giveUp(here, tasks[1]!);
    await giveUp(here, tasks[2]!);
    const { sweep } = tasks[0]!;
    await untilDead(here, sweep, [1, 2]);
    expect((await answer(['dead', 'list', 'dying', '--nats', url]))['dead']).toMatchObject([
      { index: 1, replica: tasks[1]!.replica, attempts: 3, worker: 'node-7:42', retries: 0, draw: tasks[1]!.draw, seed: tasks[1]!.seed },
      { index: 2, configuration: { 'network.width': 8, 'network.features': 8 }, reason: 'given up after 3 tries. The thread died.' },
    ]);
    const status = await answer(['status', 'dying', '--nats', url]);
    expect(status).toMatchObject({ dead: 2, failures: { REPLICA_GIVEN_UP: 2 }, finished: 2, planned: 4, alive: true, workers: [] });
    const retried = await program.run(['dead', 'retry', 'dying', '--nats', url, '--index', '1']);
    expect([retried.code, retried.stderr]).toEqual([0, expect.stringMatching(/^put back 1 replica; \S+ publishes them anew$/m)]);
    await untilDead(here, sweep, [2]);
    // nobody acknowledged the tasks that were given up here: a reconciliation takes the second one away
    await waitUntil(async () => (await waitingTasks(here, 3)).map(({ index }) => index).join() === '0,1,3');
    expect(await manager.streams.getMessage(STATE, { last_by_subj: triesSubject(sweep, 1) })).toBeNull();
    await interrupted(first);

    expect((await program.run(['dead', 'retry', 'dying', '--nats', url])).stderr).toContain('the next "loligo run --nats"');
    program.start(['worker', '--nats', url, ...WORKER]);
    expect((await program.run(command)).code).toBe(0);
    const outcomes = await outcomesOf(out);
    expect(outcomes.map(({ index, attempts, outcome }) => [index, attempts, outcome.kind === 'failed'])).toEqual([
      [0, 1, false],
      [1, 1, false],
      [2, 1, false],
      [3, 1, false],
    ]);
    expect(outcomeLines(out).filter((line) => line.includes('"withdrawn":true')).length).toBe(2);
    await untilDead(here, sweep, []);
  });

  test('cancel stops a running cohort within seconds, and the same run goes on afterwards', async () => {
    const here = await place(binary);
    const { url, folder } = here;
    const spec = writeSpec(folder, quickSpec({ name: 'endless', draws: 1, replicas: 2, adamSteps: 10_000_000 }));
    const command = ['run', spec, '--out', join(folder, 'run'), '--nats', url];
    program.start(['worker', '--nats', url, ...WORKER]);
    const first = program.start(command);
    expect(await untilRunning(here, 1)).toMatchObject({ engine: 'reference', threads: 1, health: 'serving', refuses: [] });
    expect((await program.run(['cancel', 'endless', '--nats', url])).code).toBe(0);
    const cancelledMs = performance.now();
    await untilRunning(here, 0);
    expect(performance.now() - cancelledMs).toBeLessThan(5000);
    expect((await first.ended).code).toBe(130);
    expect(await answer(['status', 'endless', '--nats', url])).toMatchObject({ state: 'cancelled', alive: false });
    const again = program.start(command);
    await untilRunning(here, 1);
    await interrupted(again);
  });

  test('workers of two engines serve one sweep, each what it can; alone, the lesser one says what it lacks', async () => {
    const { url, folder } = await place(binary);
    const out = join(folder, 'run');
    const plain = quickSpec({ name: 'mixed', draws: 1, replicas: 2 });
    const space = { ...plain.space, 'network.architecture': { choice: ['mlp', 'modified-mlp'] } };
    program.start(['worker', '--nats', url, '--engine', 'tfjs', '--workers', '1']);
    const run = program.start(['run', writeSpec(folder, { ...plain, space }), '--out', out, '--nats', url]);
    await waitFor(() =>
      /no worker can train [^\n]*: 1 connected \(tfjs\), engine tfjs does not train network\.architecture: modified-mlp/.test(run.stderr()),
    );
    expect((await answer(['status', 'mixed', '--nats', url]))['workers']).toMatchObject([
      { engine: 'tfjs', refuses: [{ reason: 'engine tfjs does not train network.architecture: modified-mlp' }] },
    ]);
    program.start(['worker', '--nats', url, ...WORKER]);
    expect((await run.ended).code).toBe(0);
    const outcomes = await outcomesOf(out);
    expect(outcomes.map(({ attempts, outcome }) => [attempts, outcome.kind === 'failed'])).toEqual(Array(4).fill([1, false]));
    expect(new Set(outcomes.map(({ engine }) => engine))).toEqual(new Set(['tfjs', 'reference']));
    expect(readFileSync(join(out, 'sweep.lock.json'), 'utf8')).toContain('"engine": "any"');
  });
});

describe.each(natsVersions())('on $name', ({ binary }) => {
  test('doctor tells version and limits of a server that a sweep could run through', async () => {
    const { url, connection } = await place(binary);
    const { nats } = await answer(['doctor', '--nats', url]);
    expect(nats).toEqual({
      url,
      reachable: true,
      version: /\d+\.\d+\.\d+/.exec(connection.info?.version ?? '')?.[0],
      jetStream: true,
      reason: null,
      limits: { messageBytes: 1_048_576, storageBytes: null, storageUsedBytes: 0, streams: null, consumers: null },
    });
  });
});

describe.each(natsVersions().slice(-1))('a worker on $name', ({ binary }) => {
  test('leaves what its memory does not hold, and what another version wrote, to others, and says so', async () => {
    const { url, folder, connection, manager } = await place(binary);
    const publish = async (name: string, durationMs: number): Promise<Task> => {
      const spec = quickSpec({ name, draws: 1, replicas: 1 });
      const data = [{ synthetic: { ...spec.problem.data[0]!.synthetic, durationMs } }];
      const { expansion, objects } = await loadSweep(writeSpec(folder, { ...spec, problem: { ...spec.problem, data } }, `${name}.yaml`));
      const queue = await openJetStreamQueue(await connectServer(url, 'orchestrator', {}), {
        sweep: expansion.sweep,
        engine: 'any',
        reconcileMs: 3_600_000,
        stored: () => false,
        provide: () => provideObjects(connection, objects),
      });
      const task = expansion.task(0);
      await queue.publish(task);
      await queue.close();
      return task;
    };
    // second order at so many points: terabytes
    const large = await publish('large', 30_000);
    const later = await publish('later', 6);
    const lane = laneName(later);
    const { config } = await manager.consumers.info(TASKS, lane);
    await manager.consumers.update(TASKS, lane, { description: config.description?.replace(/numbers .*/, 'numbers 99.0') ?? '' });
    program.start(['worker', '--nats', url, ...WORKER]);
    let card: WorkerCard | undefined;
    while (card?.refuses.length !== 2) [card] = await readCards(connection);
    const refuses = card.refuses.toSorted((a, b) => a.reason.localeCompare(b.reason));
    const tooLarge: unknown = expect.stringMatching(/^a replica needs about [\d.]+ GB of memory, it has [\d.]+ GB$/);
    expect(refuses).toEqual([
      {
        sweep: large.sweep,
        shapes: [large.shape],
        reason: tooLarge,
      },
      { sweep: later.sweep, shapes: [later.shape], reason: `loligo 99.0 is wanted, it has ${packageVersion()}` },
    ]);
    expect(await manager.streams.getMessage(STATE, { last_by_subj: triesSubject(large.sweep, 0) })).toMatchObject({
      data: new TextEncoder().encode('0'),
    });
  });
});

test('dead retry of a run directory withdraws the outcomes that its index names, for the next run', async () => {
  const folder = scratch();
  const out = join(folder, 'run');
  const { expansion, resolved } = await loadSweep(writeSpec(folder, quickSpec({ draws: 1, replicas: 3 })));
  const run = openRun(out, { ...lockFixture(expansion.sweep), resolved });
  const log = openOutcomeLog(out, { replicas: 3 });
  for (const index of [0, 1, 2])
    await log.append(givenUp(expansion.task(index), { attempts: 3, worker: 'node-7:42', engine: 'reference' }, 'Why.'));
  await log.close();
  run.close();
  const { code, stderr } = await program.run(['dead', 'retry', out, '--index', '1', '2']);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^put back 2 replicas/m)]);
  expect((await answer(['dead', 'list', out]))['dead']).toMatchObject([{ index: 0, attempts: 3 }]);
  const next = openOutcomeLog(out, { replicas: 3 });
  expect([0, 1, 2].map((index) => next.has(index))).toEqual([true, false, false]);
  await next.close();
});

test('doctor says of a server that does not answer what is wrong, and ends with 6', async () => {
  const { code, stdout } = await program.run(['doctor', '--nats', 'nats://127.0.0.1:1']);
  expect([code, stdout]).toEqual([6, expect.stringMatching(/^NATS: not reachable: .*ECONNREFUSED.*\[NATS_UNREACHABLE\]$/m)]);
});
