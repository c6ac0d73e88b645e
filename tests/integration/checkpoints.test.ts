/** A long replica that is interrupted or killed in its middle goes on from its checkpoint, here or on another worker, to the result that it has undisturbed. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpoint } from '../../schemas/checkpoint-text.ts';
import type { Checkpoint } from '../../schemas/generated/types.ts';
import { CHECKPOINTS } from '../../schemas/wire.ts';
import { commandLine } from '../helpers/command-line.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { outcomesOf, quickSpec, resultsOf, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor, waitUntil } from '../helpers/wait-for.ts';

const scratch = scratchFolders();
const program = commandLine();
const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

/** One replica of some seconds, more where others use the machine. */
const SPEC = quickSpec({ draws: 1, replicas: 1, adamSteps: 600 });
const ENGINE = ['--engine', 'reference', '--workers', '1'];
/** Seconds: a checkpoint at almost every look. */
const OFTEN = ['--checkpoint', '0.05'];
const keep = scratchFolders();
let undisturbed: object[];
beforeAll(async () => {
  const folder = keep();
  const ended = await program.run(['run', writeSpec(folder, SPEC), '--out', join(folder, 'run'), ...ENGINE]);
  if (ended.code !== 0) throw new Error(ended.stderr);
  undisturbed = await resultsOf(join(folder, 'run'));
}, 60_000);

/** The one checkpoint of a run directory, if it has one. */
function checkpointIn(run: string): Checkpoint | undefined {
  const folder = join(run, 'checkpoints');
  const [name] = existsSync(folder) ? readdirSync(folder).filter((file) => /^[0-9a-f]{64}$/.test(file)) : [];
  return name === undefined ? undefined : readCheckpoint(readFileSync(join(folder, name)));
}

describe('a local run', () => {
  test('goes on from the step at which Ctrl-C met it, and its folder of checkpoints is gone in the end', async () => {
    const folder = scratch();
    const [spec, run] = [writeSpec(folder, SPEC), join(folder, 'run')];
    const first = program.start(['run', spec, '--out', run, ...ENGINE, ...OFTEN]);
    await waitFor(() => (checkpointIn(run)?.step ?? 0) > 50);
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    const met = checkpointIn(run)!;
    expect(met).toMatchObject({ stage: 0, engine: 'reference' });
    // resumed where it was: interrupted at once again, it has not fallen back
    const second = program.start(['run', spec, '--out', run, ...ENGINE, ...OFTEN]);
    await waitFor(() => (checkpointIn(run)?.step ?? 0) > met.step);
    second.child.kill('SIGKILL');
    await second.ended;
    const last = await program.run(['run', spec, '--out', run, ...ENGINE]);
    expect(last.code, last.stderr).toBe(0);
    expect(await resultsOf(run)).toEqual(undisturbed);
    expect(existsSync(join(run, 'checkpoints'))).toBe(false);
    expect(readFileSync(join(run, 'log.jsonl'), 'utf8')).not.toContain('the checkpoint of replica');
  }, 120_000);

  test('begins anew where the checkpoint is damaged, and says so', async () => {
    const folder = scratch();
    const [spec, run] = [writeSpec(folder, SPEC), join(folder, 'run')];
    const first = program.start(['run', spec, '--out', run, ...ENGINE, ...OFTEN]);
    await waitFor(() => (checkpointIn(run)?.step ?? 0) > 50);
    first.child.kill('SIGKILL');
    await first.ended;
    const [name = ''] = readdirSync(join(run, 'checkpoints'));
    const file = join(run, 'checkpoints', name);
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    const last = await program.run(['run', spec, '--out', run, ...ENGINE]);
    expect(last.code, last.stderr).toBe(0);
    expect(await resultsOf(run)).toEqual(undisturbed);
    expect(readFileSync(join(run, 'log.jsonl'), 'utf8')).toMatch(/the checkpoint of replica 0 is not taken up: .*must match its hash/);
  }, 120_000);

  test.each(['0', '-1', 'soon'])('refuses --checkpoint %s', async (seconds) => {
    const ended = await program.run(['run', writeSpec(scratch(), SPEC), `--checkpoint=${seconds}`]);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('--checkpoint')]);
  });
});

describe.each(natsVersions().slice(0, 1))('through $name', ({ binary }) => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'a replica whose worker gets %s in its middle is finished by another one',
    async (signal) => {
      const server = await startNats(binary, scratch());
      servers.push(server);
      const folder = scratch();
      const run = join(folder, 'run');
      const nats = ['--nats', server.url];
      const orchestrator = program.start(['run', writeSpec(folder, SPEC), '--out', run, ...nats, '--lease', '2']);
      // nats-server 2.9.10 dies of a request for a message of a stream that it is making just then
      await waitFor(() => orchestrator.stderr().includes('starting'));
      const first = program.start(['worker', ...nats, ...ENGINE, ...OFTEN, '--grace', '0.1']);
      const connection = await connect({ servers: server.url });
      const manager = await jetstreamManager(connection);
      const met = async (): Promise<Checkpoint | undefined> => {
        const stored = await manager.streams.getMessage(CHECKPOINTS, { last_by_subj: 'loligo.checkpoint.*.0.0' }).catch(() => null);
        return stored === null ? undefined : readCheckpoint(stored.data);
      };
      let step = 0;
      await waitUntil(async () => (step = (await met())?.step ?? 0) >= 50 || first.child.exitCode !== null);
      first.child.kill(signal);
      const gone = await first.ended;
      expect(gone.code, gone.stderr).toBe(signal === 'SIGTERM' ? 0 : 'SIGKILL');
      step = (await met())!.step;
      const second = program.start(['worker', ...nats, ...ENGINE, ...OFTEN]);
      let now: Checkpoint | undefined;
      // the second worker's first checkpoint stands behind the first one's last, and not at a beginning of its own
      await waitUntil(async () => ((now = (await met()) ?? now)?.step ?? step) !== step || orchestrator.child.exitCode !== null);
      expect(now!.stage > 0 || now!.step > step).toBe(true);
      const ended = await orchestrator.ended;
      expect(ended.code, ended.stderr).toBe(0);
      expect(await resultsOf(run)).toEqual(undisturbed);
      expect((await outcomesOf(run)).map(({ attempts }) => attempts)).toEqual([signal === 'SIGTERM' ? 1 : 2]);
      // nothing is left behind
      expect((await manager.streams.info(CHECKPOINTS)).state.messages).toBe(0);
      second.child.kill('SIGTERM');
      await second.ended;
      await connection.close();
    },
    120_000,
  );
});
