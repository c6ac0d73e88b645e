/**
 * docker/ and docs/ say what the program has: linters where they are there (CI has them), options against --help, the permissions against
 * the page, and the SLURM scripts run with a real nats-server. No image is built: no engine for them is needed here, and none is tested.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { packageRoot } from '../../schemas/package-root.ts';
import { commandLine } from '../helpers/command-line.ts';
import { natsVersions } from '../helpers/nats-server.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const ROOT = packageRoot();
const scratch = scratchFolders();
const program = commandLine();
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const DOCKERFILES = ['docker/worker.Dockerfile', 'docker/orchestrator.Dockerfile'];
const SCRIPTS = [
  'docker/tfjs-node.sh',
  'docker/make-secrets.sh',
  'docker/nats-start.sh',
  'docker/slurm/workers.sh',
  'docker/slurm/sweep.sh',
];
const CHART = 'docker/helm/loligo';
const RENDER = ['--kube-version', '1.31.0', '--set-file', 'orchestrator.spec=sweeps/demo.yaml'];

type Skip = (reason: string) => void;

/** What a tool prints. Where it is absent the test is skipped, and fails with CI=true. */
function tool(skip: Skip, name: string, args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(name, args, { cwd: ROOT, encoding: 'utf8' });
  if (error !== undefined && process.env['CI'] !== 'true') skip(`no ${name} on this machine`);
  expect([error?.message, status, status === 0 ? '' : stdout + stderr]).toEqual([undefined, 0, '']);
  return stdout;
}

/** A part of a YAML document, by its keys. */
function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined;
  return found;
}

function chart(skip: Skip, ...more: string[]): Map<string, unknown> {
  const documents = parseAllDocuments(tool(skip, 'helm', ['template', 'cells', CHART, ...RENDER, ...more]));
  return new Map(
    documents.map((document): [string, unknown] => {
      const value: unknown = document.toJS();
      return [`${String(at(value, 'kind'))} ${String(at(value, 'metadata', 'name'))}`, value];
    }),
  );
}

const helps = new Map<string, string>();

/** Options of `loligo COMMAND` in a list of arguments that the program does not have. */
async function unknownOptions([command = '', ...args]: readonly string[]): Promise<string[]> {
  const help = helps.get(command) ?? (await program.run([command, '--help'])).stdout;
  helps.set(command, help);
  const known = new Set(help.match(/--[a-z-]+/g));
  return args.filter((argument) => argument.startsWith('--') && !known.has(argument));
}

const argumentsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

describe('the images', () => {
  test('pass hadolint', ({ skip }) => {
    expect(tool(skip, 'hadolint', DOCKERFILES)).toBe('');
  });

  test.each(DOCKERFILES)('%s has pinned bases, a user that is not root, and a health check', (file) => {
    const text = read(file);
    const stages = text.split(/^(?=FROM )/m).slice(1);
    const names = stages.map((stage) => / AS (\S+)$/m.exec(stage)?.[1]);
    for (const stage of stages) expect(['node:22.20.0-bookworm-slim', ...names]).toContain(/^FROM (\S+)/.exec(stage)?.[1]);
    // in a stage that ends an image the last user is not root; others are only copied from
    const users = stages.flatMap((stage) => [...stage.matchAll(/^USER (.*)$/gm)].slice(-1).map(([, user]) => user));
    expect(new Set(users)).toEqual(new Set(['1000:1000']));
    expect(text).toMatch(/^HEALTHCHECK /m);
    const ignored = read('.dockerignore').split('\n');
    for (const [, from = ''] of text.matchAll(/^COPY (?!--from)(?:package-lock.json )?(\S+) /gm)) {
      expect(existsSync(join(ROOT, from))).toBe(true);
      expect(ignored.some((line) => line.startsWith('!') && `${from}/`.startsWith(`${line.slice(1)}/`))).toBe(true);
    }
  });

  test('start with options that the program has', async () => {
    const commands = [...read('docker/worker.Dockerfile').matchAll(/^CMD (\[.*\])$/gm)];
    expect(commands).toHaveLength(3);
    for (const [, command = '[]'] of commands) expect(await unknownOptions(argumentsOf(JSON.parse(command)))).toEqual([]);
  });
});

describe('compose.yaml', () => {
  const compose: unknown = parse(read('docker/compose.yaml'), { merge: true });

  test('keeps the schema of compose', ({ skip }) => {
    expect(tool(skip, 'check-jsonschema', ['--builtin-schema', 'vendor.compose-spec', 'docker/compose.yaml'])).toContain('ok');
  });

  test.each([
    ['orchestrator', 'orchestrator'],
    ['worker', 'worker'],
    ['worker-webgpu', 'worker'],
    ['worker-tfjs-gpu', 'worker'],
  ])('starts the %s with options that the program has, secrets from files, and nothing it need not do', async (key, name) => {
    const service = at(compose, 'services', key);
    const args = argumentsOf(at(service, 'command'));
    expect(args.length).toBeGreaterThan(4);
    expect(await unknownOptions(args)).toEqual([]);
    expect(at(service, 'environment')).toEqual({ LOLIGO_NATS_USER: name, LOLIGO_NATS_PASSWORD_FILE: `/run/secrets/${name}_password` });
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], secrets: [`${name}_password`] });
  });

  test.each(['webgpu', 'tfjs-gpu'])('gives a worker of the profile %s a GPU, and the image made for it', (name) => {
    const service = at(compose, 'services', `worker-${name}`);
    expect(service).toMatchObject({ profiles: [name], build: { dockerfile: 'docker/worker.Dockerfile', target: name } });
    expect(read('docker/worker.Dockerfile')).toContain(`FROM worker AS ${name}\n`);
    const gpu = { driver: 'nvidia', count: 1, capabilities: ['gpu'] };
    expect(at(service, 'deploy')).toEqual({ resources: { reservations: { devices: [gpu] } } });
  });

  test.each(['worker', 'worker-webgpu', 'worker-tfjs-gpu'])('leaves the %s longer than its grace period', (name) => {
    const worker = at(compose, 'services', name);
    const args = argumentsOf(at(worker, 'command'));
    expect(Number.parseInt(String(at(worker, 'stop_grace_period')), 10)).toBeGreaterThan(Number(args[args.indexOf('--grace') + 1]));
  });
});

describe('nats.conf', () => {
  test('has the permissions of docs/cluster.md, in all three places', () => {
    const block = /```nats\n([\s\S]*?)```/.exec(read('docs/cluster.md'))?.[1] ?? 'no block';
    expect(read('docker/nats.conf')).toContain(block);
    for (const file of ['nats.conf', 'nats-start.sh']) expect(read(`${CHART}/files/${file}`)).toBe(read(`docker/${file}`));
  });
});

describe('the chart', () => {
  test('passes helm lint, with and without autoscaling and its own server', ({ skip }) => {
    expect(tool(skip, 'helm', ['lint', CHART, ...RENDER])).toContain('0 chart(s) failed');
    tool(skip, 'helm', ['lint', CHART, ...RENDER, '--set', 'autoscaling.enabled=true,nats.enabled=false,nats.url=tls://nats:4222']);
  });

  test('runs workers and orchestrator with options that the program has, not as root, on a read-only root', async ({ skip }) => {
    const parts = chart(skip);
    for (const key of ['Deployment cells-loligo-worker', 'Job cells-loligo-orchestrator']) {
      const pod = at(parts.get(key), 'spec', 'template', 'spec');
      expect(await unknownOptions(argumentsOf(at(pod, 'containers', 0, 'args')))).toEqual([]);
      expect(pod).toMatchObject({ securityContext: { runAsNonRoot: true, runAsUser: 1000 }, automountServiceAccountToken: false });
      expect(at(pod, 'containers', 0, 'securityContext')).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    }
    const pod = at(parts.get('Deployment cells-loligo-worker'), 'spec', 'template', 'spec');
    const args = argumentsOf(at(pod, 'containers', 0, 'args'));
    expect(Number(at(pod, 'terminationGracePeriodSeconds'))).toBeGreaterThan(Number(args[args.indexOf('--grace') + 1]));
    expect(at(parts.get('ConfigMap cells-loligo-spec'), 'data', 'spec.yaml')).toBe(read('sweeps/demo.yaml'));
    expect(String(at(parts.get('ConfigMap cells-loligo-nats'), 'data', 'nats.conf')).trim()).toBe(read('docker/nats.conf').trim());
  });

  test.for([
    ['webgpu', 'webgpu'],
    ['tfjs-gpu', 'tfjs'],
  ])(
    'gives the workers of values-%s.yaml a GPU each and their engine, and runs no server and no orchestrator',
    ([name, engine], { skip }) => {
      const parts = chart(skip, '-f', `${CHART}/values-${name}.yaml`, '--set', 'nats.url=nats://cells:4222,worker.runtimeClassName=nvidia');
      expect([...parts.keys()]).toEqual(['PodDisruptionBudget cells-loligo-worker', 'Deployment cells-loligo-worker']);
      const pod = at(parts.get('Deployment cells-loligo-worker'), 'spec', 'template', 'spec');
      expect(pod).toMatchObject({ runtimeClassName: 'nvidia', tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }] });
      expect(at(pod, 'containers', 0)).toMatchObject({
        image: `loligo-worker-${name}:0.1.0`,
        resources: { limits: { 'nvidia.com/gpu': 1 } },
      });
      const args = argumentsOf(at(pod, 'containers', 0, 'args'));
      expect(args[args.indexOf('--engine') + 1]).toBe(engine);
    },
  );

  test.each(['worker-deployment', 'orchestrator-job'])('kills no process of %s for a server that is away', (name) => {
    const template = read(`${CHART}/templates/${name}.yaml`);
    expect(/livenessProbe:\n\s*httpGet: \{ path: (\S+),/.exec(template)?.[1]).toBe('/metrics');
  });

  test('leaves the number of workers to KEDA where that is asked for', ({ skip }) => {
    const parts = chart(skip, '--set', 'autoscaling.enabled=true');
    expect(at(parts.get('Deployment cells-loligo-worker'), 'spec', 'replicas')).toBeUndefined();
    expect(at(parts.get('ScaledObject cells-loligo-worker'), 'spec', 'triggers', 0)).toMatchObject({
      type: 'metrics-api',
      metadata: { url: 'http://cells-loligo-nats:8222/jsz?accounts=true&streams=true', targetValue: '32' },
    });
  });

  test('refuses a secret in the URL, and an orchestrator without a spec', ({ skip }) => {
    tool(skip, 'helm', ['version']);
    const lint = (...more: string[]): number | null => spawnSync('helm', ['lint', CHART, ...more], { cwd: ROOT }).status;
    expect(lint(...RENDER, '--set', 'nats.enabled=false,nats.url=nats://ann:secret@nats:4222')).not.toBe(0);
    expect(lint('--kube-version', '1.31.0')).not.toBe(0);
  });
});

describe('the scripts', () => {
  test('pass shellcheck', ({ skip }) => {
    expect(tool(skip, 'shellcheck', SCRIPTS)).toBe('');
  });

  test('make passwords once, that nobody else can reach', () => {
    const folder = scratch();
    cpSync(join(ROOT, 'docker/make-secrets.sh'), join(folder, 'make-secrets.sh'));
    const make = (): void => void spawnSync('sh', [join(folder, 'make-secrets.sh')]);
    make();
    const first = ['orchestrator', 'worker'].map((user) => readFileSync(join(folder, 'secrets', `${user}_password`), 'utf8'));
    expect(new Set(first).size).toBe(2);
    for (const password of first) expect(password).toMatch(/^[0-9a-f]{48}$/);
    make();
    expect(readFileSync(join(folder, 'secrets/worker_password'), 'utf8')).toBe(first[1]);
  });

  test('make no password where there are no random bytes', () => {
    const folder = scratch();
    cpSync(join(ROOT, 'docker/make-secrets.sh'), join(folder, 'make-secrets.sh'));
    writeFileSync(join(folder, 'od'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(folder, 'od'), 0o755);
    const PATH = `${folder}:${process.env['PATH']}`;
    const { status, stderr } = spawnSync('sh', [join(folder, 'make-secrets.sh')], { encoding: 'utf8', env: { ...process.env, PATH } });
    expect([status, stderr]).toEqual([1, expect.stringContaining('no 24 random bytes')]);
    expect(readdirSync(join(folder, 'secrets'))).toEqual([]);
  });

  test('start no server without its passwords', () => {
    const folder = scratch();
    const [good, empty] = [join(folder, 'good'), join(folder, 'empty')];
    writeFileSync(good, 'sesame');
    writeFileSync(empty, '');
    writeFileSync(join(folder, 'nats-server'), '#!/bin/sh\necho "started with $WORKER_PASSWORD"\n');
    chmodSync(join(folder, 'nats-server'), 0o755);
    const start = (worker: string): string => {
      const secrets = { ORCHESTRATOR_PASSWORD_FILE: good, WORKER_PASSWORD_FILE: worker };
      const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, ...secrets };
      const { status, stdout } = spawnSync('sh', [join(ROOT, 'docker/nats-start.sh')], { encoding: 'utf8', env });
      return `${status} ${stdout.trim()}`;
    };
    expect(start(good)).toBe('0 started with "sesame"');
    expect(start(empty)).toBe('1 ');
    expect(start(join(folder, 'absent'))).toBe('1 ');
  });

  test.each(natsVersions())(
    'of SLURM train a sweep to its report in one allocation, with $name and the permissions',
    async ({ binary }) => {
      const folder = scratch();
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      // srun: what it is given, without its own options
      writeFileSync(join(bin, 'srun'), '#!/bin/bash\nwhile [[ "$1" == --* ]]; do shift; done\nexec "$@"\n');
      writeFileSync(join(bin, 'nats-server'), `#!/bin/sh\nexec ${binary} "$@"\n`);
      for (const name of ['srun', 'nats-server']) chmodSync(join(bin, name), 0o755);
      const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 2 }));
      const port = await freePort();
      const child = spawn('bash', [join(ROOT, 'docker/slurm/sweep.sh'), spec, join(folder, 'run')], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {
          ...process.env,
          PATH: [bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
          HOME: folder,
          TMPDIR: folder,
          LOLIGO: `${process.execPath} ${join(ROOT, 'dist/orchestrator/cli/main.js')}`,
          LOLIGO_DOCKER: join(ROOT, 'docker'),
          LOLIGO_NATS_PORT: String(port),
        },
      });
      let said = '';
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      await once(child, 'close');
      expect([child.exitCode, said]).toEqual([0, expect.stringContaining('report:')]);
      expect(said).toContain('drained');
      expect(existsSync(join(folder, 'run/report.html'))).toBe(true);
      expect(said).not.toMatch(/permission/i);
    },
    60_000,
  );
});

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
