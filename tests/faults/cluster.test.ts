/**
 * Random schedules of deaths and stops through a real nats-server with real processes: an orchestrator and workers that are killed and
 * stopped, a server that is killed, paused and wiped. After each: every replica has exactly one outcome.
 *
 * LOLIGO_FAULT_SEED repeats a schedule, LOLIGO_FAULT_SCHEDULES asks for more of them.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { Task } from '../../schemas/generated/types.ts';
import { ORDERS } from '../fixtures/trainer.mjs';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { outcomeLines, outcomesOf } from '../helpers/quick-sweep.ts';
import { lockFixture, taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { whims } from '../helpers/whims.ts';

const ROLES = fileURLToPath(new URL('../fixtures/cluster-role.mjs', import.meta.url));
const REPLICAS = 300;
const FAULTS = ['kill worker', 'kill orchestrator', 'stop worker', 'kill server', 'wipe server', 'stop server'] as const;
/** Longer than the lease of the fixture, 1 s. */
const STOPPED_MS = 1500;
const scratch = scratchFolders();
const children = new Set<ChildProcess>();
const servers: NatsServer[] = [];
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

interface Sweep {
  readonly run: string;
  readonly side: string;
  readonly arguments: readonly string[];
}

function sweep(url: string, orders: readonly number[]): Sweep {
  const folder = scratch();
  const [run, side, tasksFile, lockFile] = ['run', 'side', 'tasks.json', 'lock.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  const tasks = orders.map((order, index): Task => {
    const task = taskFixture(index, index % 5 === 0 ? 'b' : 'a');
    return { ...task, data: { ...task.data, label: side }, configuration: { ...task.configuration, 'loss.gates': order } };
  });
  writeFileSync(tasksFile, JSON.stringify(tasks));
  writeFileSync(lockFile, JSON.stringify(lockFixture()));
  writeFileSync(side, '');
  return { run, side, arguments: [url, run, tasksFile, lockFile] };
}

function start(role: 'orchestrator' | 'worker', { arguments: given }: Sweep): ChildProcess {
  const child = spawn(process.execPath, [ROLES, role, ...given], { stdio: ['ignore', 'ignore', 'inherit'] });
  children.add(child);
  return child;
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

describe.each(natsVersions())('faults on $name', ({ binary }) => {
  const schedules = Number(process.env['LOLIGO_FAULT_SCHEDULES'] ?? 1);
  const seeds = Array.from({ length: schedules }, (_, place) => Number(process.env['LOLIGO_FAULT_SEED'] ?? Date.now() % 1_000_000) + place);

  test.each(seeds)(
    'every replica has exactly one outcome, whatever died: LOLIGO_FAULT_SEED=%i',
    async (seed) => {
      const whim = whims(seed);
      const server = await startNats(binary, scratch());
      servers.push(server);
      const fixture = sweep(
        server.url,
        Array.from({ length: REPLICAS }, () => ORDERS.briefly),
      );
      let orchestrator = start('orchestrator', fixture);
      const workers = [start('worker', fixture), start('worker', fixture)];
      for (let fault = 0; fault < 4; fault += 1) {
        await delay(whim() * 400);
        const kind = FAULTS[Math.floor(whim() * FAULTS.length)] ?? 'kill worker';
        const place = Math.floor(whim() * workers.length);
        const victim = workers[place];
        switch (kind) {
          case 'kill worker':
            victim?.kill('SIGKILL');
            workers[place] = start('worker', fixture);
            break;
          case 'kill orchestrator':
            if (ended(orchestrator)) break;
            orchestrator.kill('SIGKILL');
            await waitFor(() => ended(orchestrator));
            orchestrator = start('orchestrator', fixture);
            break;
          case 'stop worker':
            victim?.kill('SIGSTOP');
            await delay(STOPPED_MS);
            victim?.kill('SIGCONT');
            break;
          case 'kill server':
          case 'wipe server':
            await server.kill();
            if (kind === 'wipe server') server.wipe();
            await server.start();
            break;
          case 'stop server':
            server.pause();
            await delay(STOPPED_MS);
            server.resume();
            break;
          default:
            kind satisfies never;
        }
      }
      await waitFor(() => ended(orchestrator));
      expect(orchestrator.exitCode).toBe(0);
      expect((await outcomesOf(fixture.run)).map(({ index }) => index)).toEqual(Array.from({ length: REPLICAS }, (_, index) => index));
      expect(outcomeLines(fixture.run).length).toBe(REPLICAS);
      const outcomes = await outcomesOf(fixture.run);
      expect(outcomes.filter(({ outcome }) => outcome.kind !== 'converged')).toEqual([]);
    },
    60_000,
  );

  test('a replica that kills its worker each time is given up after three, and takes no other with it', async () => {
    const server = await startNats(binary, scratch());
    servers.push(server);
    const killer = 7;
    const fixture = sweep(
      server.url,
      Array.from({ length: 20 }, (_, index) => (index === killer ? ORDERS.killProcess : ORDERS.briefly)),
    );
    const orchestrator = start('orchestrator', fixture);
    let worker = start('worker', fixture);
    let deaths = 0;
    while (!ended(orchestrator)) {
      await waitFor(() => ended(orchestrator) || ended(worker));
      if (!ended(worker)) break;
      deaths += 1;
      worker = start('worker', fixture);
    }
    const outcomes = await outcomesOf(fixture.run);
    expect([orchestrator.exitCode, deaths, outcomes.length]).toEqual([0, 3, 20]);
    expect(outcomes.filter(({ outcome }) => outcome.kind !== 'converged')).toMatchObject([
      { index: killer, attempts: 3, outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP' } } },
    ]);
    expect(existsSync(fixture.side) && readFileSync(fixture.side, 'utf8').split(`begin ${killer} `).length - 1).toBe(3);
  }, 60_000);
});
