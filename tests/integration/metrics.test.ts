/** Metrics, health and logs of the real program through a real nats-server with a password. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { commandLine, type Started } from '../helpers/command-line.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PASSWORD = 'open-sesame-4711';
const ENVIRONMENT = { LOLIGO_NATS_USER: 'loligo', LOLIGO_NATS_PASSWORD: PASSWORD };
const SCRAPED = ['--metrics-port', '0'];
const scratch = scratchFolders();
const program = commandLine();
const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

/** Where a process says that its metrics are. */
async function metricsOf(started: Started): Promise<string> {
  let url: string | undefined;
  await waitFor(() => (url = /metrics: (http:\/\/[\d.:]+)\/metrics/.exec(started.stderr())?.[1]) !== undefined);
  return url ?? '';
}

interface Family {
  readonly type: string;
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

/** Prometheus' text format, version 0.0.4: every line a comment or `name{labels} value`, each family after its type. */
function parsed(text: string): Map<string, Family> {
  const families = new Map<string, { type: string; samples: { labels: string; value: number }[] }>();
  for (const line of text.split('\n').filter((candidate) => candidate !== '')) {
    const [, declared, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (declared !== undefined && type !== undefined) families.set(declared, { type, samples: [] });
    if (line.startsWith('# ')) continue;
    const [, name = '', labels = '', value = ''] =
      /^([a-z_][a-z0-9_]*)(\{(?:[a-z_]\w*="(?:[^"\\]|\\.)*",?)*\})? (\S+)$/i.exec(line) ?? expect.fail(`no sample: ${line}`);
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    if (family === undefined) throw new Error(`${name} has no type`);
    expect(value).toMatch(/^(NaN|[+-]?Inf|[+-]?[\d.]+(e[+-]?\d+)?)$/i);
    family.samples.push({ labels, value: Number(value) });
  }
  return families;
}

/** Names and types in docs/metrics.md. */
function documented(role: 'run' | 'worker'): string[] {
  const page = readFileSync(join(packageRoot(), 'docs/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(loligo_(\w+?)_\S+)` +\| (\w+)/gm)];
  return rows.filter(([, , part]) => part === role || part === 'nats' || part === 'build').map(([, name, , type]) => `${name} ${type}`);
}

function exposed(families: ReadonlyMap<string, Family>): string[] {
  return [...families].filter(([name]) => name.startsWith('loligo_')).map(([name, { type }]) => `${name} ${type}`);
}

function sum(families: ReadonlyMap<string, Family>, name: string): number {
  return (families.get(name)?.samples ?? []).reduce((total, { value }) => total + value, 0);
}

async function scrape(url: string): Promise<Map<string, Family>> {
  const response = await fetch(`${url}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return parsed(await response.text());
}

describe.each(natsVersions().slice(-1))('metrics and logs through $name', ({ binary }) => {
  test('run and worker expose exactly what docs/metrics.md lists, count what they do, and tell no secret', async () => {
    const server = await startNats(binary, scratch(), `authorization { user: loligo, password: "${PASSWORD}" }\n`);
    servers.push(server);
    const folder = scratch();
    const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 3 }));
    const out = join(folder, 'run');
    const common = ['--nats', server.url, ...SCRAPED, '--log-level', 'debug'];
    const run = program.start(['run', spec, '--out', out, ...common], { environment: ENVIRONMENT });
    const before = await scrape(await metricsOf(run));
    expect(exposed(before).toSorted()).toEqual(documented('run').toSorted());
    await waitFor(() => run.stderr().includes('no worker'));
    const waiting = await scrape(await metricsOf(run));
    expect([
      sum(waiting, 'loligo_run_replicas_planned'),
      sum(waiting, 'loligo_run_replicas_outstanding'),
      sum(waiting, 'loligo_run_replicas_published_total'),
    ]).toEqual([3, 3, 3]);
    expect(waiting.get('loligo_run_replicas_planned')?.samples[0]?.labels).toBe('{sweep="quick"}');

    const worker = program.start(['worker', '--engine', 'reference', '--workers', '1', '--log', 'json', ...common], {
      environment: ENVIRONMENT,
    });
    const url = await metricsOf(worker);
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.text()]).toEqual([200, 'ok\n']);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await run.ended).code).toBe(0);
    const after = await scrape(url);
    expect(exposed(after).toSorted()).toEqual(documented('worker').toSorted());
    expect([
      sum(after, 'loligo_worker_replicas_finished_total'),
      sum(after, 'loligo_worker_cohorts_started_total'),
      sum(after, 'loligo_worker_tries_failed_total'),
      after.get('loligo_worker_self_checks_total')?.samples.map(({ labels, value }) => `${labels} ${value}`),
    ]).toEqual([3, 3, 0, ['{verdict="passed"} 1', '{verdict="failed"} 0']]);
    expect(sum(after, 'loligo_worker_result_bytes_total')).toBeGreaterThan(300);
    expect(sum(after, 'loligo_worker_steps_total')).toBeGreaterThan(0);
    expect(after.has('process_cpu_user_seconds_total')).toBe(true);

    await server.kill();
    const away = async (): Promise<string> => {
      const response = await fetch(`${url}/healthz`);
      return `${response.status} ${await response.text()}`;
    };
    let said = '';
    while (!said.startsWith('503')) said = await away();
    expect(said).toBe('503 the server is away\n');
    worker.child.kill('SIGTERM');
    const { code, stderr, stdout } = await worker.ended;
    expect(code).toBe(0);

    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ event }) => event === 'replica-finished')).toHaveLength(3);
    expect(lines.find(({ event }) => event === 'replica-finished')).toMatchObject({
      level: 20,
      sweep: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      index: expect.any(Number) as number,
      attempt: 1,
    });
    expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['worker-started', 'server-lost', 'drained']));
    const runLog = readFileSync(join(out, 'log.jsonl'), 'utf8');
    const stored = runLog
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'outcome-stored');
    expect(new Set(stored.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
    const { stderr: runStderr } = await run.ended;
    for (const text of [stderr, stdout, runStderr, runLog]) expect(text).not.toContain(PASSWORD);
  });
});

test('a local run serves metrics too, logs no outcome at the default level, and refuses a port that is taken or none', async () => {
  const folder = scratch();
  const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 2, adamSteps: 200 }));
  const out = join(folder, 'run');
  const run = program.start(['run', spec, '--out', out, '--engine', 'reference', '--workers', '1', ...SCRAPED]);
  const url = await metricsOf(run);
  const families = await scrape(url);
  const far = documented('run').filter((row) => !/nats|outstanding|published|reconcil|left_over|malformed|result_bytes/.test(row));
  expect(exposed(families).toSorted()).toEqual(far.toSorted());
  // not the run's own port: the run may end first
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo; // of a server that listens on TCP
  const taken = ['run', spec, '--out', join(folder, 'other'), '--engine', 'reference', '--metrics-port', String(port)];
  expect(await program.run(taken)).toMatchObject({ code: 2, stderr: expect.stringContaining('must be a free port') as string });
  holder.close();
  expect((await program.run(['run', spec, '--metrics-port', '70000'])).stderr).toContain('must be a whole number from 0 to 65535');
  expect((await run.ended).code).toBe(0);
  expect(readFileSync(join(out, 'log.jsonl'), 'utf8')).not.toContain('outcome-stored');
});
