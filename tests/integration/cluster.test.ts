/** The whole program through a real nats-server: `loligo run --nats`, real workers, and the same outcomes as without a server. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { STATE, TASKS, triesSubject } from '../../schemas/wire.ts';
import { commandLine } from '../helpers/command-line.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { outcomeLines, outcomesOf, jointSpec, quickSpec, resultsOf, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

const scratch = scratchFolders();
const program = commandLine();
const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

async function serverOn(binary: string, config?: string): Promise<NatsServer> {
  const server = await startNats(binary, scratch(), config);
  servers.push(server);
  return server;
}

const WORKER = ['--engine', 'reference', '--workers', '1'];

describe.each(natsVersions())('loligo run --nats on $name', ({ binary }) => {
  test('ends with the outcomes of a local run, of two sweeps that share two workers', async () => {
    const { url } = await serverOn(binary);
    const folder = scratch();
    // held-out traces are stored objects, which travel beside the tasks
    const specs = [jointSpec({ replicas: 2 }), quickSpec()].map((spec, place) => writeSpec(folder, spec, `${place}.yaml`));
    const workers = [1, 2].map(() => program.start(['worker', '--nats', url, ...WORKER]));
    const ends = await Promise.all(
      specs.map((spec, place) => program.run(['run', spec, '--out', join(folder, `far-${place}`), '--nats', url])),
    );
    expect(ends.map(({ code, stderr }) => [code, stderr.includes('report:')])).toEqual([
      [0, true],
      [0, true],
    ]);
    for (const { child } of workers) child.kill('SIGTERM');
    expect((await Promise.all(workers.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0]);
    await program.run(['run', specs[0] ?? '', '--out', join(folder, 'near'), ...WORKER]);
    expect(await resultsOf(join(folder, 'far-0'))).toEqual(await resultsOf(join(folder, 'near')));
    expect(outcomeLines(join(folder, 'far-0')).length).toBe(4);
  });

  test('a worker that gets SIGTERM gives back what it cannot finish in its grace period, uncounted, and exits with 0', async () => {
    const { url } = await serverOn(binary);
    const folder = scratch();
    const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 1, adamSteps: 1_000_000 }));
    const worker = program.start(['worker', '--nats', url, ...WORKER, '--grace', '0.1']);
    const orchestrator = program.start(['run', spec, '--out', join(folder, 'run'), '--nats', url]);
    const connection = await connect({ servers: url });
    const manager = await jetstreamManager(connection);
    let sweep: string | undefined;
    while (sweep === undefined) {
      await delay(100);
      const lanes = await manager.consumers
        .list(TASKS)
        .next()
        .catch(() => []);
      sweep = lanes.find((lane) => lane.num_ack_pending > 0)?.name.slice(0, 64);
    }
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('drained') as string });
    const tries = await manager.streams.getMessage(STATE, { last_by_subj: triesSubject(sweep, 0) });
    expect(tries?.string()).toBe('0');
    orchestrator.child.kill('SIGKILL');
    await connection.close();
  });

  test('an orchestrator that is stopped goes on from its run directory, and status and cancel find the sweep', async () => {
    const { url } = await serverOn(binary);
    const folder = scratch();
    const out = join(folder, 'run');
    const spec = writeSpec(folder, quickSpec({ name: 'stopped', draws: 4 }));
    const first = program.start(['run', spec, '--out', out, '--nats', url]);
    await waitFor(() => first.stderr().includes('no worker can train this sweep: 0 connected'));
    const status = await program.run(['status', 'stopped', '--nats', url, '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ name: 'stopped', planned: 8, finished: 0, workers: [] });
    expect((await program.run(['cancel', 'stopped', '--nats', url])).code).toBe(0);
    expect((await first.ended).code).toBe(130);
    program.start(['worker', '--nats', url, ...WORKER]);
    expect((await program.run(['run', spec, '--out', out, '--nats', url])).code).toBe(0);
    expect((await outcomesOf(out)).map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('a worker gives no other engine a task, and a password is asked for and never shown', async () => {
    const { url } = await serverOn(binary, 'authorization { user: loligo, password: secret }\n');
    const folder = scratch();
    const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 1 }));
    const refused = await program.run(['run', spec, '--out', join(folder, 'a'), '--nats', url]);
    expect([refused.code, refused.stderr.includes('[NATS_REFUSED]')]).toEqual([6, true]);
    const told = await program.run(['run', spec, '--nats', url.replace('//', '//loligo:secret@')]);
    expect([told.code, told.stderr.includes('secret@')]).toEqual([2, false]);
    const environment = { LOLIGO_NATS_USER: 'loligo', LOLIGO_NATS_PASSWORD: 'secret' };
    program.start(['worker', '--nats', url, ...WORKER], { environment });
    const tfjs = program.start(['run', spec, '--out', join(folder, 'b'), '--nats', url, '--engine', 'tfjs'], { environment });
    await waitFor(() => tfjs.stderr().includes('1 connected (reference), engine tfjs is wanted'));
    tfjs.child.kill('SIGINT');
    expect((await tfjs.ended).code).toBe(130);
    expect((await program.run(['run', spec, '--out', join(folder, 'c'), '--nats', url], { environment })).code).toBe(0);
  });
});
