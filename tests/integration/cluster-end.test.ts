/** How `loligo run --nats` begins and ends when something is in its way: a server that goes away, another orchestrator, a task that no stream takes. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { loadSweep } from '../../orchestrator/cli/load-sweep.ts';
import { runCluster } from '../../orchestrator/cli/run-cluster.ts';
import { noticeOf } from '../../orchestrator/cli/sweep-notices.ts';
import type { RunEnd } from '../../orchestrator/run/run-sweep.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { connectServer, type Server } from '../../schemas/nats-connection.ts';
import { noticeSubject } from '../../schemas/wire.ts';
import { openJetStreamSource } from '../../worker/queue/jetstream.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { outcomesOf, quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { lockFixture, resultFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const never = new AbortController().signal;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const SPEC = quickSpec({ draws: 1, replicas: 2 });
const REPLICAS = 2;

interface Here {
  readonly nats: NatsServer;
  readonly out: string;
  readonly notes: string[];
  readonly stop: AbortController;
  /** Runs that began to publish. */
  begun(): number;
  /** Runs the sweep; `onProgress` is called every second and at the end. */
  run(onProgress?: (finished: number) => unknown): Promise<RunEnd>;
}

async function place(binary: string, spec: object = SPEC): Promise<Here> {
  const folder = scratch();
  const nats = await startNats(binary, folder);
  closing.push(() => nats.kill());
  let begun = 0;
  const [out, notes, stop] = [join(folder, 'run'), new Array<string>(), new AbortController()];
  const sweep = await loadSweep(writeSpec(folder, spec));
  const lock = { ...lockFixture(sweep.expansion.sweep), resolved: sweep.resolved, engine: 'any' };
  const watch = { 'log-level': 'info', 'metrics-port': undefined, 'metrics-host': '127.0.0.1', say: () => undefined };
  const run: Here['run'] = (onProgress = () => undefined) =>
    runCluster({
      sweep,
      lock,
      out,
      nats: nats.url,
      engine: 'any',
      lease: 30_000,
      watch,
      signal: stop.signal,
      onStart: () => void (begun += 1),
      onProgress: ({ finished }) => void onProgress(finished),
      onNote: (note) => void notes.push(note),
    });
  return { nats, out, notes, stop, begun: () => begun, run };
}

async function connected({ nats }: Here): Promise<Server> {
  const server = await connectServer(nats.url, 'worker', {});
  closing.push(() => server.connection.close());
  return server;
}

/** Hands in a result for every replica. */
async function work(here: Here): Promise<void> {
  const source = await openJetStreamSource(await connected(here), {});
  closing.push(() => source.close());
  for (let done = 0; done < REPLICAS;) {
    for (const lease of await source.pull(1, never)) {
      const { sweep, index, replica } = lease.task;
      await lease.complete({ ...resultFixture(index), sweep, replica } satisfies Result);
      done += 1;
    }
  }
}

/** As an orchestrator elsewhere, until the test ends. */
async function speakAs(by: string, here: Here): Promise<void> {
  const { connection } = await connected(here);
  const { expansion } = await loadSweep(join(here.out, '../spec.yaml'));
  const lock = lockFixture(expansion.sweep);
  const byOutcome = { converged: 0, stopped: 0, diverged: 0, pruned: 0, failed: 0 };
  const progress = {
    planned: 2,
    finished: 0,
    running: 0,
    byOutcome,
    replicaStepsPerSecond: null,
    replicasPerSecond: null,
    secondsLeft: null,
    seconds: 0,
  };
  const notice = noticeOf({ lock, state: 'running', log: { failures: {}, dead: new Map() }, progress, malformed: 0 });
  const speaking = setInterval(() => connection.publish(noticeSubject(expansion.sweep), JSON.stringify({ ...notice, by })), 100);
  closing.push(async () => clearInterval(speaking));
}

/** So that the other one spoke last. */
async function heardOnceMore(here: Here): Promise<void> {
  const { connection } = await connected(here);
  await new Promise<void>((resolve) => connection.subscribe('loligo.notice.*', { max: 1, callback: () => resolve() }));
}

describe.each(natsVersions().slice(-1))('a run on $name', ({ binary }) => {
  test('whose last outcome is stored when the server dies ends as finished, and says what may be left there', async () => {
    const here = await place(binary);
    const ended = here.run((finished) => {
      if (finished === REPLICAS) void here.nats.kill();
    });
    await work(here);
    expect((await ended).kind).toBe('finished');
    expect((await outcomesOf(here.out)).length).toBe(REPLICAS);
    expect(here.notes.at(-1)).toMatch(/^the server failed at the end \(.*\): it may hold a rest of this sweep/);
  });

  test.each(['dies', 'stands still'])('that is interrupted while the server %s ends within seconds', async (how) => {
    const here = await place(binary);
    let began = (): void => undefined;
    const begun = new Promise<void>((resolve) => (began = resolve));
    const ended = here.run(() => began());
    await begun;
    if (how === 'dies') await here.nats.kill();
    else here.nats.pause();
    here.stop.abort();
    const end = await Promise.race([ended, delay(15_000, undefined, { ref: false })]);
    expect(end?.kind).toBe('interrupted');
  });

  test('that is interrupted before it began to publish ends all the same', async () => {
    const here = await place(binary);
    here.stop.abort();
    expect((await here.run()).kind).toBe('interrupted');
  });

  test('gives way to another orchestrator of the same sweep, and does not begin beside one', async () => {
    const here = await place(binary);
    const taken = /one orchestrator at a time runs a sweep; got another one, !:1\..*\[SWEEP_TAKEN\]/;
    let speaking: Promise<void> | undefined;
    await expect(here.run(() => (speaking ??= speakAs('!:1', here)))).rejects.toThrow(taken);
    await speaking;
    await heardOnceMore(here);
    let progress = 0;
    await expect(here.run(() => (progress += 1))).rejects.toThrow(taken);
    expect([here.begun(), progress]).toEqual([1, 0]);
  });

  test('whose tasks are larger than a stream takes is refused before anything is published', async () => {
    const [{ synthetic }] = SPEC.problem.data as [(typeof SPEC.problem.data)[number]];
    const stimulus = Array.from({ length: 7000 }, (_, part) => ({ step: { amplitude: 0.001, startMs: part / 1000, endMs: 10 } }));
    const here = await place(binary, { ...SPEC, problem: { ...SPEC.problem, data: [{ synthetic: { ...synthetic, stimulus } }] } });
    await expect(here.run()).rejects.toThrow(/must have at most 252 kB; got \d+ kB\..*\[SPEC_UNSUPPORTED\]/);
  });
});
